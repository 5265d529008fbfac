import type { BlockSource } from '../block/blockSource.ts';
import type { ContentSignature } from '../block/contentSignature.ts';
import type { DynamicDisk } from './ldm/dynamicDisk.ts';

/** A partition of a disk, the whole disk where it has no partitions, or a volume that is made of several of them. */
export interface Volume {
  /** The number the guest knows it by, `sda1` = 1; 0 for the whole disk; from 1001 on for those made of others. */
  readonly index: number;
  /** The partition's own name (GPT only), often empty; group and name of a logical volume. */
  readonly name: string;
  readonly role: PartitionRole;
  /** GPT: the type's GUID in upper case. MBR: the type as two hexadecimal digits. None for a whole disk. */
  readonly typeId: string | undefined;
  /** The partition's GUID in upper case (GPT only), or the id of a logical volume. */
  readonly uuid: string | undefined;
  /** Where it begins on the disk; where it goes on is in `source` alone. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** The volume's bytes; reads cannot leave it. */
  readonly source: BlockSource;
  /** What its first bytes look like; undefined if unknown or not readable. A hint: opening it decides. */
  readonly content: ContentSignature | undefined;
  /** The further devices of the file system that begins here, where it lies on several. */
  readonly otherDevices?: readonly BlockSource[];
}

/** What a partition is for, by its type. */
export type PartitionRole =
  | 'data'
  | 'efi-system'
  | 'bios-boot'
  | 'microsoft-reserved'
  | 'recovery'
  | 'swap'
  | 'lvm'
  | 'raid'
  | 'unknown';

export type PartitionScheme = 'gpt' | 'mbr' | 'none';

/** What was found on a disk. What is wrong with it is told, not thrown: the rest may still be of use. */
export interface VolumeListing {
  readonly scheme: PartitionScheme;
  /** In the order of the table. */
  readonly volumes: readonly Volume[];
  /** Sentences without final stop. */
  readonly problems: readonly string[];
  /** Where Windows keeps volumes beside the partition table. */
  readonly dynamicDisk?: DynamicDisk;
}

/** What a partition table says of one partition, before anything in it was looked at. */
export interface PartitionEntry {
  readonly index: number;
  readonly name: string;
  readonly role: PartitionRole;
  readonly typeId: string;
  readonly uuid: string | undefined;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

export interface PartitionTable {
  readonly entries: readonly PartitionEntry[];
  readonly problems: readonly string[];
}
