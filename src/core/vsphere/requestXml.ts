import { fieldsOf, isPrimitive, primitives } from './schema/schema.ts';
import type { Field, OperationRow } from './schema/parseTable.ts';
import { argumentsInWireOrder } from './schema/order.ts';
import { isMoRef } from './schema/moRef.ts';
import type { MoRef } from './schema/moRef.ts';

/**
 * The content of an operation's element: `_this`, then the arguments in the order of the table. The surrounding
 * element must make urn:vim25 the default namespace and declare the prefix `xsi`.
 * @throws INVALID_INPUT for arguments that do not fit the operation
 */
export function requestXml(
  row: OperationRow,
  target: MoRef,
  args: Readonly<Record<string, unknown>>,
): string {
  return reference('_this', target) + fieldsXml(row.parameters, argumentsInWireOrder(row, args));
}

function fieldsXml(fields: readonly Field[], value: Readonly<Record<string, unknown>>): string {
  let xml = '';
  for (const field of fields) {
    const content = value[field.name];
    if (content === undefined) continue;
    for (const item of field.repeated ? (content as readonly unknown[]) : [content])
      xml += elementXml(field.name, field.type, item);
  }
  return xml;
}

function elementXml(name: string, declared: string, value: unknown): string {
  if (isMoRef(value))
    return reference(name, value, declared === 'any' ? typeAttribute('ManagedObjectReference') : '');
  if (declared !== 'any' && isPrimitive(declared)) return `<${name}>${text(value)}</${name}>`;
  if (typeof value !== 'object' || value instanceof Date)
    return `<${name}${anyAttribute(value)}>${text(value)}</${name}>`;
  const object = value as Readonly<Record<string, unknown>>;
  const named = object['_type'] as string | undefined;
  const attribute = named === undefined ? '' : typeAttribute(named);
  return `<${name}${attribute}>${fieldsXml(fieldsOf(named ?? declared), object)}</${name}>`;
}

function reference(name: string, { type, value }: MoRef, attribute = ''): string {
  return `<${name}${attribute} type="${escaped(type)}">${escaped(value)}</${name}>`;
}

function typeAttribute(type: string): string {
  return ` xsi:type="${type}"`;
}

/** The types of XML Schema live in a namespace the envelope does not declare. */
function anyAttribute(value: unknown): string {
  const type =
    value instanceof Date
      ? primitives.date
      : typeof value === 'boolean'
        ? primitives.bool
        : typeof value === 'number'
          ? numberType(value)
          : primitives.str;
  return ` xmlns:xsd="http://www.w3.org/2001/XMLSchema" xsi:type="xsd:${type}"`;
}

function numberType(value: number): string {
  if (!Number.isInteger(value)) return primitives.double;
  return Math.abs(value) < 2 ** 31 ? primitives.int : primitives.long;
}

function text(value: unknown): string {
  return escaped(value instanceof Date ? value.toISOString() : String(value));
}

const replacements: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};

/** What has no form in XML 1.0 is left out: control characters and lone surrogates, which names may hold. */
function escaped(value: string): string {
  return value
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/gu, '')
    .replace(/[&<>"\r]/g, character => replacements[character] ?? '');
}
