import { BinaryReader } from '../../../base/binaryReader.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';

/** What a member of a Linux software RAID says of its array and of itself. */
export interface MdSuperblock {
  readonly arrayId: string;
  /** As it was given, with the name of the host it was made on: `debian:0`. */
  readonly arrayName: string;
  readonly level: MdLevel;
  /** Arrangement within the level: of copies (RAID 10), of zones (RAID 0). */
  readonly layout: number;
  readonly chunkBytes: number;
  readonly diskCount: number;
  /** What is used of each member, where all give the same. */
  readonly usedBytes: number;
  /** Where the member's share lies on it. */
  readonly dataOffsetBytes: number;
  readonly dataBytes: number;
  /** The place among the members; undefined for spares, journals and those that failed. */
  readonly role: number | undefined;
  /** Counts changes: a member that is behind has left the array. */
  readonly events: number;
  /** How far a member that came later holds what it should. */
  readonly isIncomplete: boolean;
  readonly isReshaping: boolean;
  /** Writes go through a further disk first. */
  readonly hasJournal: boolean;
  /** Whether all members agreed with each other when this was written. */
  readonly isClean: boolean;
}

export type MdLevel = 'linear' | 'raid0' | 'raid1' | 'raid4' | 'raid5' | 'raid6' | 'raid10' | 'unknown';

const magic = 0xa92b_4efc;
const sectorBytes = 512;
const fixedBytes = 256;
const maxBytes = 4096;
const features = { recovering: 0x2, reshaping: 0x4, journal: 0x8 } as const;
const allInSync = 2n ** 64n - 1n;
/** Higher ones are spares, failed members and journals. */
const maxRole = 0xfffc;
const levels: ReadonlyMap<number, MdLevel> = new Map([
  [-1, 'linear'],
  [0, 'raid0'],
  [1, 'raid1'],
  [4, 'raid4'],
  [5, 'raid5'],
  [6, 'raid6'],
  [10, 'raid10'],
]);

/**
 * Reads the superblock of version 1, which lies at 4 KiB (1.2), at the start (1.1) or near the end (1.0).
 * @returns undefined if the volume is no such member
 * @throws CORRUPT_DATA if it is a damaged one
 * @see Linux, include/uapi/linux/raid/md_p.h, "struct mdp_superblock_1"
 */
export async function readMdSuperblock(
  volume: BlockSource,
  signal: AbortSignal,
): Promise<MdSuperblock | undefined> {
  const sectors = Math.floor(volume.sizeBytes / sectorBytes);
  const nearEnd = Math.floor((sectors - 16) / 8) * 8 * sectorBytes;
  for (const offsetBytes of [4096, 0, nearEnd]) {
    if (offsetBytes < 0 || offsetBytes + maxBytes > volume.sizeBytes) continue;
    const bytes = await readRange(volume, offsetBytes, maxBytes, signal);
    const reader = new BinaryReader(bytes, 'md superblock', offsetBytes);
    const isMember = reader.u32le('magic', 0) === magic && reader.u32le('version', 4) === 1;
    // A copy of the bytes elsewhere is none: it says itself where it lies.
    if (isMember && reader.u64le('own position', 144) * sectorBytes === offsetBytes) {
      return parse(reader, bytes, volume.sizeBytes);
    }
  }
  return undefined;
}

function parse(reader: BinaryReader, bytes: Uint8Array, volumeBytes: number): MdSuperblock {
  const roleCount = reader.u32le('members', 220, { max: (maxBytes - fixedBytes) / 2 });
  if (checksum(bytes, fixedBytes + 2 * roleCount) !== reader.u32le('checksum', 216)) {
    throw reader.error('the checksum does not match', 216);
  }
  const featureMap = reader.u32le('features', 8);
  const number = reader.u32le('own number', 160);
  const role = number < roleCount ? reader.u16le('role', fixedBytes + 2 * number) : maxRole + 1;
  const inSectors = (field: string, offset: number, maxSectors = Number.MAX_SAFE_INTEGER / sectorBytes) =>
    reader.u64le(field, offset, { max: maxSectors }) * sectorBytes;
  const dataOffsetBytes = inSectors('data offset', 128);
  const dataBytes = inSectors('data size', 136);
  if (dataOffsetBytes + dataBytes > volumeBytes) throw reader.error('the data leave the volume', 128);
  return {
    arrayId: Buffer.from(reader.bytes('array id', 16, 16)).toString('hex'),
    arrayName:
      Buffer.from(reader.bytes('array name', 32, 32))
        .toString('utf8')
        .split('\0', 1)[0] ?? '',
    level: levels.get(reader.i32le('level', 72)) ?? 'unknown',
    layout: reader.u32le('layout', 76),
    chunkBytes: reader.u32le('chunk size', 88, { max: 2 ** 31 / sectorBytes }) * sectorBytes,
    diskCount: reader.u32le('disks', 92, { max: maxRole }),
    usedBytes: inSectors('used size', 80),
    dataOffsetBytes,
    dataBytes,
    role: role <= maxRole ? role : undefined,
    events: reader.u64le('events', 200),
    isIncomplete: (featureMap & features.recovering) !== 0,
    isReshaping: (featureMap & features.reshaping) !== 0,
    hasJournal: (featureMap & features.journal) !== 0,
    isClean: reader.bits64le('resync offset', 208) === allInSync,
  };
}

/** The sum of all words but the checksum itself, its upper half added to the lower. */
function checksum(bytes: Uint8Array, lengthBytes: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0;
  let at = 0;
  for (; at + 4 <= lengthBytes; at += 4) if (at !== 216) sum += view.getUint32(at, true);
  if (at + 2 <= lengthBytes) sum += view.getUint16(at, true);
  return ((sum % 2 ** 32) + Math.floor(sum / 2 ** 32)) % 2 ** 32;
}
