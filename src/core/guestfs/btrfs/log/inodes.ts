import { BinaryReader } from '../../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../../base/errors.ts';
import type { NodeKind } from '../../guestFileSystem.ts';
import { kindOfMode } from '../../nodeKinds.ts';
import { keyTypes, type Key } from '../keys.ts';
import type { Item } from '../tree.ts';
import type { ChangedTree } from './changedTree.ts';

/** What replaying asks of an inode. */
export interface InodeState {
  readonly kind: NodeKind | undefined;
  readonly sizeBytes: number;
  readonly linkCount: number;
  /** 0 in a log that tells only that the inode is there. */
  readonly generation: number;
}

const inodeBytes = 160;
const fields = { generation: 0, size: 16, linkCount: 40, mode: 52 } as const;

export function inodeKey(inode: number): Key {
  return { objectId: inode, type: keyTypes.inode, offset: 0 };
}

export function parseInode({ key, bytes }: Item): InodeState {
  const reader = new BinaryReader(bytes, `Btrfs inode ${key.objectId}`);
  if (bytes.byteLength < inodeBytes) throw reader.error('it is cut');
  return {
    kind: kindOfMode(reader.u32le('mode', fields.mode)),
    sizeBytes: reader.u64le('size', fields.size),
    linkCount: reader.u32le('link count', fields.linkCount),
    generation: reader.u64le('generation', fields.generation),
  };
}

/** Undefined if there is no such inode. */
export async function findInode(
  tree: ChangedTree,
  inode: number,
  signal: AbortSignal,
): Promise<InodeState | undefined> {
  const item = await tree.find(inodeKey(inode), signal);
  return item && parseInode(item);
}

/** @throws CORRUPT_DATA if there is no such inode */
export async function changeInode(
  tree: ChangedTree,
  inode: number,
  change: (state: InodeState) => { readonly sizeBytes?: number; readonly linkCount?: number },
  signal: AbortSignal,
): Promise<void> {
  const item = await tree.find(inodeKey(inode), signal);
  if (item === undefined) throw new CorruptDataError(`the Btrfs log needs inode ${inode}, which is missing`);
  const { sizeBytes, linkCount } = change(parseInode(item));
  putInode(tree, item, { sizeBytes, linkCount });
}

/** Puts an inode as it stands in an item, but for what is given. */
export function putInode(
  tree: ChangedTree,
  { key, bytes: original }: Item,
  {
    sizeBytes,
    linkCount,
  }: { readonly sizeBytes?: number | undefined; readonly linkCount?: number | undefined },
): void {
  const bytes = Uint8Array.from(original);
  const view = new DataView(bytes.buffer);
  if (sizeBytes !== undefined) view.setBigUint64(fields.size, BigInt(sizeBytes), true);
  if (linkCount !== undefined) view.setUint32(fields.linkCount, linkCount, true);
  tree.put(key, bytes);
}
