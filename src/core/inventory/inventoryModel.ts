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
  /** Known from before the connection was lost, or kept from before the process began: as of when. Undefined once confirmed. */
  readonly asOf: Date | undefined;
  /** Names of where its files are. */
  readonly datastoreNames: readonly string[];
  /** A disk stands on a file of another VM. */
  readonly isLinkedClone: boolean;
}

/** An inventory as it was known once, to be shown until the server has told it anew. */
export interface KeptInventory {
  /** When the server was last known to have just that. */
  readonly asOf: Date;
  readonly rows: readonly InventoryRow[];
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
  /** Rows of which the server has not told everything yet. */
  readonly #recalled = new Map<string, InventoryRow>();
  #confirmation = 0;
  #currentAt: Date | undefined;
  #asOf: Date | undefined;

  /** @param detailPaths  properties of VMs that come later than the others; a VM that has one of them has all */
  constructor(rootFolder: MoRef, detailPaths: readonly string[]) {
    this.#tree = new InventoryTree(rootFolder, this.#places);
    this.#detailPaths = detailPaths;
  }

  /** VMs that the server has told of. */
  get toldCount(): number {
    return this.#toldIds().length;
  }

  /** Whether rows are there that were kept from before. */
  get isRecalled(): boolean {
    return this.#recalled.size > 0;
  }

  vmIds(): string[] {
    return [...new Set([...this.#toldIds(), ...this.#recalled.keys()])];
  }

  /** Shows these until the server has told everything of them, or told everything without them. */
  recall({ asOf, rows }: KeptInventory): void {
    for (const row of rows) this.#recalled.set(row.ref.value, { ...row, asOf });
  }

  /** When everything was last as the server had it. */
  get currentAt(): Date | undefined {
    return this.#currentAt;
  }

  /** Everything is as the server has it now. */
  noteCurrent(now: Date): void {
    this.#currentAt = now;
  }

  /** From now on the server tells everything anew; what it does not name until `confirmed` is gone. */
  beginConfirmation(now: Date): void {
    this.#confirmation += 1;
    this.#asOf = this.#currentAt ?? now;
  }

  /** Forgets the objects of the types that were not named since `beginConfirmation`. */
  confirmed(types: readonly string[]): ModelChange {
    const gone = [...this.#objects.values()].filter(
      ({ ref, confirmedIn }) =>
        confirmedIn !== this.#confirmation && types.some(type => isManagedSubtype(ref.type, type)),
    );
    for (const { ref } of gone) this.#forget(ref);
    const removed = gone.filter(({ ref }) => isVm(ref)).map(({ ref }) => ref.value);
    if (types.includes('VirtualMachine')) {
      for (const id of this.#recalled.keys()) {
        if (this.#objects.has(id)) continue;
        this.#recalled.delete(id);
        removed.push(id);
      }
    }
    return { changed: [], removed, placesChanged: gone.some(({ ref }) => !isVm(ref)) };
  }

  /** Everything was told: what was recalled counts no longer. Returns the VMs that look different for it. */
  endRecall(): ModelChange {
    const changed = [...this.#recalled.keys()];
    this.#recalled.clear();
    return { changed, removed: [], placesChanged: false };
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
        this.#leave(obj, pathsOf(obj.type));
        changed.delete(obj.value);
        if (isVm(obj)) (this.row(obj.value) === undefined ? removed : changed).add(obj.value);
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
    return this.#recalled.get(id) ?? this.#toldRow(id);
  }

  /** Every VM and template, sorted by path. */
  rows(): InventoryRow[] {
    return this.vmIds()
      .flatMap(id => this.row(id) ?? [])
      .sort((left, right) => (left.inventoryPath < right.inventoryPath ? -1 : 1));
  }

  #toldIds(): string[] {
    return [...this.#objects.values()].flatMap(({ ref }) => (isVm(ref) ? [ref.value] : []));
  }

  #toldRow(id: string): InventoryRow | undefined {
    const known = this.#objects.get(id);
    if (known === undefined || !isVm(known.ref) || !('name' in known.properties)) return undefined;
    const properties = known.properties as VmProperties;
    const summary = vmSummary({ object: known.ref, properties }, this.#tree);
    const datastores = properties.datastore ?? [];
    return {
      ...summary,
      isComplete: this.#isComplete(properties),
      asOf: known.confirmedIn === this.#confirmation ? undefined : this.#asOf,
      datastoreNames: datastores.map(({ value }) => this.#places.get(value)?.name ?? value),
      isLinkedClone:
        !summary.hasSnapshots && (summary.facts.disks ?? []).some(({ backing }) => backing.hasParent),
    };
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
    else if ('name' in properties && this.#isComplete(properties)) this.#recalled.delete(obj.value);
  }

  /** With what was asked along with it: it may come back before another filter has told that it had left. */
  #leave(ref: MoRef, paths: readonly string[]): void {
    this.#recalled.delete(ref.value);
    const known = this.#objects.get(ref.value);
    const left = Object.entries(known?.properties ?? {}).filter(([path]) => !paths.includes(path));
    if (known === undefined || left.length === 0) this.#forget(ref);
    else this.#objects.set(ref.value, { ...known, properties: Object.fromEntries(left) });
  }

  #isComplete(properties: PropertyValues): boolean {
    return this.#detailPaths.some(path => path in properties);
  }

  #forget(ref: MoRef): void {
    this.#objects.delete(ref.value);
    this.#places.delete(ref.value);
    this.#recalled.delete(ref.value);
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
