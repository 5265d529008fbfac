import { CorruptDataError } from '../../base/errors.ts';
import type { Vim } from '../vsphere/vimCaller.ts';

/** Values by the paths that were asked for, such as `config.hardware.device`. */
export type PropertyValues = Readonly<Record<string, unknown>>;

/**
 * The properties after a change. The server names either a path that was asked for, with its whole value, or one that
 * leads into it, such as `config.hardware.device[4000].connectable`, with what is different there.
 * @param paths  those that were asked for
 * @throws CORRUPT_DATA for a change that does not fit: the values are no longer what the server has
 */
export function changedProperties(
  properties: PropertyValues,
  change: Vim<'PropertyChange'>,
  paths: readonly string[],
): PropertyValues {
  const path = paths.find(candidate => isWithin(change.name, candidate));
  // A path above one that was asked for: everything below is gone, or comes in changes of its own.
  if (path === undefined) return withoutBelow(properties, change, paths);
  const steps = parsedSteps(change.name.slice(path.length));
  const { [path]: former, ...rest } = properties;
  const value = changedValue(former, steps, change);
  return value === undefined ? rest : { ...rest, [path]: value };
}

/** Either a field by its name or an element of a list by its key. */
type Step = { readonly field: string } | { readonly key: string };

function isWithin(name: string, path: string): boolean {
  return name === path || name.startsWith(`${path}.`) || name.startsWith(`${path}[`);
}

function withoutBelow(
  properties: PropertyValues,
  { name, val }: Vim<'PropertyChange'>,
  paths: readonly string[],
): PropertyValues {
  const below = paths.filter(path => isWithin(path, name));
  if (below.length === 0) throw new CorruptDataError(`the server tells of ${name}, which nobody asked for`);
  const kept = Object.entries(properties).filter(([path]) => !below.includes(path));
  const told = below
    .map(path => [path, valueAt(val, parsedSteps(path.slice(name.length)))] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries([...kept, ...told]);
}

function parsedSteps(text: string): Step[] {
  const steps: Step[] = [];
  for (const [, field, key] of text.matchAll(/\.?(\w+)|\["?([^\]"]*)"?\]/g)) {
    if (field !== undefined) steps.push({ field });
    else if (key !== undefined) steps.push({ key });
  }
  return steps;
}

function changedValue(former: unknown, steps: readonly Step[], change: Vim<'PropertyChange'>): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) {
    if (change.op === 'remove' || change.op === 'indirectRemove') return undefined;
    // Added to a list as a whole element; everything else replaces what there was.
    if (change.op === 'add' && Array.isArray(former)) return [...(former as unknown[]), change.val];
    return change.val;
  }
  if ('field' in step) {
    const object = (former ?? {}) as PropertyValues;
    const { [step.field]: old, ...others } = object;
    const value = changedValue(old, rest, change);
    return value === undefined ? others : { ...others, [step.field]: value };
  }
  const list = (former ?? []) as readonly unknown[];
  const index = list.findIndex(item => keyOf(item) === step.key);
  if (index < 0 && rest.length > 0)
    throw new CorruptDataError(`the server changes ${change.name}, which it has not told before`);
  const value = changedValue(
    list[index],
    rest,
    rest.length === 0 ? { ...change, op: elementOp(change) } : change,
  );
  const others = list.filter((_, position) => position !== index);
  if (value === undefined) return others;
  return index < 0 ? [...list, value] : list.map((item, position) => (position === index ? value : item));
}

function elementOp({ op }: Vim<'PropertyChange'>): string {
  return op === 'add' ? 'assign' : op;
}

function valueAt(value: unknown, steps: readonly Step[]): unknown {
  let at = value;
  for (const step of steps) {
    if (at === undefined || at === null) return undefined;
    at =
      'field' in step
        ? (at as PropertyValues)[step.field]
        : (at as readonly unknown[]).find(item => keyOf(item) === step.key);
  }
  return at;
}

/** Elements of lists are told apart by their key; references and plain values by themselves. */
function keyOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  const { key, value } = item as { readonly key?: unknown; readonly value?: unknown };
  return String(key ?? value);
}
