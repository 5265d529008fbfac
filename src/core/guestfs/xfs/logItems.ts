import { BinaryReader } from '../../../base/binaryReader.ts';
import type { LogItem } from './logTransactions.ts';

/** What the log can hold; anything else is refused. */
export const itemType = {
  extentFreeIntent: 0x1236,
  extentFreeDone: 0x1237,
  inode: 0x123b,
  buffer: 0x123c,
  quota: 0x123d,
  quotaOff: 0x123e,
  inodeCreate: 0x123f,
  reverseMapIntent: 0x1240,
  reverseMapDone: 0x1241,
  referenceCountIntent: 0x1242,
  referenceCountDone: 0x1243,
  mappingIntent: 0x1244,
  mappingDone: 0x1245,
  attributeIntent: 0x1246,
  attributeDone: 0x1247,
  exchangeIntent: 0x1248,
  exchangeDone: 0x1249,
} as const;

/** Free space, quotas, owners of space and attributes: nothing that is read here. */
export const itemsWithoutEffect: ReadonlySet<number> = new Set([
  itemType.extentFreeIntent,
  itemType.extentFreeDone,
  itemType.quota,
  itemType.quotaOff,
  itemType.reverseMapIntent,
  itemType.reverseMapDone,
  itemType.referenceCountIntent,
  itemType.referenceCountDone,
  itemType.attributeIntent,
  itemType.attributeDone,
]);

/** Bytes of the volume that were changed in one piece; in the units of the log, 512 bytes. */
export interface BufferItem {
  readonly firstSector: number;
  readonly sectorCount: number;
  /** The buffer was freed: what the log holds of it must not be written any more. */
  readonly isCancelled: boolean;
  /** Only the links of a list of removed inodes are in it; nothing that is read here. */
  readonly isInodeList: boolean;
  readonly isQuota: boolean;
  readonly changes: readonly { readonly offsetBytes: number; readonly bytes: Uint8Array }[];
}

const bufferFlag = { inodes: 0x1, cancel: 0x2, quotas: 0x1c } as const;
/** Changes are told by pieces of this size. */
const changeBytes = 128;

/** @throws CORRUPT_DATA if what is changed and what came with it do not fit */
export function parseBufferItem({ regions }: LogItem): BufferItem {
  const head = new BinaryReader(regions[0] ?? new Uint8Array(0), 'XFS log, buffer');
  const flags = head.u16le('flags', 4);
  const sectorCount = head.u16le('length', 6);
  const mapWords = head.u32le('map size', 16, { max: Math.floor((head.sizeBytes - 20) / 4) });
  const isChanged = (piece: number) =>
    piece < mapWords * 32 && ((head.u8('map', 20 + (piece >>> 3)) >>> (piece & 7)) & 1) !== 0;
  const changes: BufferItem['changes'][number][] = [];
  let region = 1;
  for (let piece = 0; piece < mapWords * 32;) {
    if (!isChanged(piece)) {
      piece += 1;
      continue;
    }
    let count = 1;
    while (isChanged(piece + count)) count += 1;
    const bytes = regions[region];
    if (bytes === undefined) break;
    region += 1;
    // A range that spans two parts of a large buffer comes in two regions.
    count = Math.max(1, Math.min(count, Math.floor(bytes.byteLength / changeBytes)));
    const offsetBytes = piece * changeBytes;
    const lengthBytes = count * changeBytes;
    if (bytes.byteLength < lengthBytes || offsetBytes + lengthBytes > sectorCount * 512) {
      throw head.error('a change leaves its buffer');
    }
    changes.push({ offsetBytes, bytes: bytes.subarray(0, lengthBytes) });
    piece += count;
  }
  return {
    firstSector: head.u64le('position', 8),
    sectorCount,
    isCancelled: (flags & bufferFlag.cancel) !== 0,
    isInodeList: (flags & bufferFlag.inodes) !== 0,
    isQuota: (flags & bufferFlag.quotas) !== 0,
    changes,
  };
}

/** What an inode was changed to. */
export interface InodeItem {
  readonly inode: number;
  readonly fields: number;
  /** The buffer the inode lies in. */
  readonly bufferSector: number;
  readonly bufferSectorCount: number;
  readonly offsetInBufferBytes: number;
  /** The inode without its forks, in the byte order of the guest. */
  readonly core: Uint8Array;
  readonly forks: readonly Uint8Array[];
}

const packedInodeHeadBytes = 52;

/** @throws CORRUPT_DATA */
export function parseInodeItem({ regions }: LogItem): InodeItem {
  const [headBytes, core, ...forks] = regions;
  const head = new BinaryReader(headBytes ?? new Uint8Array(0), 'XFS log, inode');
  // Guests of 32 bits write the head without four bytes of padding.
  const shift = head.sizeBytes === packedInodeHeadBytes ? 4 : 0;
  return {
    inode: head.u64le('inode', 16 - shift),
    fields: head.u32le('fields', 4),
    bufferSector: head.u64le('position', 40 - shift),
    bufferSectorCount: head.u32le('length', 48 - shift),
    offsetInBufferBytes: head.u32le('offset', 52 - shift),
    core: core ?? new Uint8Array(0),
    forks,
  };
}

/** Inodes that were made where none had been. */
export interface InodeCreateItem {
  readonly group: number;
  readonly blockInGroup: number;
  readonly inodeCount: number;
  readonly inodeBytes: number;
  readonly blockCount: number;
}

/** @throws CORRUPT_DATA */
export function parseInodeCreateItem({ regions }: LogItem): InodeCreateItem {
  const reader = new BinaryReader(regions[0] ?? new Uint8Array(0), 'XFS log, new inodes');
  return {
    group: reader.u32be('group', 4),
    blockInGroup: reader.u32be('block', 8),
    inodeCount: reader.u32be('count', 12, { min: 1, max: 4096 }),
    inodeBytes: reader.u32be('size', 16),
    blockCount: reader.u32be('length', 20, { min: 1, max: 4096 }),
  };
}

/** An intent to change the extents of inodes, or the word that it was done. */
export interface MappingItem {
  readonly id: bigint;
  readonly inodes: readonly number[];
}

const extentBytes = 32;

/** @throws CORRUPT_DATA */
export function parseMappingItem({ type, regions }: LogItem): MappingItem {
  const reader = new BinaryReader(regions[0] ?? new Uint8Array(0), 'XFS log, change of extents');
  const id = reader.bits64le('id', 8);
  if (type === itemType.exchangeIntent) {
    return { id, inodes: [reader.u64le('first inode', 16), reader.u64le('second inode', 24)] };
  }
  if (type !== itemType.mappingIntent) return { id, inodes: [] };
  const count = reader.u32le('extents', 4, { max: Math.floor((reader.sizeBytes - 16) / extentBytes) });
  const inodes = Array.from({ length: count }, (_, extent) =>
    reader.u64le('inode', 16 + extent * extentBytes),
  );
  return { id, inodes };
}
