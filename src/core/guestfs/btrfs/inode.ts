import { BinaryReader } from '../../../base/binaryReader.ts';
import type { NodeId, NodeStat, Timestamp } from '../guestFileSystem.ts';
import { kindOfMode } from '../nodeKinds.ts';
import { keyTypes } from './keys.ts';
import type { Subvolume } from './subvolumes.ts';

export interface Inode {
  readonly number: number;
  readonly subvolume: Subvolume;
  readonly stat: NodeStat;
}

const inodeBytes = 160;

/**
 * @throws CORRUPT_DATA if there is no such inode, UNSUPPORTED_FORMAT if what the log says of it makes no sense
 * @see Btrfs documentation, "On-disk Format", "INODE_ITEM"
 */
export async function readInode(
  subvolume: Subvolume,
  number: number,
  node: NodeId,
  signal: AbortSignal,
): Promise<Inode> {
  const refusal = subvolume.refused.get(number);
  if (refusal !== undefined) throw refusal;
  const item = await subvolume.tree.find({ objectId: number, type: keyTypes.inode, offset: 0 }, signal);
  const reader = new BinaryReader(item?.bytes ?? new Uint8Array(), `Btrfs inode ${number}`);
  if (item === undefined || item.bytes.byteLength < inodeBytes) throw reader.error('it is missing');
  const mode = reader.u32le('mode', 52);
  const kind = kindOfMode(mode);
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

function readTime(reader: BinaryReader, field: string, offset: number): Timestamp {
  const seconds = Number(BigInt.asIntN(64, reader.bits64le(field, offset)));
  return { seconds, nanoseconds: Math.min(reader.u32le(field, offset + 8), 999_999_999) };
}
