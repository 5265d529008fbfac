import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { ManagedObject } from '../model/managedObject.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import type { TypedValue } from '../soap/encodeResponse.ts';
import { readWanted } from './objectContent.ts';
import { selectObjects, type FilterSpec } from './selection.ts';

/** What of one object was last told to the client: each path with its value as comparable text. */
type Told = ReadonlyMap<string, string>;

export interface ObjectUpdate {
  readonly kind: 'enter' | 'modify' | 'leave';
  readonly obj: MoRef;
  readonly changeSet?: readonly PropertyChange[];
}

interface PropertyChange {
  readonly name: string;
  readonly op: 'assign';
  /** Undefined for a property that is no longer set. */
  readonly val: TypedValue | undefined;
}

/** A client's standing question, and what it was told last. */
export class PropertyFilter implements ManagedObject {
  readonly ref: MoRef;
  readonly #spec: FilterSpec;
  readonly #partialUpdates: boolean;
  readonly #told = new Map<
    string,
    { readonly obj: MoRef; readonly values: Told; readonly revision: number }
  >();

  constructor(ref: MoRef, spec: FilterSpec, partialUpdates: boolean) {
    this.ref = ref;
    this.#spec = spec;
    this.#partialUpdates = partialUpdates;
  }

  property(name: string): unknown {
    return name === 'spec' ? this.#spec : this.#partialUpdates;
  }

  /** Forgets what was told, so that the next updates begin from nothing. */
  startOver(): void {
    this.#told.clear();
  }

  /**
   * What is different from what was told last, at most `maxUpdates` objects of it; the rest comes with the next call.
   * The updates count as told.
   */
  takeUpdates(registry: ObjectRegistry, maxUpdates: number): { updates: ObjectUpdate[]; truncated: boolean } {
    const { objects } = selectObjects(registry, { ...this.#spec, reportMissingObjectsInResults: true });
    const updates: ObjectUpdate[] = [];
    let truncated = false;
    for (const object of objects) {
      const revision = registry.revisionOf(object.ref);
      if (object.tellsChanges === true && this.#told.get(object.ref.value)?.revision === revision) continue;
      const values = readWanted(object, this.#spec.propSet);
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
    const present = new Set(objects.map(object => object.ref.value));
    for (const [id, { obj }] of this.#told) {
      if (present.has(id)) continue;
      this.#told.delete(id);
      updates.push({ kind: 'leave', obj });
    }
    return { updates, truncated };
  }

  #changes(ref: MoRef, values: ReadonlyMap<string, TypedValue>, comparable: Told): PropertyChange[] {
    const told = this.#told.get(ref.value)?.values;
    const changes: PropertyChange[] = [];
    for (const [name, val] of values)
      if (told?.get(name) !== comparable.get(name)) changes.push({ name, op: 'assign', val });
    for (const name of told?.keys() ?? [])
      if (!values.has(name)) changes.push({ name, op: 'assign', val: undefined });
    return changes;
  }
}
