import { BinaryReader } from '../../../base/binaryReader.ts';
import { readRange } from '../../block/blockSource.ts';
import { crc32cU32le, crc32cWithHoles } from '../../../base/crc32c.ts';
import type { Superblock } from './superblock.ts';
import { requireInside, type Ext4Volume } from './volume.ts';

/**
 * First block of a group's inode table.
 * @throws CORRUPT_DATA if the descriptor's checksum is wrong or the table lies outside the file system
 * @see ext4 Data Structures and Algorithms, "Block Group Descriptors"
 */
export async function inodeTableOf(volume: Ext4Volume, group: number, signal: AbortSignal): Promise<number> {
  const { superblock } = volume;
  const { descriptorBytes, blockBytes, inodesPerGroup, inodeBytes } = superblock;
  const offsetBytes = descriptorOffset(superblock, group);
  const bytes = await readRange(volume.source, offsetBytes, descriptorBytes, signal);
  const reader = new BinaryReader(bytes, `ext4 group descriptor ${group}`, offsetBytes);
  if (superblock.checksumSeed !== undefined) {
    const crc = crc32cWithHoles(crc32cU32le(superblock.checksumSeed, group), bytes, [0x1e, 2]);
    if ((crc & 0xffff) !== reader.u16le('checksum', 0x1e))
      throw reader.error('the checksum does not match', 0x1e);
  }
  const high = descriptorBytes > 32 ? reader.u32le('inode table, high half', 0x28) : 0;
  const table = reader.u32le('inode table', 0x8) + high * 2 ** 32;
  requireInside(volume, table, Math.ceil((inodesPerGroup * inodeBytes) / blockBytes), `group ${group}`);
  return table;
}

/** Descriptors lie behind the superblock, or, with meta_bg, at the start of the groups they describe. */
function descriptorOffset(superblock: Superblock, group: number): number {
  const { blockBytes, descriptorBytes, firstMetaGroup, firstDataBlock, blocksPerGroup } = superblock;
  const perBlock = blockBytes / descriptorBytes;
  const index = Math.floor(group / perBlock);
  const superblockBlock = blockBytes === 1024 ? 1 : 0;
  let block = superblockBlock + 1 + index;
  if (firstMetaGroup !== undefined && index >= firstMetaGroup) {
    const describedGroup = index * perBlock;
    block =
      firstDataBlock +
      describedGroup * blocksPerGroup +
      (superblock.hasSuperblockCopy(describedGroup) ? 1 : 0);
    // With clusters, group 0 begins at block 0 even if the superblock is in block 1.
    if (index === 0 && blockBytes === 1024 && firstDataBlock === 0) block += 1;
  }
  return block * blockBytes + (group % perBlock) * descriptorBytes;
}
