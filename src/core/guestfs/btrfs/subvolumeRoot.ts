import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { StoredTree, type ItemTree } from './itemTree.ts';
import { keyTypes, maxOffset } from './keys.ts';
import { parseRoot } from './superblock.ts';
import type { Item } from './tree.ts';
import type { BtrfsVolume } from './volume.ts';

/** A subvolume as it is stored. */
export interface SubvolumeRoot {
  readonly tree: ItemTree;
  readonly rootInode: number;
}

/** @throws CORRUPT_DATA if there is no such subvolume */
export async function readSubvolumeRoot(
  volume: BtrfsVolume,
  id: number,
  signal: AbortSignal,
): Promise<SubvolumeRoot> {
  const item = await findSubvolume(volume, id, signal);
  if (item === undefined) throw new CorruptDataError(`Btrfs has no subvolume ${id}`);
  const what = `Btrfs subvolume ${id}`;
  return {
    tree: new StoredTree(volume.trees, parseRoot(item.bytes, what)),
    rootInode: new BinaryReader(item.bytes, what).u64le('root directory', 168),
  };
}

export async function findSubvolume(
  { rootTree }: BtrfsVolume,
  id: number,
  signal: AbortSignal,
): Promise<Item | undefined> {
  return await rootTree.last({ objectId: id, type: keyTypes.root, offset: maxOffset }, signal);
}
