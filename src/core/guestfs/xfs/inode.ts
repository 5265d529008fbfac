import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import type { NodeId, NodeStat, Timestamp } from '../guestFileSystem.ts';
import { kindOfMode } from '../nodeKinds.ts';
import { isChecksumRight } from './checksum.ts';
import { positionOfBlocks, type XfsVolume } from './volume.ts';

export interface Inode {
  readonly number: number;
  readonly stat: NodeStat;
  readonly format: ForkFormat;
  /** What the inode holds of its content: the content itself, its extents or the root of their tree. */
  readonly dataFork: Uint8Array;
  readonly extentCount: number;
  /** The same for its extended attributes; undefined if it has none. */
  readonly attributeFork:
    { readonly format: ForkFormat; readonly bytes: Uint8Array; readonly extentCount: number } | undefined;
  /** The content is on a device of its own, not on this volume. */
  readonly isRealtime: boolean;
}

export type ForkFormat = 'device' | 'local' | 'extents' | 'btree';

export const inodeMagic = 0x494e;
export const inodeChecksumOffset = 100;

const formats: readonly ForkFormat[] = ['device', 'local', 'extents', 'btree'];
const realtimeFlag = 0x1;
const flags2 = { bigTimes: 0x8n, largeExtentCounts: 0x10n } as const;
const billion = 1_000_000_000n;
/** Large times count nanoseconds from the smallest 32-bit second on. */
const bigTimeEpochSeconds = -(2 ** 31);

/** Bytes of an inode before its forks. */
export function inodeCoreBytes(inodeVersion: number): number {
  return inodeVersion >= 3 ? 176 : 100;
}

/** @throws CORRUPT_DATA if no such inode can exist */
export function positionOfInode(volume: XfsVolume, number: number): number {
  const { inodesPerBlockBits, inodeBytes } = volume.superblock;
  const inBlock = number % 2 ** inodesPerBlockBits;
  const block = Math.floor(number / 2 ** inodesPerBlockBits);
  return positionOfBlocks(volume, block, 1, `XFS inode ${number}`) + inBlock * inodeBytes;
}

/**
 * @throws CORRUPT_DATA if there is no such inode, it is not in use or its checksum is wrong
 * @see XFS Algorithms & Data Structures, 3rd edition, "On-disk Inode"
 */
export async function readInode(volume: XfsVolume, number: number, signal: AbortSignal): Promise<Inode> {
  const { superblock } = volume;
  const offsetBytes = positionOfInode(volume, number);
  const bytes = await readRange(volume.source, offsetBytes, superblock.inodeBytes, signal);
  const reader = new BinaryReader(bytes, `XFS inode ${number}`, offsetBytes);
  reader.u16be('magic', 0, { min: inodeMagic, max: inodeMagic });
  const version = reader.u8('version', 4, { min: superblock.isV5 ? 3 : 1, max: superblock.isV5 ? 3 : 2 });
  if (superblock.isV5) {
    if (!isChecksumRight(bytes, inodeChecksumOffset)) {
      throw reader.error('the checksum does not match', inodeChecksumOffset);
    }
    if (reader.u64be('own number', 152) !== number) throw reader.error('it calls itself another inode', 152);
  }
  const mode = reader.u16be('mode', 2);
  const kind = kindOfMode(mode);
  if (kind === undefined) throw reader.error(`mode 0${mode.toString(8)} is no kind of file`, 2);

  const more = version >= 3 ? reader.bits64be('flags 2', 120) : 0n;
  const hasBigTimes = (more & flags2.bigTimes) !== 0n;
  const time = (field: string, offset: number) => readTime(reader, field, offset, hasBigTimes);
  const coreBytes = inodeCoreBytes(version);
  const attributeOffset =
    reader.u8('attribute fork', 82, { max: (superblock.inodeBytes - coreBytes) / 8 }) * 8;
  const dataForkBytes = attributeOffset === 0 ? superblock.inodeBytes - coreBytes : attributeOffset;
  const hasLargeCounts = (more & flags2.largeExtentCounts) !== 0n;
  return {
    number,
    stat: {
      node: number as NodeId,
      kind,
      mode: mode & 0o7777,
      uid: reader.u32be('uid', 8),
      gid: reader.u32be('gid', 12),
      linkCount: version === 1 ? reader.u16be('link count', 6) : reader.u32be('link count', 16),
      sizeBytes: reader.u64be('size', 56),
      accessedAt: time('access time', 32),
      modifiedAt: time('modification time', 40),
      changedAt: time('change time', 48),
      createdAt: version >= 3 ? time('creation time', 144) : undefined,
    },
    format: formats[reader.u8('format', 5, { max: formats.length - 1 })] ?? 'device',
    dataFork: reader.bytes('data fork', coreBytes, dataForkBytes),
    extentCount: hasLargeCounts ? reader.u64be('extent count', 24) : reader.u32be('extent count', 76),
    attributeFork:
      attributeOffset === 0
        ? undefined
        : {
            format: formats[reader.u8('attribute format', 83, { max: formats.length - 1 })] ?? 'device',
            bytes: reader.bytes(
              'attribute fork',
              coreBytes + attributeOffset,
              superblock.inodeBytes - coreBytes - attributeOffset,
            ),
            extentCount: hasLargeCounts
              ? reader.u32be('attribute extent count', 76)
              : reader.u16be('attribute extent count', 80),
          },
    isRealtime: (reader.u16be('flags', 90) & realtimeFlag) !== 0,
  };
}

/** The content that lies in the inode itself. */
export function localContent(inode: Inode): Uint8Array {
  const { sizeBytes } = inode.stat;
  if (sizeBytes > inode.dataFork.byteLength) {
    throw new CorruptDataError(`XFS inode ${inode.number} cannot hold its ${sizeBytes} bytes`);
  }
  return inode.dataFork.subarray(0, sizeBytes);
}

function readTime(reader: BinaryReader, field: string, offset: number, isBig: boolean): Timestamp {
  if (isBig) {
    const value = reader.bits64be(field, offset);
    return { seconds: Number(value / billion) + bigTimeEpochSeconds, nanoseconds: Number(value % billion) };
  }
  const nanoseconds = Math.min(reader.u32be(field, offset + 4), 999_999_999);
  return { seconds: reader.i32be(field, offset), nanoseconds };
}
