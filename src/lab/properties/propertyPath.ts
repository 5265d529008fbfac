import type { Field } from '../../core/vsphere/schema/parseTable.ts';
import { fieldsOf, isPrimitive, propertiesOf } from '../../core/vsphere/schema/schema.ts';
import { isKnownTo } from '../../core/vsphere/schema/versions.ts';
import type { ManagedObject } from '../model/managedObject.ts';
import { TypedValue } from '../soap/encodeResponse.ts';
import { VimFault } from '../soap/vimFault.ts';

/**
 * The value at a property path such as `config.hardware.device[2000].backing`, where a key in brackets picks an
 * element of a list by its `key`. Undefined if anything on the way is not set.
 * @throws VimFault InvalidProperty if the schema has no such path
 */
export function readPath(object: ManagedObject, path: string): TypedValue | undefined {
  const steps = path.split('.').map(parseStep);
  let fields = propertiesOf(object.ref.type);
  let value: unknown;
  let field: Field | undefined;
  let picked = false;
  for (const [index, step] of steps.entries()) {
    if (step === undefined || (field?.repeated === true && !picked)) throw invalidProperty(path);
    field = fields.find(candidate => candidate.name === step.name);
    if (field === undefined) throw invalidProperty(path);
    value = index === 0 ? object.property(step.name) : memberOf(value, step.name);
    picked = step.key !== undefined;
    if (step.key !== undefined) {
      if (!field.repeated) throw invalidProperty(path);
      value = (value as readonly unknown[] | undefined)?.find(item => keyOf(item) === step.key);
    }
    if (index < steps.length - 1) {
      if (isPrimitive(field.type)) throw invalidProperty(path);
      fields = fieldsOf(typeOf(value) ?? field.type);
    }
  }
  if (value === undefined || field === undefined) return undefined;
  return new TypedValue(field.enumeration ?? field.type, field.repeated && !picked, value);
}

/** All properties that the version has and that are set, by name. */
export function readAll(object: ManagedObject, version: string): Map<string, TypedValue> {
  const values = new Map<string, TypedValue>();
  for (const field of propertiesOf(object.ref.type)) {
    if (!isKnownTo(version, field)) continue;
    const value = object.property(field.name);
    if (value !== undefined)
      values.set(field.name, new TypedValue(field.enumeration ?? field.type, field.repeated, value));
  }
  return values;
}

interface Step {
  readonly name: string;
  readonly key: string | undefined;
}

function parseStep(text: string): Step | undefined {
  const match = /^(\w+)(?:\["?([^\]"]*)"?\])?$/.exec(text);
  return match?.[1] === undefined ? undefined : { name: match[1], key: match[2] };
}

function memberOf(value: unknown, name: string): unknown {
  return value === undefined ? undefined : (value as Readonly<Record<string, unknown>>)[name];
}

function keyOf(item: unknown): string | undefined {
  const key = memberOf(item, 'key') ?? memberOf(item, 'value');
  return typeof key === 'string' || typeof key === 'number' ? String(key) : undefined;
}

/** The type a polymorphic value says it has. */
function typeOf(value: unknown): string | undefined {
  const named = memberOf(value, '_type');
  return typeof named === 'string' ? named : undefined;
}

function invalidProperty(path: string): VimFault {
  return new VimFault('InvalidProperty', '', { name: path });
}
