import { AppError } from '../../base/errors.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { Field, OperationRow } from '../../core/vsphere/schema/parseTable.ts';
import {
  fieldsIn,
  isDataType,
  isPrimitive,
  isSubtype,
  nearestTypeIn,
  operation,
  primitives,
  type PrimitiveName,
} from '../../core/vsphere/schema/schema.ts';
import { isKnownTo } from '../../core/vsphere/schema/versions.ts';
import { decodePrimitive } from './decodePrimitive.ts';
import { invalidRequest, VimFault } from './vimFault.ts';
import { attributeOf, childNamed, parseXml, XmlError, type XmlElement } from './xmlTree.ts';

/** A request whose every element was checked against the schema. */
export interface SoapRequest {
  readonly operation: string;
  /** The object the method is called on. */
  readonly self: MoRef;
  /** Arguments in plain form: `_type` names the type of a data object where it is not the declared one. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

const vimNamespace = 'urn:vim25';
const envelopeNamespace = 'http://schemas.xmlsoap.org/soap/envelope/';
const schemaNamespace = 'http://www.w3.org/2001/XMLSchema';
const instanceNamespace = 'http://www.w3.org/2001/XMLSchema-instance';

/**
 * What clients in the field call besides the API's own methods to read a single property. It is answered by every
 * server and described by none.
 */
const fetchOperation: OperationRow = {
  name: 'Fetch',
  parameters: [{ name: 'prop', type: 'str', optional: false, repeated: false }],
  returns: { name: 'returnval', type: 'any', optional: true, repeated: false },
};

/** @throws VimFault InvalidRequest for a method that the version of the API does not have */
export function operationNamed(name: string, version: string): OperationRow {
  if (name === 'Fetch') return fetchOperation;
  try {
    const row = operation(name);
    if (isKnownTo(version, row)) return row;
  } catch (error) {
    if (!AppError.is(error, 'UNSUPPORTED_FORMAT')) throw error;
  }
  throw invalidRequest(`Unable to resolve WSDL method name ${name}`);
}

/**
 * Reads a SOAP envelope as strictly as vCenter does: a data object is parsed with a cursor over its declared fields,
 * so that a wrong order, an unknown or missing element and xsi:nil are errors.
 * @param version  of the API; what is newer is unknown
 * @throws VimFault InvalidRequest
 */
export function decodeRequest(envelopeText: string, version: string): SoapRequest {
  const method = methodElement(envelopeText);
  const called = operationNamed(method.localName, version);
  try {
    const selfField: Field = { name: '_this', type: 'ref', optional: false, repeated: false };
    const decoded = decodeFields([selfField, ...parametersOf(called, version)], method, undefined, version);
    const { _this: self, ...parameters } = decoded;
    return { operation: called.name, self: self as MoRef, parameters };
  } catch (error) {
    throw within(error, `while parsing call information for method ${called.name}`, method);
  }
}

function parametersOf({ parameters }: OperationRow, version: string): Field[] {
  return parameters.filter(field => isKnownTo(version, field));
}

function methodElement(envelopeText: string): XmlElement {
  let envelope: XmlElement;
  try {
    envelope = parseXml(envelopeText);
  } catch (error) {
    if (error instanceof XmlError) throw invalidRequest(`XML parse error: ${error.message}`);
    throw error;
  }
  if (envelope.namespace !== envelopeNamespace || envelope.localName !== 'Envelope')
    throw invalidRequest(
      `Unexpected element tag "${envelope.localName}" seen\n\nwhile parsing SOAP envelope`,
    );
  const body = childNamed(envelope, 'Body');
  const method = body?.children[0];
  if (body?.namespace !== envelopeNamespace || method === undefined)
    throw invalidRequest('Missing SOAP body\n\nwhile parsing SOAP envelope');
  if (method.namespace !== vimNamespace)
    throw invalidRequest(`Unable to resolve WSDL namespace "${method.namespace}"\n\nwhile parsing SOAP body`);
  return method;
}

/** @param objectType  the data object being parsed, undefined for the arguments of a call */
function decodeFields(
  fields: readonly Field[],
  element: XmlElement,
  objectType: string | undefined,
  version: string,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let cursor = 0;
  for (const child of element.children) {
    const found = fields.findIndex((field, index) => index >= cursor && field.name === child.localName);
    const field = fields[found];
    if (field === undefined || child.namespace !== vimNamespace)
      throw at(`Unexpected element tag "${child.localName}" seen`, child);
    requireNoneMissing(fields.slice(cursor, found), values, objectType, child);
    const value = decodeValue(field.type, child, version);
    if (field.repeated) {
      values[field.name] = [...((values[field.name] as unknown[] | undefined) ?? []), value];
      cursor = found;
    } else {
      values[field.name] = value;
      cursor = found + 1;
    }
  }
  requireNoneMissing(fields.slice(cursor), values, objectType, element);
  if (element.text.trim() !== '') throw at(`Unexpected text "${element.text.trim()}"`, element);
  return values;
}

function requireNoneMissing(
  passed: readonly Field[],
  values: Readonly<Record<string, unknown>>,
  objectType: string | undefined,
  element: XmlElement,
): void {
  const missing = passed.find(field => !field.optional && values[field.name] === undefined);
  if (missing === undefined) return;
  if (objectType === undefined) throw at(`Missing value for non-optional parameter ${missing.name}`, element);
  throw at(`Required property ${missing.name} is missing from data object of type ${objectType}`, element);
}

function decodeValue(declared: string, element: XmlElement, version: string): unknown {
  const nil = element.attributes.find(
    attribute => attribute.namespace === instanceNamespace && attribute.localName === 'nil',
  );
  if (nil !== undefined) throw at(`Unexpected xsi:nil attribute on element "${element.localName}"`, element);
  const named = namedType(element, version);
  if (declared === 'any') {
    if (named === undefined)
      throw at(`Element "${element.localName}" of type anyType needs the attribute xsi:type`, element);
    return named.primitive === undefined
      ? { _type: named.type, ...decodeObject(named.type, element, version) }
      : decodeSimple(named.primitive, element);
  }
  if (isPrimitive(declared)) {
    if (named !== undefined && named.primitive !== declared && named.type !== primitives[declared])
      throw at(
        `Type ${named.type} of element "${element.localName}" is not ${primitives[declared]}`,
        element,
      );
    return decodeSimple(declared, element);
  }
  const actual = named?.type ?? declared;
  if (named !== undefined && (named.primitive !== undefined || !isSubtype(actual, declared)))
    throw at(`Type ${actual} of element "${element.localName}" is not derived from ${declared}`, element);
  const fields = decodeObject(actual, element, version);
  return actual === declared ? fields : { _type: actual, ...fields };
}

function decodeObject(type: string, element: XmlElement, version: string): Record<string, unknown> {
  try {
    return decodeFields(fieldsIn(version, type), element, type, version);
  } catch (error) {
    throw within(error, `while parsing serialized DataObject of type ${type}`, element);
  }
}

function decodeSimple(type: PrimitiveName, element: XmlElement): unknown {
  const child = element.children[0];
  if (child !== undefined) throw at(`Unexpected element tag "${child.localName}" seen`, child);
  if (type !== 'ref') {
    const value = decodePrimitive(type, element.text);
    if (value === undefined)
      throw at(
        `"${element.text}" of element "${element.localName}" is not a valid ${primitives[type]}`,
        element,
      );
    return value;
  }
  const managedType = attributeOf(element, 'type');
  if (managedType === undefined)
    throw at(`Reference "${element.localName}" needs the attribute type`, element);
  return { type: managedType, value: element.text.trim() } satisfies MoRef;
}

/** What xsi:type says, its prefix resolved where the element stands. */
function namedType(
  element: XmlElement,
  version: string,
): { type: string; primitive: PrimitiveName | undefined } | undefined {
  const attribute = element.attributes.find(
    candidate => candidate.namespace === instanceNamespace && candidate.localName === 'type',
  );
  if (attribute === undefined) return undefined;
  const [first = '', second] = attribute.value.split(':');
  const prefix = second === undefined ? '' : first;
  const type = second ?? first;
  // govmomi, and with it govc, never declares this prefix, and vCenters take it all the same.
  const namespace = element.resolvePrefix(prefix) ?? (prefix === 'xsd' ? schemaNamespace : undefined);
  if (namespace === schemaNamespace) {
    const primitive = primitiveNamed(type);
    if (primitive !== undefined) return { type, primitive };
  }
  if (namespace === vimNamespace) {
    if (type === primitives.ref) return { type, primitive: 'ref' };
    if (isDataType(type) && nearestTypeIn(version, type) === type) return { type, primitive: undefined };
  }
  throw at(`Unable to resolve type "${attribute.value}" of element "${element.localName}"`, element);
}

function primitiveNamed(xmlName: string): PrimitiveName | undefined {
  return (Object.keys(primitives) as PrimitiveName[]).find(
    name => primitives[name] === xmlName && name !== 'ref',
  );
}

function at(message: string, element: XmlElement): VimFault {
  return invalidRequest(`${message}\nat line ${element.line}, column ${element.column}`);
}

/** Adds a line to the trail of places that the server's message ends with. */
function within(error: unknown, place: string, element: XmlElement): unknown {
  if (!(error instanceof VimFault)) return error;
  return new VimFault(
    error.type,
    `${error.message}\n\n${place}\nat line ${element.line}, column ${element.column}`,
    error.fields,
  );
}
