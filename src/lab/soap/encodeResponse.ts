import { AppError } from '../../base/errors.ts';
import { isMoRef } from '../../core/vsphere/schema/moRef.ts';
import type { Field } from '../../core/vsphere/schema/parseTable.ts';
import {
  fieldsIn,
  fieldsOf,
  isDataType,
  isPrimitive,
  isSubtype,
  nearestTypeIn,
  primitives,
  type PrimitiveName,
} from '../../core/vsphere/schema/schema.ts';
import type { VimFault } from './vimFault.ts';
import { escapeXml } from './xmlTree.ts';

/** A value for a field of type `any` whose type the value alone does not tell, for instance a list of properties. */
export class TypedValue {
  readonly type: string;
  readonly repeated: boolean;
  readonly value: unknown;

  constructor(type: string, repeated: boolean, value: unknown) {
    this.type = type;
    this.repeated = repeated;
    this.value = value;
  }
}

/** @param version  what the client speaks; nothing newer is in the answer */
export function encodeResponse(
  operationName: string,
  returns: Field | undefined,
  value: unknown,
  version: string,
): string {
  const content = returns === undefined || value === undefined ? '' : encodeField(returns, value, version);
  return inEnvelope(`<${operationName}Response xmlns="urn:vim25">${content}</${operationName}Response>`);
}

/** The fault as HTTP 500 carries it. */
export function encodeFault(fault: VimFault, version: string): string {
  const detail = encodeObject(fault.type, fault.fields, version);
  const type = escapeXml(nearestTypeIn(version, fault.type));
  return inEnvelope(
    `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${escapeXml(fault.message)}</faultstring>` +
      `<detail><${type}Fault xmlns="urn:vim25" xsi:type="${type}">${detail}</${type}Fault></detail></soapenv:Fault>`,
  );
}

function inEnvelope(body: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"' +
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"' +
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"' +
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n' +
    `<soapenv:Body>\n${body}\n</soapenv:Body>\n</soapenv:Envelope>`
  );
}

function encodeField(field: Field, value: unknown, version: string): string {
  if (!field.repeated) return encodeElement(field.name, field.type, value, version);
  if (!Array.isArray(value)) throw unsuitable(field.name, `a list of ${field.type}`, value);
  return value.map(item => encodeElement(field.name, field.type, item, version)).join('');
}

function encodeElement(name: string, declared: string, value: unknown, version: string): string {
  if (declared === 'any') return encodeAny(name, value, version);
  if (declared === 'ref') return encodeReference(name, value, '');
  if (isPrimitive(declared)) return `<${name}>${encodePrimitive(name, declared, value)}</${name}>`;
  if (typeof value !== 'object' || value === null) throw unsuitable(name, declared, value);
  const fields = value as Readonly<Record<string, unknown>>;
  const named = fields['_type'];
  const actual = typeof named === 'string' ? named : declared;
  if (!isDataType(actual) || !isSubtype(actual, declared)) throw unsuitable(name, declared, value);
  const spoken = nearestTypeIn(version, actual);
  const type = spoken === declared ? '' : ` xsi:type="${spoken}"`;
  return `<${name}${type}>${encodeObject(actual, fields, version)}</${name}>`;
}

/** As the nearest type that the client knows, without what is newer than it. */
function encodeObject(type: string, values: Readonly<Record<string, unknown>>, version: string): string {
  const known = new Set(fieldsOf(type).map(field => field.name));
  const unknown = Object.keys(values).find(key => key !== '_type' && !known.has(key));
  if (unknown !== undefined) throw new AppError('INTERNAL', `${type} has no field ${unknown}`);
  let text = '';
  for (const field of fieldsIn(version, nearestTypeIn(version, type))) {
    const value = values[field.name];
    if (value !== undefined) text += encodeField(field, value, version);
    // A property that is no longer set is told as a change without a value, required as the field is.
    else if (!field.optional && field.type !== 'any')
      throw new AppError('INTERNAL', `${type} needs a value of ${field.name}`);
  }
  return text;
}

function encodeAny(name: string, value: unknown, version: string): string {
  if (value instanceof TypedValue) return encodeTyped(name, value, version);
  if (typeof value === 'string') return encodeTyped(name, new TypedValue('str', false, value), version);
  if (typeof value === 'boolean') return encodeTyped(name, new TypedValue('bool', false, value), version);
  if (typeof value === 'number')
    return encodeTyped(
      name,
      new TypedValue(Math.abs(value) < 2 ** 31 ? 'int' : 'long', false, value),
      version,
    );
  if (value instanceof Date) return encodeTyped(name, new TypedValue('date', false, value), version);
  if (isMoRef(value)) return encodeTyped(name, new TypedValue('ref', false, value), version);
  if (typeof value === 'object' && value !== null && '_type' in value && typeof value._type === 'string')
    return encodeTyped(name, new TypedValue(value._type, false, value), version);
  throw unsuitable(name, 'anyType', value);
}

function encodeTyped(name: string, { type, repeated, value }: TypedValue, version: string): string {
  if (repeated) {
    const xmlName = isPrimitive(type) ? primitives[type] : type;
    const arrayType = `ArrayOf${xmlName.charAt(0).toUpperCase()}${xmlName.slice(1)}`;
    const item: Field = { name: xmlName, type, optional: true, repeated: true };
    return `<${name} xsi:type="${arrayType}">${encodeField(item, value, version)}</${name}>`;
  }
  if (type === 'any') return encodeAny(name, value, version);
  // A word of an enumeration: no type of the table, and no primitive.
  if (typeof value === 'string' && !isPrimitive(type))
    return `<${name} xsi:type="${type}">${escapeXml(value)}</${name}>`;
  if (type === 'ref') return encodeReference(name, value, ' xsi:type="ManagedObjectReference"');
  if (isPrimitive(type))
    return `<${name} xsi:type="xsd:${primitives[type]}">${encodePrimitive(name, type, value)}</${name}>`;
  const fields = value as Readonly<Record<string, unknown>>;
  const actual = typeof fields['_type'] === 'string' ? fields['_type'] : type;
  const spoken = nearestTypeIn(version, actual);
  return `<${name} xsi:type="${spoken}">${encodeObject(actual, fields, version)}</${name}>`;
}

function encodeReference(name: string, value: unknown, attributes: string): string {
  if (!isMoRef(value)) throw unsuitable(name, 'a reference', value);
  return `<${name} type="${escapeXml(value.type)}"${attributes}>${escapeXml(value.value)}</${name}>`;
}

function encodePrimitive(name: string, type: PrimitiveName, value: unknown): string {
  if (type === 'date' && value instanceof Date) return value.toISOString();
  if (type === 'bool' && typeof value === 'boolean') return String(value);
  if ((type === 'str' || type === 'base64') && typeof value === 'string') return escapeXml(value);
  if (typeof value === 'number' && !['date', 'bool', 'str', 'base64'].includes(type)) return String(value);
  throw unsuitable(name, primitives[type], value);
}

function unsuitable(name: string, expected: string, value: unknown): AppError {
  return new AppError('INTERNAL', `${name} is not ${expected}: ${JSON.stringify(value)}`);
}
