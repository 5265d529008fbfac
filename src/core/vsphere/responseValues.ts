import { CorruptDataError } from '../../base/errors.ts';
import { primitiveValue } from './primitiveValue.ts';
import { fieldsOf, isDataType, isEnumeration, isPrimitive, isSubtype, primitives } from './schema/schema.ts';
import type { Field } from './schema/parseTable.ts';

/** Where the library is told to put XML attributes: its own choice, `attributes`, is also the name of an element. */
export const attributesKey = '$attributes';

/**
 * Turns what the SOAP library has parsed into plain values by the table. The library knows declared types only: it
 * leaves the fields of derived ones as text, a single element of a repeated one is not an array, and what is
 * `anyType` arrives as `{$attributes, $value}`.
 * @throws CORRUPT_DATA for text that is not of its type
 */
export function plainField(field: Field, parsed: unknown): unknown {
  const items = asArray(parsed).map(item => plainValue(field.type, item));
  return field.repeated ? items : items[0];
}

function plainValue(type: string, parsed: unknown): unknown {
  if (type === 'any') return plainAny(parsed);
  if (isPrimitive(type)) return plainPrimitive(type, parsed);
  return plainObject(type, parsed);
}

function plainObject(declared: string, parsed: unknown): Record<string, unknown> {
  const content = elements(parsed);
  const named = typeAttribute(parsed);
  const plain: Record<string, unknown> = named === undefined ? {} : { _type: named };
  const isKnown = named !== undefined && isDataType(named) && isSubtype(named, declared);
  for (const field of fieldsOf(isKnown ? named : declared)) {
    const value = content[field.name];
    if (value !== undefined) plain[field.name] = plainField(field, value);
    else if (field.repeated && !field.optional) plain[field.name] = [];
  }
  // What a newer server adds is kept as text, so that a saved configuration is complete.
  for (const [name, value] of Object.entries(content)) {
    if (!Object.hasOwn(plain, name)) plain[name] = plainUnknown(value);
  }
  return plain;
}

function plainAny(parsed: unknown): unknown {
  const named = typeAttribute(parsed);
  if (named === undefined) return plainUnknown(parsed);
  const primitive = Object.entries(primitives).find(([, xmlName]) => xmlName === named)?.[0];
  if (primitive !== undefined && primitive !== 'any') return plainPrimitive(primitive, parsed);
  if (isEnumeration(named)) return plainPrimitive('str', parsed);
  if (!isDataType(named)) return plainUnknown(parsed);
  if (!named.startsWith('ArrayOf')) return plainObject(named, parsed);
  return fieldsOf(named).flatMap(element => plainField(element, elements(parsed)[element.name] ?? []));
}

/** A value of a type the table does not know: enumerations, and what newer servers add. */
function plainUnknown(parsed: unknown): unknown {
  if (Array.isArray(parsed)) return parsed.map(plainUnknown);
  if (typeof parsed !== 'object' || parsed === null || parsed instanceof Date) return parsed ?? '';
  if ('$value' in parsed) return isReference(parsed) ? plainPrimitive('ref', parsed) : parsed.$value;
  const named = typeAttribute(parsed);
  const content = Object.entries(elements(parsed)).map(([name, value]) => [name, plainUnknown(value)]);
  return { ...(named === undefined ? {} : { _type: named }), ...Object.fromEntries(content) };
}

function plainPrimitive(type: string, parsed: unknown): unknown {
  if (type === 'ref') {
    const { type } = attributesOf(parsed);
    if (type === undefined) throw new CorruptDataError('a reference in the answer has no type');
    return { type, value: asText((parsed as { $value?: unknown }).$value) };
  }
  return primitiveValue(type, asText(simpleContent(parsed)));
}

function simpleContent(parsed: unknown): unknown {
  if (typeof parsed !== 'object' || parsed === null || parsed instanceof Date) return parsed;
  if (Object.keys(elements(parsed)).length > 0)
    throw new CorruptDataError('a simple value in the answer has children');
  return (parsed as { $value?: unknown }).$value;
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return dateText(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  throw new CorruptDataError('a simple value in the answer has children');
}

function dateText(value: Date): string {
  return Number.isNaN(value.getTime()) ? 'an invalid date' : value.toISOString();
}

function asArray(parsed: unknown): readonly unknown[] {
  return Array.isArray(parsed) ? parsed : [parsed];
}

/** The child elements; an element without any content is `null` to the library. */
function elements(parsed: unknown): Readonly<Record<string, unknown>> {
  if (typeof parsed !== 'object' || parsed === null) return {};
  return Object.fromEntries(
    Object.entries(parsed).filter(([name]) => name !== attributesKey && name !== '$value'),
  );
}

/** `xsi:type` without prefixes: servers choose both the attribute's and the type's. */
function typeAttribute(parsed: unknown): string | undefined {
  const attributes = attributesOf(parsed);
  const key = Object.keys(attributes).find(name => name.endsWith(':type'));
  return key === undefined ? undefined : attributes[key]?.split(':').at(-1);
}

function isReference(parsed: object): boolean {
  return attributesOf(parsed)['type'] !== undefined;
}

function attributesOf(parsed: unknown): Readonly<Record<string, string>> {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return {};
  return (parsed as { [attributesKey]?: Record<string, string> })[attributesKey] ?? {};
}
