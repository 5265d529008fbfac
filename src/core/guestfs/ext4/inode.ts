import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import type { NodeId, NodeKind, NodeStat, Timestamp } from '../guestFileSystem.ts';
import { kindOfMode } from '../nodeKinds.ts';
import { crc32cU32le, crc32cWithHoles } from '../../../base/crc32c.ts';
import { inodeTableOf } from './groupDescriptors.ts';
import type { Ext4Volume } from './volume.ts';

export interface Inode {
  readonly number: number;
  readonly stat: NodeStat;
  readonly flags: InodeFlags;
  /** The 60 bytes that hold the root of the block map, the target of a short link or the start of inline data. */
  readonly blockArea: Uint8Array;
  /** The inode from behind its last field on: attributes, and the rest of inline data. */
  readonly attributeArea: Uint8Array;
  /** Number of the block with further attributes; 0 if there is none. */
  readonly attributeBlock: number;
  /** Start value of the checksums of the blocks that belong to this inode; undefined where there are none. */
  readonly checksumSeed: number | undefined;
}

export interface InodeFlags {
  readonly isEncrypted: boolean;
  readonly isIndexed: boolean;
  readonly hasExtents: boolean;
  readonly hasInlineData: boolean;
}

const baseBytes = 128;
const flag = { encrypted: 0x800, indexed: 0x1000, extents: 0x8_0000, inlineData: 0x1000_0000 } as const;

/**
 * @throws CORRUPT_DATA if there is no such inode, it is not in use or its checksum is wrong
 * @see ext4 Data Structures and Algorithms, "Index Nodes"
 */
export async function readInode(volume: Ext4Volume, number: number, signal: AbortSignal): Promise<Inode> {
  const { superblock } = volume;
  const { inodesPerGroup, inodeBytes, blockBytes, inodeCount } = superblock;
  if (number < 1 || number > inodeCount) {
    throw new CorruptDataError(`ext4 inode ${number} does not exist, there are ${inodeCount}`);
  }
  const table = await inodeTableOf(volume, Math.floor((number - 1) / inodesPerGroup), signal);
  const offsetBytes = table * blockBytes + ((number - 1) % inodesPerGroup) * inodeBytes;
  const bytes = await readRange(volume.source, offsetBytes, inodeBytes, signal);
  const reader = new BinaryReader(bytes, `ext4 inode ${number}`, offsetBytes);

  const mode = reader.u16le('mode', 0x0);
  const kind = kindOfMode(mode);
  if (kind === undefined) throw reader.error(`mode 0${mode.toString(8)} is no kind of file`);
  const extraBytes =
    inodeBytes > baseBytes ? reader.u16le('extra size', 0x80, { max: inodeBytes - baseBytes }) : 0;
  const checksumSeed = inodeChecksumSeed(reader, number, superblock.checksumSeed);
  if (checksumSeed !== undefined) verifyChecksum(reader, bytes, extraBytes, checksumSeed);

  const flags = reader.u32le('flags', 0x20);
  return {
    number,
    stat: {
      node: number as NodeId,
      kind,
      mode: mode & 0o7777,
      uid: reader.u16le('uid', 0x2) + reader.u16le('uid, high half', 0x78) * 2 ** 16,
      gid: reader.u16le('gid', 0x18) + reader.u16le('gid, high half', 0x7a) * 2 ** 16,
      linkCount: reader.u16le('link count', 0x1a),
      sizeBytes: readSize(reader, kind, superblock.hasLargeDirectories),
      accessedAt: timestamp(reader, 0x8, 0x8c, extraBytes),
      changedAt: timestamp(reader, 0xc, 0x84, extraBytes),
      modifiedAt: timestamp(reader, 0x10, 0x88, extraBytes),
      createdAt: baseBytes + extraBytes >= 0x94 ? timestamp(reader, 0x90, 0x94, extraBytes) : undefined,
    },
    flags: {
      isEncrypted: (flags & flag.encrypted) !== 0,
      isIndexed: (flags & flag.indexed) !== 0,
      hasExtents: (flags & flag.extents) !== 0,
      hasInlineData: (flags & flag.inlineData) !== 0,
    },
    blockArea: reader.bytes('block map', 0x28, 60),
    attributeBlock:
      reader.u32le('attribute block', 0x68) + reader.u16le('attribute block, high half', 0x76) * 2 ** 32,
    attributeArea: bytes.subarray(Math.min(baseBytes + extraBytes, inodeBytes)),
    checksumSeed,
  };
}

/** @throws INVALID_INPUT for another kind of node, UNSUPPORTED_FORMAT if it is encrypted */
export function requireReadable(inode: Inode, kind: NodeKind): void {
  if (inode.stat.kind !== kind) {
    throw new AppError('INVALID_INPUT', `inode ${inode.number} is a ${inode.stat.kind}, not a ${kind}`);
  }
  if (inode.flags.isEncrypted) {
    throw new AppError('UNSUPPORTED_FORMAT', `inode ${inode.number} is encrypted by the guest`, {
      remedy: 'Restore the disk and open it in a guest that has the key',
    });
  }
}

function readSize(reader: BinaryReader, kind: NodeKind, hasLargeDirectories: boolean): number {
  const low = reader.u32le('size', 0x4);
  const hasHigh = kind === 'file' || (kind === 'directory' && hasLargeDirectories);
  if (!hasHigh) return low;
  return low + reader.u32le('size, high half', 0x6c, { max: 2 ** 20 - 1 }) * 2 ** 32;
}

/** Seconds are 32 bits with sign; two of the extra field's bits carry them beyond 2038, the others are nanoseconds. */
function timestamp(reader: BinaryReader, offset: number, extraOffset: number, extraBytes: number): Timestamp {
  const seconds = reader.i32le('time', offset);
  if (baseBytes + extraBytes < extraOffset + 4) return { seconds, nanoseconds: 0 };
  const extra = reader.u32le('time, extra bits', extraOffset);
  return { seconds: seconds + (extra & 3) * 2 ** 32, nanoseconds: Math.min(extra >>> 2, 999_999_999) };
}

function inodeChecksumSeed(
  reader: BinaryReader,
  number: number,
  seed: number | undefined,
): number | undefined {
  if (seed === undefined) return undefined;
  return crc32cU32le(crc32cU32le(seed, number), reader.u32le('generation', 0x64));
}

function verifyChecksum(reader: BinaryReader, bytes: Uint8Array, extraBytes: number, seed: number): void {
  const hasHigh = extraBytes >= 4;
  const low: readonly [number, number] = [0x7c, 2];
  const crc = hasHigh ? crc32cWithHoles(seed, bytes, low, [0x82, 2]) : crc32cWithHoles(seed, bytes, low);
  const stored =
    reader.u16le('checksum', 0x7c) + (hasHigh ? reader.u16le('checksum, high half', 0x82) * 2 ** 16 : 0);
  if ((hasHigh ? crc : crc & 0xffff) !== stored) throw reader.error('the checksum does not match', 0x7c);
}
