import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import {
  fieldsOf,
  isDataType,
  isPrimitive,
  isSubtype,
  type PrimitiveName,
} from '../../core/vsphere/schema/schema.ts';
import { decodePrimitive } from '../soap/decodePrimitive.ts';
import type { XmlElement } from '../soap/xmlTree.ts';

/**
 * A value of a saved inventory in plain form. Unlike a request it may hold more than the table knows, for it comes from any
 * server: fields that the table does not know are left out, and an object of an unknown type is taken for the declared one.
 * Undefined for what cannot be read.
 */
export function decodeDumped(declared: string, element: XmlElement): unknown {
  if (declared === 'any') return decodeAny(element);
  if (isPrimitive(declared))
    return declared === 'ref' ? decodeReference(element) : decodePrimitive(declared, element.text);
  const named = typeNamed(element);
  const actual = named !== undefined && isDataType(named) && isSubtype(named, declared) ? named : declared;
  const values: Record<string, unknown> = actual === declared ? {} : { _type: actual };
  for (const field of fieldsOf(actual)) {
    const found = element.children.filter(child => child.localName === field.name);
    const items = found.flatMap(child => decodeDumped(field.type, child) ?? []);
    if (items.length > 0) values[field.name] = field.repeated ? items : items[0];
  }
  return values;
}

function decodeAny(element: XmlElement): unknown {
  const named = typeNamed(element);
  if (named === undefined) return undefined;
  if (named === 'ManagedObjectReference') return decodeReference(element);
  const primitive = primitives[named];
  if (primitive !== undefined) return decodePrimitive(primitive, element.text);
  return isDataType(named) ? { _type: named, ...(decodeDumped(named, element) as object) } : undefined;
}

const primitives: Readonly<Record<string, Exclude<PrimitiveName, 'any' | 'ref'>>> = {
  string: 'str',
  int: 'int',
  long: 'long',
  short: 'short',
  byte: 'byte',
  double: 'double',
  float: 'float',
  boolean: 'bool',
  dateTime: 'date',
  base64Binary: 'base64',
};

/** `xsi:type` without its prefix; a reference has an attribute `type` without namespace besides. */
function typeNamed(element: XmlElement): string | undefined {
  return element.attributes
    .find(({ namespace, localName }) => localName === 'type' && namespace !== '')
    ?.value.replace(/^.*:/, '');
}

function decodeReference(element: XmlElement): MoRef | undefined {
  const type = element.attributes.find(
    ({ namespace, localName }) => localName === 'type' && namespace === '',
  );
  return type === undefined ? undefined : { type: type.value, value: element.text.trim() };
}
