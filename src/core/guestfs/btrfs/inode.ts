import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError } from '../../../base/errors.ts';
import type { NodeId, NodeKind, NodeStat, Timestamp } from '../guestFileSystem.ts';
import type { Subvolume } from './subvolumes.ts';
import { keyTypes, type BtrfsVolume } from './volume.ts';

export interface Inode {
  readonly number: number;
  readonly subvolume: Subvolume;
  readonly stat: NodeStat;
}

const inodeBytes = 160;
const kinds: Readonly<Record<number, NodeKind>> = {
  0x1000: 'fifo',
  0x2000: 'character-device',
  0x4000: 'directory',
  0x6000: 'block-device',
  0x8000: 'file',
  0xa000: 'symlink',
  0xc000: 'socket',
};

/**
 * @throws CORRUPT_DATA if there is no such inode
 * @see Btrfs documentation, "On-disk Format", "INODE_ITEM"
 */
export async function readInode(
  volume: BtrfsVolume,
  subvolume: Subvolume,
  number: number,
  node: NodeId,
  signal: AbortSignal,
): Promise<Inode> {
  const key = { objectId: number, type: keyTypes.inode, offset: 0 };
  const item = await volume.trees.find(subvolume.tree, key, signal);
  const reader = new BinaryReader(item?.bytes ?? new Uint8Array(), `Btrfs inode ${number}`);
  if (item === undefined || item.bytes.byteLength < inodeBytes) throw reader.error('it is missing');
  const mode = reader.u32le('mode', 52);
  const kind = kinds[mode & 0xf000];
  if (kind === undefined) throw reader.error(`mode 0${mode.toString(8)} is no kind of file`, 52);
  return {
    number,
    subvolume,
    stat: {
      node,
      kind,
      mode: mode & 0o7777,
      uid: reader.u32le('uid', 44),
      gid: reader.u32le('gid', 48),
      linkCount: reader.u32le('link count', 40),
      sizeBytes: reader.u64le('size', 16),
      accessedAt: readTime(reader, 'access time', 112),
      changedAt: readTime(reader, 'change time', 124),
      modifiedAt: readTime(reader, 'modification time', 136),
      createdAt: readTime(reader, 'creation time', 148),
    },
  };
}

/** @throws INVALID_INPUT for another kind of node */
export function requireKind({ number, stat }: Inode, kind: NodeKind): void {
  if (stat.kind === kind) return;
  throw new AppError('INVALID_INPUT', `inode ${number} is a ${stat.kind}, not a ${kind}`);
}

function readTime(reader: BinaryReader, field: string, offset: number): Timestamp {
  const seconds = Number(BigInt.asIntN(64, reader.bits64le(field, offset)));
  return { seconds, nanoseconds: Math.min(reader.u32le(field, offset + 8), 999_999_999) };
}
