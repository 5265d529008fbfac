import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { DiskPosition } from '../disk/versionedDisk.ts';
import type { DiskChain, DiskLink } from './diskChain.ts';
import type { FileHome } from './fileHome.ts';
import type { ManagedObject, PlainObject } from './managedObject.ts';
import { describeConfig, type VmConfig } from './vmConfig.ts';

export interface FrozenDisk {
  readonly chain: DiskChain;
  readonly link: DiskLink;
  readonly position: DiskPosition;
}

export interface SnapshotFacts {
  readonly id: number;
  readonly vm: MoRef;
  readonly name: string;
  readonly description: string;
  readonly createTime: Date;
  readonly powerState: string;
  readonly quiesced: boolean;
  /** Name of the file that the guest's manifest is in, in the VM's folder. */
  readonly manifestName: string | undefined;
  /** Whole path of that file, as a vCenter of version 8 tells it. */
  readonly backupManifest: string | undefined;
  readonly disks: readonly FrozenDisk[];
  /** The VM's configuration then. */
  readonly config: VmConfig;
}

/** A VM at one moment. Snapshots form trees: a VM that went back to one goes on from there. */
export class Snapshot implements ManagedObject {
  readonly ref: MoRef;
  #facts: SnapshotFacts;
  parent: Snapshot | undefined;
  readonly #siblings: readonly Snapshot[];

  /** @param all  every snapshot of the VM, this one too while it is there; the list is the VM's and changes */
  constructor(ref: MoRef, facts: SnapshotFacts, parent: Snapshot | undefined, all: readonly Snapshot[]) {
    this.ref = ref;
    this.#facts = facts;
    this.parent = parent;
    this.#siblings = all;
  }

  get facts(): SnapshotFacts {
    return this.#facts;
  }

  /** The VM's files lie elsewhere, and with them those of its snapshots. */
  moveFiles({ datastore, path }: FileHome, files: PlainObject): void {
    const { manifestName, config } = this.#facts;
    this.#facts = {
      ...this.#facts,
      backupManifest: manifestName === undefined ? undefined : `${path}${manifestName}`,
      config: { ...config, datastore, settings: { ...config.settings, files } },
    };
  }

  get children(): Snapshot[] {
    return this.#siblings.filter(({ parent }) => parent === this);
  }

  /** Itself and everything that was taken after it on its branch, each before its children. */
  get branch(): Snapshot[] {
    return [this, ...this.children.flatMap(child => child.branch)];
  }

  property(name: string): unknown {
    switch (name) {
      case 'config':
        return describeConfig(this.facts.config, this.facts.disks);
      case 'vm':
        return this.facts.vm;
      default:
        return this.children.map(child => child.ref);
    }
  }

  tree(): PlainObject {
    const { vm, name, description, id, createTime, powerState, quiesced, backupManifest } = this.facts;
    const children = this.children;
    return {
      snapshot: this.ref,
      vm,
      name,
      description,
      id,
      createTime,
      state: powerState,
      quiesced,
      backupManifest,
      childSnapshotList: children.length === 0 ? undefined : children.map(child => child.tree()),
      replaySupported: false,
    };
  }
}
