import { plainName } from '../vsphere/entityName.ts';
import { isManagedSubtype } from '../vsphere/schema/schema.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import type { Vim } from '../vsphere/vimCaller.ts';
import { hostProduct, InventoryTree, type TreeEntry } from './inventoryPath.ts';
import { vmSummary, type VmProperties, type VmSummary } from './listVirtualMachines.ts';
import { changedProperties, type PropertyValues } from './propertyChange.ts';
import { SharedValues } from './sharedValues.ts';

/** A VM as the live inventory shows it. */
export interface InventoryRow extends VmSummary {
  /** What is not read with the first look at the inventory, such as the disks, is there. */
  readonly isComplete: boolean;
  /** Known from before the connection was lost, and not yet confirmed since. */
  readonly isStale: boolean;
  /** Names of where its files are. */
  readonly datastoreNames: readonly string[];
  /** A disk stands on a file of another VM. */
  readonly isLinkedClone: boolean;
}

/** What an update has changed. */
export interface ModelChange {
  /** Ids of VMs that are new or different. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Something above the VMs is different, and with it any path. */
  readonly placesChanged: boolean;
}

interface KnownObject {
  readonly ref: MoRef;
  readonly properties: PropertyValues;
  /** The confirmation in which the server last spoke of it. */
  readonly confirmedIn: number;
}

/** The inventory of a server as the updates of its property collector tell it. */
export class InventoryModel {
  readonly #objects = new Map<string, KnownObject>();
  readonly #places = new Map<string, TreeEntry>();
  readonly #tree: InventoryTree;
  readonly #detailPaths: readonly string[];
  readonly #shared = new SharedValues();
  #confirmation = 0;

  /** @param detailPaths  properties of VMs that come later than the others; a VM that has one of them has all */
  constructor(rootFolder: MoRef, detailPaths: readonly string[]) {
    this.#tree = new InventoryTree(rootFolder, this.#places);
    this.#detailPaths = detailPaths;
  }

  get vmCount(): number {
    return this.vmIds().length;
  }

  vmIds(): string[] {
    return [...this.#objects.values()].flatMap(({ ref }) => (isVm(ref) ? [ref.value] : []));
  }

  /** From now on the server tells everything anew; what it does not name until `confirmed` is gone. */
  beginConfirmation(): void {
    this.#confirmation += 1;
  }

  /** Forgets the objects of the types that were not named since `beginConfirmation`. */
  confirmed(types: readonly string[]): ModelChange {
    const gone = [...this.#objects.values()].filter(
      ({ ref, confirmedIn }) =>
        confirmedIn !== this.#confirmation && types.some(type => isManagedSubtype(ref.type, type)),
    );
    for (const { ref } of gone) this.#forget(ref);
    return {
      changed: [],
      removed: gone.filter(({ ref }) => isVm(ref)).map(({ ref }) => ref.value),
      placesChanged: gone.some(({ ref }) => !isVm(ref)),
    };
  }

  /**
   * @param pathsOf  what was asked of objects of a type: an object that enters has only what is told of these
   * @throws CORRUPT_DATA for a change that does not fit
   */
  apply(updates: readonly Vim<'ObjectUpdate'>[], pathsOf: (type: string) => readonly string[]): ModelChange {
    const changed = new Set<string>();
    const removed = new Set<string>();
    let placesChanged = false;
    for (const update of updates) {
      const { obj } = update;
      if (!isVm(obj)) placesChanged = true;
      if (update.kind === 'leave') {
        this.#forget(obj);
        changed.delete(obj.value);
        if (isVm(obj)) removed.add(obj.value);
        continue;
      }
      this.#learn(update, pathsOf(obj.type));
      removed.delete(obj.value);
      if (isVm(obj)) changed.add(obj.value);
    }
    return { changed: [...changed], removed: [...removed], placesChanged };
  }

  /** Undefined for a VM that is not there, or of which the details have come before anything else. */
  row(id: string): InventoryRow | undefined {
    const known = this.#objects.get(id);
    if (known === undefined || !isVm(known.ref) || !('name' in known.properties)) return undefined;
    const properties = known.properties as VmProperties;
    const summary = vmSummary({ object: known.ref, properties }, this.#tree);
    const datastores = properties.datastore ?? [];
    return {
      ...summary,
      isComplete: this.#detailPaths.some(path => path in properties),
      isStale: known.confirmedIn !== this.#confirmation,
      datastoreNames: datastores.map(({ value }) => this.#places.get(value)?.name ?? value),
      isLinkedClone:
        !summary.hasSnapshots && (summary.facts.disks ?? []).some(({ backing }) => backing.hasParent),
    };
  }

  /** Every VM and template, sorted by path. */
  rows(): InventoryRow[] {
    return [...this.#objects.keys()]
      .flatMap(id => this.row(id) ?? [])
      .sort((left, right) => (left.inventoryPath < right.inventoryPath ? -1 : 1));
  }

  #learn({ kind, obj, changeSet }: Vim<'ObjectUpdate'>, paths: readonly string[]): void {
    const known = this.#objects.get(obj.value);
    // It has left already, in what another filter told.
    if (known === undefined && kind === 'modify') return;
    let properties: PropertyValues = known?.properties ?? {};
    if (kind === 'enter')
      properties = Object.fromEntries(Object.entries(properties).filter(([path]) => !paths.includes(path)));
    for (const change of changeSet ?? []) {
      const kept = { ...change, val: this.#shared.keep(change.val) };
      properties = changedProperties(properties, kept, paths);
    }
    this.#objects.set(obj.value, { ref: obj, properties, confirmedIn: this.#confirmation });
    if (!isVm(obj)) this.#places.set(obj.value, placeOf(properties));
  }

  #forget(ref: MoRef): void {
    this.#objects.delete(ref.value);
    this.#places.delete(ref.value);
  }
}

function isVm(ref: MoRef): boolean {
  return ref.type === 'VirtualMachine';
}

function placeOf(properties: PropertyValues): TreeEntry {
  return {
    name: plainName(properties['name'] as string | undefined),
    parent: (properties['parentFolder'] ?? properties['parent']) as MoRef | undefined,
    product: hostProduct(properties['summary.config.product'] as Vim<'AboutInfo'> | undefined),
  };
}
