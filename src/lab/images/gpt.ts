import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const sectorBytes = 512;
const entryBytes = 128;
const entryCount = 128;
const entrySectors = (entryBytes * entryCount) / sectorBytes;
const headerBytes = 92;

/** Sectors in front of the first partition and behind the last one that the tables need. */
const firstUsableSector = 2 + entrySectors;

export const linuxFilesystemType = '0fc63daf-8483-4772-8e79-3d69d8477de4';
export const efiSystemType = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';

export interface GptPartition {
  readonly typeGuid: string;
  readonly uniqueGuid: string;
  /** At most 36 UTF-16 units. */
  readonly name: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** What to write where: the protective MBR with the primary tables in front, the backup tables at the end. */
export interface GptTables {
  readonly front: Uint8Array;
  readonly back: Uint8Array;
  readonly backOffsetBytes: number;
}

/**
 * The partition tables of a disk of 512-byte sectors.
 * @param diskBytes  a multiple of 512
 * @see UEFI Specification, "GUID Partition Table (GPT) Disk Layout"
 */
export function gptTables(
  diskBytes: number,
  diskGuid: string,
  partitions: readonly GptPartition[],
): GptTables {
  const sectorCount = diskBytes / sectorBytes;
  const entries = new Uint8Array(entryBytes * entryCount);
  for (const [index, partition] of partitions.entries()) entries.set(entryOf(partition), index * entryBytes);
  const header = (ownSector: number, otherSector: number, entriesSector: number) =>
    headerOf({ sectorCount, ownSector, otherSector, entriesSector, diskGuid, entries });

  const front = new Uint8Array(firstUsableSector * sectorBytes);
  front.set(protectiveMbr(sectorCount));
  front.set(header(1, sectorCount - 1, 2), sectorBytes);
  front.set(entries, 2 * sectorBytes);

  const backSectors = entrySectors + 1;
  const back = new Uint8Array(backSectors * sectorBytes);
  back.set(entries);
  back.set(header(sectorCount - 1, 1, sectorCount - backSectors), entrySectors * sectorBytes);
  return { front, back, backOffsetBytes: diskBytes - back.length };
}

/** A GUID made from a name: the same name gives the same one. */
export function guidFromName(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

interface HeaderFields {
  readonly sectorCount: number;
  readonly ownSector: number;
  readonly otherSector: number;
  readonly entriesSector: number;
  readonly diskGuid: string;
  readonly entries: Uint8Array;
}

function headerOf(fields: HeaderFields): Uint8Array {
  const header = Buffer.alloc(sectorBytes);
  header.write('EFI PART', 0, 'latin1');
  header.writeUInt32LE(0x00010000, 8);
  header.writeUInt32LE(headerBytes, 12);
  header.writeBigUInt64LE(BigInt(fields.ownSector), 24);
  header.writeBigUInt64LE(BigInt(fields.otherSector), 32);
  header.writeBigUInt64LE(BigInt(firstUsableSector), 40);
  header.writeBigUInt64LE(BigInt(fields.sectorCount - entrySectors - 2), 48);
  header.set(guidBytes(fields.diskGuid), 56);
  header.writeBigUInt64LE(BigInt(fields.entriesSector), 72);
  header.writeUInt32LE(entryCount, 80);
  header.writeUInt32LE(entryBytes, 84);
  header.writeUInt32LE(crc32(fields.entries), 88);
  header.writeUInt32LE(crc32(header.subarray(0, headerBytes)), 16);
  return header;
}

function entryOf(partition: GptPartition): Uint8Array {
  const entry = Buffer.alloc(entryBytes);
  entry.set(guidBytes(partition.typeGuid), 0);
  entry.set(guidBytes(partition.uniqueGuid), 16);
  entry.writeBigUInt64LE(BigInt(partition.offsetBytes / sectorBytes), 32);
  entry.writeBigUInt64LE(BigInt((partition.offsetBytes + partition.sizeBytes) / sectorBytes - 1), 40);
  entry.write(partition.name.slice(0, 36), 56, 'utf16le');
  return entry;
}

/** One MBR partition of type EE over the whole disk, so that old programs leave it alone. */
function protectiveMbr(sectorCount: number): Uint8Array {
  const mbr = Buffer.alloc(sectorBytes);
  mbr.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446);
  mbr.writeUInt32LE(1, 454);
  mbr.writeUInt32LE(Math.min(sectorCount - 1, 0xffffffff), 458);
  mbr.set([0x55, 0xaa], 510);
  return mbr;
}

/** The first three groups are stored little-endian, the others as they are read. */
function guidBytes(guid: string): Uint8Array {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
