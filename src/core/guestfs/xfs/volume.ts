import { CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import type { Superblock } from './superblock.ts';

/** The volume with its superblock: what every reader of a structure needs. */
export interface XfsVolume {
  readonly source: BlockSource;
  readonly superblock: Superblock;
}

/**
 * Where blocks lie in bytes. A block's number consists of the number of its allocation group and its position there.
 * @throws CORRUPT_DATA if the blocks do not lie in one group of the file system
 */
export function positionOfBlocks(
  { superblock }: XfsVolume,
  block: number,
  blockCount: number,
  what: string,
): number {
  const { groupBlockBits, groupBlocks, groupCount, blockBytes } = superblock;
  const group = Math.floor(block / 2 ** groupBlockBits);
  const inGroup = block % 2 ** groupBlockBits;
  const first = group * groupBlocks + inGroup;
  const isInside =
    group < groupCount && inGroup + blockCount <= groupBlocks && first + blockCount <= superblock.blockCount;
  if (!isInside) {
    throw new CorruptDataError(`${what} points to ${blockCount} blocks at ${block}, outside the file system`);
  }
  return first * blockBytes;
}

/** @throws CORRUPT_DATA if the block lies outside the file system */
export async function readBlock(
  volume: XfsVolume,
  block: number,
  what: string,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const offsetBytes = positionOfBlocks(volume, block, 1, what);
  return await readRange(volume.source, offsetBytes, volume.superblock.blockBytes, signal);
}
