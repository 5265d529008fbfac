import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { DiskPosition } from '../disk/versionedDisk.ts';
import type { DiskChain, DiskLink } from './diskChain.ts';
import type { ManagedObject, PlainObject } from './managedObject.ts';

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
  /** The VM's configuration with disks as of the frozen links. */
  readonly describeConfig: (disks: readonly FrozenDisk[]) => PlainObject;
}

/** A VM at one moment. Snapshots of the lab form a line: there is no way back to one. */
export class Snapshot implements ManagedObject {
  readonly ref: MoRef;
  readonly facts: SnapshotFacts;
  #child: Snapshot | undefined;

  constructor(ref: MoRef, facts: SnapshotFacts) {
    this.ref = ref;
    this.facts = facts;
  }

  setChild(child: Snapshot | undefined): void {
    this.#child = child;
  }

  property(name: string): unknown {
    switch (name) {
      case 'config':
        return this.facts.describeConfig(this.facts.disks);
      case 'vm':
        return this.facts.vm;
      default:
        return this.#child === undefined ? [] : [this.#child.ref];
    }
  }

  tree(): PlainObject {
    const { vm, name, description, id, createTime, powerState, quiesced, backupManifest } = this.facts;
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
      childSnapshotList: this.#child === undefined ? undefined : [this.#child.tree()],
      replaySupported: false,
    };
  }
}
