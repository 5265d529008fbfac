import { crc32 } from 'node:zlib';
import { BinaryReader } from '../../base/binaryReader.ts';
import { AppError } from '../../base/errors.ts';
import { readRange, type BlockSource } from '../block/blockSource.ts';
import type { PartitionEntry, PartitionRole, PartitionTable } from './volume.ts';

const signature = 'EFI PART';
const sectorSizes = [512, 4096] as const;
/** 128 entries of 128 bytes are usual; this is far above any real table. */
const maxTableBytes = 4 * 1024 * 1024;

const roles: Readonly<Record<string, PartitionRole>> = {
  'C12A7328-F81F-11D2-BA4B-00A0C93EC93B': 'efi-system',
  '21686148-6449-6E6F-744E-656564454649': 'bios-boot',
  'E3C9E316-0B5C-4DB8-817D-F92DF00215AE': 'microsoft-reserved',
  'DE94BBA4-06D1-4D40-A16A-BFD50179D6AC': 'recovery',
  'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7': 'data',
  '0FC63DAF-8483-4772-8E79-3D69D8477DE4': 'data',
  '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709': 'data',
  '933AC7E1-2EB4-4F13-B844-0E14E2AEF915': 'data',
  '3B8F8425-20E0-4F3B-907F-1A25A76F98E8': 'data',
  'BC13C2FF-59E6-4262-A352-B275FD6F7172': 'data',
  '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F': 'swap',
  'E6D6D379-F507-44C2-A23C-238F2A3DF928': 'lvm',
  'A19D880F-05FC-4D3B-A006-743F0F84911E': 'raid',
};

interface GptHeader {
  readonly sectorBytes: number;
  readonly tableOffsetBytes: number;
  readonly entryCount: number;
  readonly entryBytes: number;
  readonly tableCrc: number;
}

/**
 * Reads the GUID partition table: the primary one, or the backup at the disk's end where the primary is damaged, which
 * is then reported.
 * @returns undefined if neither is valid
 * @see UEFI Specification 2.10, 5.3 "GUID Partition Table (GPT) Disk Layout"
 */
export async function readGpt(source: BlockSource, signal: AbortSignal): Promise<PartitionTable | undefined> {
  const primary = await readPrimaryGpt(source, signal);
  if (primary !== undefined) return primary;
  for (const sectorBytes of sectorSizes) {
    const lastSector = Math.floor(source.sizeBytes / sectorBytes) - 1;
    const table = await readTable(source, sectorBytes, lastSector, signal);
    if (table === undefined) continue;
    const problem = 'The primary GUID partition table is damaged; the backup at the end of the disk was used';
    return { entries: table.entries, problems: [problem, ...table.problems] };
  }
  return undefined;
}

/** The primary table alone; undefined unless its header and its entries carry their checksums. */
export async function readPrimaryGpt(
  source: BlockSource,
  signal: AbortSignal,
): Promise<PartitionTable | undefined> {
  for (const sectorBytes of sectorSizes) {
    const table = await readTable(source, sectorBytes, 1, signal);
    if (table !== undefined) return table;
  }
  return undefined;
}

async function readTable(
  source: BlockSource,
  sectorBytes: number,
  headerSector: number,
  signal: AbortSignal,
): Promise<PartitionTable | undefined> {
  const headerOffset = headerSector * sectorBytes;
  if (headerSector < 1 || headerOffset + sectorBytes > source.sizeBytes) return undefined;
  const sector = await readRange(source, headerOffset, sectorBytes, signal);
  try {
    const header = parseHeader(sector, headerSector, source.sizeBytes);
    if (header === undefined) return undefined;
    const tableBytes = header.entryCount * header.entryBytes;
    const table = await readRange(source, header.tableOffsetBytes, tableBytes, signal);
    return crc32(table) === header.tableCrc ? parseEntries(table, header, source.sizeBytes) : undefined;
  } catch (error) {
    if (AppError.is(error, 'CORRUPT_DATA')) return undefined;
    throw error;
  }
}

function parseHeader(sector: Uint8Array, headerSector: number, diskBytes: number): GptHeader | undefined {
  const reader = new BinaryReader(sector, 'GPT header', headerSector * sector.byteLength);
  if (reader.ascii('signature', 0, 8) !== signature) return undefined;
  const headerBytes = reader.u32le('header size', 12, { min: 92, max: sector.byteLength });
  const checked = new Uint8Array(reader.bytes('header', 0, headerBytes));
  checked.fill(0, 16, 20);
  if (crc32(checked) !== reader.u32le('header CRC', 16)) return undefined;
  reader.u64le('own position', 24, { min: headerSector, max: headerSector });

  const entryBytes = reader.u32le('entry size', 84, { min: 128, max: 4096 });
  const entryCount = reader.u32le('entry count', 80, { min: 1, max: Math.floor(maxTableBytes / entryBytes) });
  const lastTableSector = Math.floor((diskBytes - entryCount * entryBytes) / sector.byteLength);
  const tableSector = reader.u64le('table position', 72, { min: 1, max: lastTableSector });
  return {
    sectorBytes: sector.byteLength,
    tableOffsetBytes: tableSector * sector.byteLength,
    entryCount,
    entryBytes,
    tableCrc: reader.u32le('table CRC', 88),
  };
}

function parseEntries(table: Uint8Array, header: GptHeader, diskBytes: number): PartitionTable {
  const entries: PartitionEntry[] = [];
  const problems: string[] = [];
  const maxSector = Math.floor(diskBytes / header.sectorBytes) - 1;
  for (let slot = 0; slot < header.entryCount; slot += 1) {
    const offset = slot * header.entryBytes;
    const reader = new BinaryReader(table.subarray(offset, offset + header.entryBytes), 'GPT entry');
    const typeId = guid(reader.bytes('type', 0, 16));
    if (/^[0-]*$/.test(typeId)) continue;
    const index = slot + 1;
    const firstSector = Number(reader.bits64le('first sector', 32));
    const lastSector = Number(reader.bits64le('last sector', 40));
    if (firstSector < 1 || firstSector > lastSector || lastSector > maxSector) {
      problems.push(
        `Partition ${index} leaves the disk: sectors ${firstSector} to ${lastSector} of ${maxSector}`,
      );
      continue;
    }
    entries.push({
      index,
      name: utf16(reader.bytes('name', 56, 72)),
      role: roles[typeId] ?? 'unknown',
      typeId,
      uuid: guid(reader.bytes('id', 16, 16)),
      offsetBytes: firstSector * header.sectorBytes,
      sizeBytes: (lastSector - firstSector + 1) * header.sectorBytes,
    });
  }
  return { entries, problems };
}

/** The text of a GUID whose first three groups are stored little-endian. */
function guid(bytes: Uint8Array): string {
  const hex = (order: readonly number[]) =>
    order.map(index => (bytes[index] ?? 0).toString(16).padStart(2, '0')).join('');
  return [hex([3, 2, 1, 0]), hex([5, 4]), hex([7, 6]), hex([8, 9]), hex([10, 11, 12, 13, 14, 15])]
    .join('-')
    .toUpperCase();
}

function utf16(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf16le').split('\0', 1)[0] ?? '';
}
