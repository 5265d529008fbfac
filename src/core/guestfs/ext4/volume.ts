import { CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import type { Superblock } from './superblock.ts';

/** The volume with its superblock: what every reader of a structure needs. */
export interface Ext4Volume {
  readonly source: BlockSource;
  readonly superblock: Superblock;
}

/** A run of blocks of a file. What lies between two runs is a hole. */
export interface BlockRun {
  /** First block, counted from the file's start. */
  readonly logicalBlock: number;
  readonly blockCount: number;
  /** First block, counted from the volume's start; undefined for blocks that are reserved, but read as zeros. */
  readonly physicalBlock: number | undefined;
}

/** Blocks of a file, from `fromBlock` up to but not including `untilBlock`. */
export interface BlockRange {
  readonly fromBlock: number;
  readonly untilBlock: number;
}

/** @throws CORRUPT_DATA if the block lies outside the file system */
export async function readBlock(
  volume: Ext4Volume,
  block: number,
  what: string,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  requireInside(volume, block, 1, what);
  const { blockBytes } = volume.superblock;
  return await readRange(volume.source, block * blockBytes, blockBytes, signal);
}

/** @throws CORRUPT_DATA if the blocks do not lie in the file system, behind its start */
export function requireInside(
  volume: Ext4Volume,
  firstBlock: number,
  blockCount: number,
  what: string,
): void {
  const { firstDataBlock, blockCount: total } = volume.superblock;
  if (firstBlock > firstDataBlock && firstBlock + blockCount <= total) return;
  throw new CorruptDataError(
    `${what} points to ${blockCount} blocks at ${firstBlock}, outside the file system`,
  );
}
