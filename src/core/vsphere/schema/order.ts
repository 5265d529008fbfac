import { AppError } from '../../../base/errors.ts';
import type { Field, OperationRow } from './parseTable.ts';
import { fieldsOf, isDataType, isPrimitive, isSubtype } from './schema.ts';
import { isMoRef } from './moRef.ts';

/**
 * A value of the API in plain form. A data object is an object whose keys are its fields; `_type` names its type
 * where that is not the declared one. References are MoRefs, dates are Dates, missing fields are `undefined`.
 */
export type PlainValue = unknown;

/**
 * The same value with the keys of every data object in it in the order of the wire, `_type` first where there is
 * one. Servers read a data object with a cursor over its declared fields: a wrong order is an error to them.
 * @param where  names the value in errors, for instance "ReconfigVM_Task.spec"
 * @throws INVALID_INPUT for an unknown or missing field, for a type that does not fit, for `null`
 */
export function inWireOrder(type: string, value: PlainValue, where: string): PlainValue {
  if (value === null || value === undefined) throw invalid(`${where} has no value`);
  if (type === 'any') return anyInWireOrder(value, where);
  if (isPrimitive(type)) return checkedPrimitive(type, value, where);
  if (!isPlainObject(value)) throw invalid(`${where} is not a ${type}`);
  const actual = actualType(type, value, where);
  const ordered = orderFields(fieldsOf(actual), value, where, actual);
  return value['_type'] === undefined ? ordered : { _type: actual, ...ordered };
}

/** The arguments of an operation in the order of the wire, checked like any value; `_this` is not among them. */
export function argumentsInWireOrder(
  { name, parameters }: OperationRow,
  values: Readonly<Record<string, PlainValue>>,
): Record<string, PlainValue> {
  return orderFields(parameters, values, name, name);
}

function orderFields(
  fields: readonly Field[],
  value: Readonly<Record<string, unknown>>,
  where: string,
  owner: string,
): Record<string, unknown> {
  const ordered: Record<string, unknown> = {};
  for (const field of fields) {
    const content = value[field.name];
    if (content === undefined) {
      if (!field.optional) throw invalid(`${where}: ${owner} needs ${field.name}`);
      continue;
    }
    ordered[field.name] = fieldInWireOrder(field, content, `${where}.${field.name}`);
  }
  const known = new Set(fields.map(field => field.name));
  const unknown = Object.keys(value).find(key => key !== '_type' && !known.has(key));
  if (unknown !== undefined) throw invalid(`${where}: ${owner} has no field ${unknown}`);
  return ordered;
}

function fieldInWireOrder({ type, repeated }: Field, content: unknown, where: string): unknown {
  if (!repeated) return inWireOrder(type, content, where);
  if (!Array.isArray(content)) throw invalid(`${where} is not an array`);
  return content.map((item, index) => inWireOrder(type, item, `${where}[${index}]`));
}

function anyInWireOrder(value: unknown, where: string): unknown {
  if (typeof value !== 'object' || value instanceof Date || isMoRef(value)) return value;
  const type = isPlainObject(value) ? value['_type'] : undefined;
  if (typeof type !== 'string') throw invalid(`${where} needs _type to say what it is`);
  return inWireOrder(type, value, where);
}

function actualType(declared: string, value: Readonly<Record<string, unknown>>, where: string): string {
  const named = value['_type'];
  if (named === undefined) return declared;
  if (typeof named !== 'string') throw invalid(`${where}: _type is not a name`);
  if (!isDataType(named) || !isSubtype(named, declared))
    throw invalid(`${where}: ${named} is not a ${declared}`);
  return named;
}

function checkedPrimitive(type: string, value: unknown, where: string): unknown {
  const fits =
    type === 'str' || type === 'base64'
      ? typeof value === 'string'
      : type === 'bool'
        ? typeof value === 'boolean'
        : type === 'date'
          ? value instanceof Date
          : type === 'ref'
            ? isMoRef(value)
            : typeof value === 'number' &&
              (type === 'double' || type === 'float' || Number.isSafeInteger(value));
  if (!fits) throw invalid(`${where} is not a value of type ${type}`);
  return value;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function invalid(message: string): AppError {
  return new AppError('INVALID_INPUT', message);
}
