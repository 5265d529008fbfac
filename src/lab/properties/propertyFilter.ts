import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { ManagedObject } from '../model/managedObject.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import { TypedValue } from '../soap/encodeResponse.ts';
import { readWanted } from './objectContent.ts';
import { selectObjects, type FilterSpec, type Sees } from './selection.ts';

/** What of one object was last told to the client: each path with its value as comparable text. */
type Told = ReadonlyMap<string, string>;

export interface ObjectUpdate {
  readonly kind: 'enter' | 'modify' | 'leave';
  readonly obj: MoRef;
  readonly changeSet?: readonly PropertyChange[];
}

interface PropertyChange {
  readonly name: string;
  readonly op: 'assign' | 'add' | 'remove';
  /** Undefined for a property that is no longer set. */
  readonly val: TypedValue | undefined;
}

/** The objects of a filter as of a change of the registry, and how many of them were compared on the pages so far. */
interface Selected {
  readonly changeCount: number;
  readonly objects: readonly ManagedObject[];
  comparedCount: number;
}

/** A client's standing question, and what it was told last. */
export class PropertyFilter implements ManagedObject {
  readonly ref: MoRef;
  readonly #spec: FilterSpec;
  readonly #partialUpdates: boolean;
  readonly #version: string;
  readonly #sees: Sees;
  #selected: Selected | undefined;
  readonly #told = new Map<
    string,
    { readonly obj: MoRef; readonly values: Told; readonly revision: number }
  >();

  /** @param version  of the API, as the client spoke it when it asked */
  constructor(ref: MoRef, spec: FilterSpec, partialUpdates: boolean, version: string, sees: Sees) {
    this.ref = ref;
    this.#sees = sees;
    this.#spec = spec;
    this.#partialUpdates = partialUpdates;
    this.#version = version;
  }

  property(name: string): unknown {
    return name === 'spec' ? this.#spec : this.#partialUpdates;
  }

  /** Forgets what was told, so that the next updates begin from nothing. */
  startOver(): void {
    this.#told.clear();
    this.#selected = undefined;
  }

  /**
   * What is different from what was told last, at most `maxUpdates` objects of it; the rest comes with the next call.
   * The updates count as told.
   */
  takeUpdates(registry: ObjectRegistry, maxUpdates: number): { updates: ObjectUpdate[]; truncated: boolean } {
    const selected = this.#select(registry);
    const { objects } = selected;
    const updates: ObjectUpdate[] = [];
    let truncated = false;
    for (; selected.comparedCount < objects.length; selected.comparedCount += 1) {
      const object = objects[selected.comparedCount];
      if (object === undefined) break;
      const revision = registry.revisionOf(object.ref);
      if (object.tellsChanges === true && this.#told.get(object.ref.value)?.revision === revision) continue;
      const values = readWanted(object, this.#spec.propSet, this.#version);
      const comparable = new Map([...values].map(([path, value]) => [path, JSON.stringify(value.value)]));
      const changeSet = this.#changes(object.ref, values, comparable);
      const known = this.#told.has(object.ref.value);
      if (known && changeSet.length === 0) {
        this.#told.set(object.ref.value, { obj: object.ref, values: comparable, revision });
        continue;
      }
      if (updates.length >= maxUpdates) {
        truncated = true;
        break;
      }
      this.#told.set(object.ref.value, { obj: object.ref, values: comparable, revision });
      updates.push({
        kind: known ? 'modify' : 'enter',
        obj: object.ref,
        ...(changeSet.length > 0 && { changeSet }),
      });
    }
    if (truncated) return { updates, truncated };
    // Some objects change without saying so: the next call compares all of them again.
    selected.comparedCount = 0;
    const present = new Set(objects.map(object => object.ref.value));
    for (const [id, { obj }] of this.#told) {
      if (present.has(id)) continue;
      this.#told.delete(id);
      updates.push({ kind: 'leave', obj });
    }
    return { updates, truncated };
  }

  /** Page after page asks for the same objects while nothing happens. */
  #select(registry: ObjectRegistry): Selected {
    if (this.#selected?.changeCount !== registry.changeCount) {
      const spec = { ...this.#spec, reportMissingObjectsInResults: true };
      const { objects } = selectObjects(registry, spec, this.#sees);
      this.#selected = { changeCount: registry.changeCount, objects, comparedCount: 0 };
    }
    return this.#selected;
  }

  #changes(ref: MoRef, values: ReadonlyMap<string, TypedValue>, comparable: Told): PropertyChange[] {
    const told = this.#told.get(ref.value)?.values;
    const changes: PropertyChange[] = [];
    for (const [name, val] of values) {
      const before = told?.get(name);
      if (before === comparable.get(name)) continue;
      const parts =
        this.#partialUpdates && before !== undefined ? changedElements(name, before, val) : undefined;
      changes.push(...(parts ?? [{ name, op: 'assign' as const, val }]));
    }
    for (const name of told?.keys() ?? [])
      if (!values.has(name)) changes.push({ name, op: 'assign', val: undefined });
    return changes;
  }
}

/**
 * What is different in a list whose elements have keys, such as devices; undefined for other values.
 * @param before  the list as comparable text
 */
function changedElements(path: string, before: string, now: TypedValue): PropertyChange[] | undefined {
  const elementsNow = keyedElements(now.value);
  const elementsBefore = keyedElements(JSON.parse(before));
  if (!now.repeated || elementsNow === undefined || elementsBefore === undefined) return undefined;
  const changes: PropertyChange[] = [];
  for (const [key, element] of elementsNow) {
    const old = elementsBefore.get(key);
    const name = `${path}[${key}]`;
    const val = new TypedValue(now.type, false, element);
    if (old === undefined) changes.push({ name, op: 'add', val });
    else if (JSON.stringify(old) !== JSON.stringify(element)) changes.push({ name, op: 'assign', val });
  }
  for (const key of elementsBefore.keys())
    if (!elementsNow.has(key)) changes.push({ name: `${path}[${key}]`, op: 'remove', val: undefined });
  return changes;
}

function keyedElements(list: unknown): Map<string, unknown> | undefined {
  if (!Array.isArray(list)) return undefined;
  const elements = new Map<string, unknown>();
  for (const element of list as readonly { readonly key?: unknown }[]) {
    if (typeof element.key !== 'number' && typeof element.key !== 'string') return undefined;
    elements.set(String(element.key), element);
  }
  return elements;
}
