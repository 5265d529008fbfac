import type { Field } from './parseTable.ts';
import { fieldsOf, isPrimitive, nearestTypeIn } from './schema.ts';
import { isKnownTo } from './versions.ts';

export interface Fitted<Value> {
  readonly value: Value;
  /** What is not in the value any more, as paths such as `spec.sgxInfo.requireAttestation`. */
  readonly leftOut: readonly string[];
}

/**
 * A data object, or the arguments of an operation, without what a server of the version does not know: it would refuse
 * the whole of it. Of a list those elements are left out whose type is newer.
 * @param fields  of the outermost object
 * @param where   names it in the paths
 */
export function fittedTo<Value extends object>(
  version: string,
  fields: readonly Field[],
  value: Value,
  where: string,
): Fitted<Value> {
  const leftOut: string[] = [];
  const fitted = fittedFields(version, fields, value as Readonly<Record<string, unknown>>, where, leftOut);
  return { value: fitted as Value, leftOut };
}

function fittedFields(
  version: string,
  fields: readonly Field[],
  value: Readonly<Record<string, unknown>>,
  where: string,
  leftOut: string[],
): Record<string, unknown> {
  const fitted = { ...value };
  for (const field of fields) {
    const content = value[field.name];
    if (content === undefined) continue;
    const path = where === '' ? field.name : `${where}.${field.name}`;
    const items = field.repeated && Array.isArray(content) ? (content as readonly unknown[]) : [content];
    const kept = isKnownTo(version, field)
      ? items.flatMap((item, index) => {
          const itemPath = field.repeated ? `${path}[${index}]` : path;
          return fittedValue(version, field.type, item, itemPath, leftOut) ?? [];
        })
      : [];
    if (!isKnownTo(version, field)) leftOut.push(path);
    fitted[field.name] = field.repeated && kept.length > 0 ? kept : kept[0];
  }
  return fitted;
}

/** Undefined for an object whose type is newer. */
function fittedValue(
  version: string,
  declared: string,
  value: unknown,
  where: string,
  leftOut: string[],
): unknown {
  if (isPrimitive(declared) || typeof value !== 'object' || value === null) return value;
  const object = value as Readonly<Record<string, unknown>>;
  const type = typeof object['_type'] === 'string' ? object['_type'] : declared;
  if (nearestTypeIn(version, type) === type)
    return fittedFields(version, fieldsOf(type), object, where, leftOut);
  leftOut.push(where);
  return undefined;
}
