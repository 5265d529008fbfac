import { GiB, MiB } from '../../base/units.ts';
import type { Extent } from '../../core/block/extent.ts';
import type { DiskBase } from '../disk/versionedDisk.ts';
import type { ImageFile } from './imageFiles.ts';

/** How much there is in the lab: `full` needs e2fsprogs and a minute once, `small` nothing. */
export type Profile = 'full' | 'small';

/** A disk of a simulated guest as it is before the guest has written anything. */
export interface GuestDisk extends DiskBase {
  /** Where the guest's activity goes: the blocks of one file, in bytes of the disk, in the order of the file. */
  readonly activity: readonly Extent[];
  /** What the file system holds, folders before what is in them; places are those of the disk. */
  readonly files: readonly ImageFile[];
}

export interface GuestDiskPlan {
  readonly guest: string;
  /** Names the image and the partition, for instance "db01-data". */
  readonly name: string;
  readonly sizeBytes: Readonly<Record<Profile, number>>;
  /** What the full profile copies from this machine. */
  readonly content: GuestContent;
}

export interface GuestContent {
  /** Folders and files of this machine, absolute. What is not there is left out. */
  readonly sources: readonly string[];
  /** Copying ends before the sum of the files' sizes exceeds this. */
  readonly maxBytes: number;
  readonly activityBytes: number;
}

/** Everywhere in images and plans: where the one file system begins. */
export const partitionOffsetBytes = MiB;

export const guestDiskPlans: readonly GuestDiskPlan[] = [
  {
    guest: 'web01',
    name: 'web01',
    sizeBytes: { full: 2 * GiB, small: 64 * MiB },
    content: { sources: ['/usr/share', '/etc'], maxBytes: 160 * MiB, activityBytes: 64 * MiB },
  },
  {
    guest: 'db01',
    name: 'db01-system',
    sizeBytes: { full: GiB, small: 64 * MiB },
    content: { sources: ['/etc', '/usr/share/doc'], maxBytes: 80 * MiB, activityBytes: 64 * MiB },
  },
  {
    guest: 'db01',
    name: 'db01-data',
    sizeBytes: { full: 2 * GiB, small: 96 * MiB },
    content: {
      sources: ['/usr/lib/python3', '/usr/share/perl'],
      maxBytes: 120 * MiB,
      activityBytes: 64 * MiB,
    },
  },
  {
    guest: 'build01',
    name: 'build01',
    sizeBytes: { full: 3 * GiB, small: 128 * MiB },
    content: { sources: ['/usr/lib', '/usr/bin'], maxBytes: 400 * MiB, activityBytes: 64 * MiB },
  },
  {
    guest: 'archive01',
    name: 'archive01',
    sizeBytes: { full: 64 * GiB, small: GiB },
    content: { sources: ['/usr/share/doc'], maxBytes: 40 * MiB, activityBytes: 16 * MiB },
  },
];
