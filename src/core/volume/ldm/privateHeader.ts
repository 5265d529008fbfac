import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';

/** What a dynamic disk of Windows says of itself. Sectors are of 512 bytes. */
export interface PrivateHeader {
  /** In lower case. */
  readonly diskId: string;
  readonly groupId: string;
  /** From where on the starts of partitions are counted. */
  readonly dataStartBytes: number;
  readonly dataBytes: number;
  /** The database of its group. */
  readonly databaseStartBytes: number;
  readonly databaseBytes: number;
}

const sectorBytes = 512;
const magic = 'PRIVHEAD';
const version = { major: 2, minors: [11, 12] } as const;
/** A megabyte, as Windows makes it; this is far above any. */
const maxDatabaseBytes = 16 * 1024 * 1024;

/**
 * Reads the private header at one of its places.
 * @returns undefined if none of them has it
 * @throws CORRUPT_DATA, UNSUPPORTED_FORMAT for a version that is not known
 * @see Linux, Documentation/admin-guide/ldm.rst and block/partitions/ldm.h, "struct privhead"
 */
export async function readPrivateHeader(
  disk: BlockSource,
  offsetsBytes: readonly number[],
  signal: AbortSignal,
): Promise<PrivateHeader | undefined> {
  for (const offsetBytes of offsetsBytes) {
    if (offsetBytes < 0 || offsetBytes + sectorBytes > disk.sizeBytes) continue;
    const bytes = await readRange(disk, offsetBytes, sectorBytes, signal);
    const reader = new BinaryReader(bytes, 'header of a dynamic disk', offsetBytes);
    if (reader.ascii('magic', 0, 8) === magic) return parse(reader, disk.sizeBytes);
  }
  return undefined;
}

function parse(reader: BinaryReader, diskBytes: number): PrivateHeader {
  const [major, minor] = [reader.u16be('version', 12), reader.u16be('version', 14)];
  if (major !== version.major || !version.minors.some(known => known === minor)) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `The dynamic disk cannot be read: its database is of version ${major}.${minor}`,
    );
  }
  const diskSectors = Math.floor(diskBytes / sectorBytes);
  const sectors = (field: string, offset: number, max = diskSectors) =>
    reader.u64be(field, offset, { max }) * sectorBytes;
  const header = {
    diskId: text(reader, 'disk id', 0x30, 64).toLowerCase(),
    groupId: text(reader, 'group id', 0xb0, 64).toLowerCase(),
    dataStartBytes: sectors('start of data', 0x11b),
    dataBytes: sectors('size of data', 0x123),
    databaseStartBytes: sectors('start of the database', 0x12b),
    databaseBytes: sectors('size of the database', 0x133, maxDatabaseBytes / sectorBytes),
  };
  if (
    header.dataStartBytes + header.dataBytes > diskBytes ||
    header.databaseStartBytes + header.databaseBytes > diskBytes
  ) {
    throw reader.error('what it describes leaves the disk');
  }
  return header;
}

function text(reader: BinaryReader, field: string, offset: number, lengthBytes: number): string {
  return reader.ascii(field, offset, lengthBytes).split('\0', 1)[0] ?? '';
}
