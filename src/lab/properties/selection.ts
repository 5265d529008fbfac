import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { isManagedSubtype } from '../../core/vsphere/schema/schema.ts';
import type { ManagedObject } from '../model/managedObject.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import { invalidArgument, managedObjectNotFound, noPermission } from '../soap/vimFault.ts';
import { readPath } from './propertyPath.ts';

/** What a filter asks for, as it comes from the client. */
export interface FilterSpec {
  readonly propSet: readonly PropertySpec[];
  readonly objectSet: readonly ObjectSpec[];
  readonly reportMissingObjectsInResults?: boolean;
}

export interface PropertySpec {
  readonly type: string;
  readonly all?: boolean;
  readonly pathSet?: readonly string[];
}

interface ObjectSpec {
  readonly obj: MoRef;
  readonly skip?: boolean;
  readonly selectSet?: readonly SelectionSpec[];
}

/** Either a traversal, or with the name alone a reference to one of that name. */
interface SelectionSpec {
  readonly _type?: string;
  readonly name?: string;
  readonly type?: string;
  readonly path?: string;
  readonly skip?: boolean;
  readonly selectSet?: readonly SelectionSpec[];
}

export interface Selection {
  /** Each object once, in the order in which it was reached. */
  readonly objects: readonly ManagedObject[];
  /** Starting points that are gone, or may not be seen. */
  readonly missing: readonly MoRef[];
}

/** Whether whoever asks may see an object. */
export type Sees = (ref: MoRef) => boolean;

/**
 * Follows the traversals of a filter from its starting points, past nothing that may not be seen.
 * @throws VimFault NoPermission if a starting point may not be seen; ManagedObjectNotFound if a starting point is gone and the filter does not want that reported
 */
export function selectObjects(registry: ObjectRegistry, spec: FilterSpec, sees: Sees): Selection {
  const objects = new Map<string, ManagedObject>();
  const missing: MoRef[] = [];
  for (const start of spec.objectSet) {
    const object = registry.find(start.obj);
    if (object === undefined || !sees(object.ref)) {
      if (spec.reportMissingObjectsInResults !== true)
        throw object === undefined
          ? managedObjectNotFound(start.obj)
          : noPermission(object.ref, 'System.View');
      missing.push(start.obj);
      continue;
    }
    const walk = new Walk(registry, sees, namedTraversals(start.selectSet ?? []), objects);
    if (start.skip !== true) objects.set(object.ref.value, object);
    walk.follow(object, start.selectSet ?? []);
  }
  return { objects: [...objects.values()].filter(object => isWanted(object, spec.propSet)), missing };
}

function isWanted(object: ManagedObject, propSet: readonly PropertySpec[]): boolean {
  return propSet.some(wanted => isManagedSubtype(object.ref.type, wanted.type));
}

class Walk {
  readonly #registry: ObjectRegistry;
  readonly #sees: Sees;
  readonly #traversals: ReadonlyMap<string, SelectionSpec>;
  readonly #reached: Map<string, ManagedObject>;
  /** A traversal is followed from an object once; folders refer to themselves by name to descend. */
  readonly #followed = new Map<SelectionSpec, Set<string>>();

  constructor(
    registry: ObjectRegistry,
    sees: Sees,
    traversals: ReadonlyMap<string, SelectionSpec>,
    reached: Map<string, ManagedObject>,
  ) {
    this.#registry = registry;
    this.#sees = sees;
    this.#traversals = traversals;
    this.#reached = reached;
  }

  follow(object: ManagedObject, selectSet: readonly SelectionSpec[]): void {
    for (const selection of selectSet) {
      const traversal = selection._type === 'TraversalSpec' ? selection : this.#named(selection.name);
      if (!isManagedSubtype(object.ref.type, traversal.type ?? '')) continue;
      const followed = this.#followed.get(traversal) ?? new Set();
      this.#followed.set(traversal, followed);
      if (followed.has(object.ref.value)) continue;
      followed.add(object.ref.value);
      for (const ref of referencesAt(object, traversal.path ?? '')) {
        const next = this.#registry.find(ref);
        if (next === undefined || !this.#sees(ref)) continue;
        if (traversal.skip !== true) this.#reached.set(ref.value, next);
        this.follow(next, traversal.selectSet ?? []);
      }
    }
  }

  #named(name: string | undefined): SelectionSpec {
    const traversal = this.#traversals.get(name ?? '');
    if (traversal === undefined) throw invalidArgument('specSet.objectSet.selectSet.name');
    return traversal;
  }
}

function namedTraversals(selectSet: readonly SelectionSpec[]): Map<string, SelectionSpec> {
  const found = new Map<string, SelectionSpec>();
  for (const selection of selectSet) {
    if (selection._type !== 'TraversalSpec') continue;
    if (selection.name !== undefined) found.set(selection.name, selection);
    for (const [name, inner] of namedTraversals(selection.selectSet ?? [])) found.set(name, inner);
  }
  return found;
}

function referencesAt(object: ManagedObject, path: string): readonly MoRef[] {
  const value = readPath(object, path)?.value;
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly MoRef[]) : [value as MoRef];
}
