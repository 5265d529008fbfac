import type { Clock } from '../../base/clock.ts';
import type { Faults } from '../control.ts';
import { partitionSizeBytes } from '../images/diskImage.ts';
import type { DiskChain } from '../model/diskChain.ts';
import type { PlainObject } from '../model/managedObject.ts';
import type { Mount } from './fileTree.ts';
import { GuestFiles } from './guestFiles.ts';

/** Of a partition, what its file system can hold. */
const usableShare = 0.95;

/** What runs in a VM, as far as guest operations see it. */
export class LabGuest {
  readonly files: GuestFiles;
  readonly #faults: Faults;

  constructor(
    mounts: readonly Mount[],
    { clock, faults }: { readonly clock: Clock; readonly faults: Faults },
  ) {
    this.files = new GuestFiles(mounts, clock);
    this.#faults = faults;
  }

  freeBytes(vmName: string): number {
    return Math.min(this.files.freeBytes, this.#faults.guestFreeBytes[vmName] ?? Infinity);
  }

  /** The file system on a disk, as VMware Tools tell of it. */
  describeDisk(vmName: string, { key, content }: DiskChain): PlainObject[] {
    const mount = this.files.mounts.find(({ disk }) => disk === content);
    if (mount === undefined) return [];
    return [
      {
        diskPath: mount.path,
        capacity: Math.max(0, Math.floor(partitionSizeBytes(content.sizeBytes) * usableShare)),
        freeSpace: this.freeBytes(vmName),
        filesystemType: 'ext4',
        mappings: [{ key }],
      },
    ];
  }
}
