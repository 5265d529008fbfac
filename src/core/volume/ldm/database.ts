import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import type { PrivateHeader } from './privateHeader.ts';
import { parseRecord, type LdmRecord } from './records.ts';

/** The database that every dynamic disk of a group has a copy of. */
export interface LdmDatabase {
  readonly groupName: string;
  /** Grows with every change: the copy with the highest number counts. */
  readonly sequence: number;
  readonly records: readonly LdmRecord[];
}

const sectorBytes = 512;
/** The table of contents, at the beginning and once more at the end of the database. */
const contentsSectors = [1, 2, 2045, 2046];
const version = { major: 4, minor: 10 } as const;
const committed = 1;
const recordHeadBytes = 16;

/**
 * Reads the database of a disk.
 * @throws CORRUPT_DATA; UNSUPPORTED_FORMAT for a version that is not known, or while it was being changed
 * @see Linux, Documentation/admin-guide/ldm.rst and block/partitions/ldm.h, "struct vmdb", "struct vblk_head"
 */
export async function readDatabase(
  disk: BlockSource,
  { databaseStartBytes, databaseBytes }: PrivateHeader,
  signal: AbortSignal,
): Promise<LdmDatabase> {
  const bytes = await readRange(disk, databaseStartBytes, databaseBytes, signal);
  const database = new BinaryReader(bytes, 'database of dynamic disks', databaseStartBytes);
  const start = findConfiguration(database);
  const reader = new BinaryReader(
    bytes.subarray(start),
    'database of dynamic disks',
    databaseStartBytes + start,
  );
  if (reader.ascii('magic', 0, 4) !== 'VMDB') throw reader.error('it does not begin as one');
  const [major, minor] = [reader.u16be('version', 0x12), reader.u16be('version', 0x14)];
  if (major !== version.major || minor !== version.minor)
    throw unsupported(`it is of version ${major}.${minor}`);
  if (reader.u16be('state', 0x10) !== committed) throw unsupported('it was being changed');
  return {
    groupName: reader.ascii('group', 0x16, 31).split('\0', 1)[0] ?? '',
    sequence: reader.u64be('sequence', 0x75),
    records: readRecords(reader),
  };
}

function findConfiguration(database: BinaryReader): number {
  for (const sector of contentsSectors) {
    const offset = sector * sectorBytes;
    if (offset + sectorBytes > database.sizeBytes) continue;
    if (database.ascii('table of contents', offset, 8) !== 'TOCBLOCK') continue;
    if (!database.ascii('area', offset + 0x24, 8).startsWith('config')) continue;
    const maxSector = Math.floor(database.sizeBytes / sectorBytes) - 1;
    return database.u64be('configuration', offset + 0x2e, { max: maxSector }) * sectorBytes;
  }
  throw new CorruptDataError('the database of dynamic disks has no table of contents');
}

/** How many records of each kind there are, as the head says. */
const counts = { volume: 0x85, component: 0x89, partition: 0x8d, disk: 0x91 } as const;

/** Records follow each other; those longer than their places go on in others of the same group. */
function readRecords(reader: BinaryReader): LdmRecord[] {
  const placeBytes = reader.u32be('size of records', 8, { min: 64, max: sectorBytes });
  const firstOffset = reader.u32be('first record', 12, { min: sectorBytes, max: reader.sizeBytes });
  const maxCount = Math.floor(reader.sizeBytes / placeBytes);
  const fragments = new Map<number, (Uint8Array | undefined)[]>();
  const records: LdmRecord[] = [];
  for (let offset = firstOffset; offset + placeBytes <= reader.sizeBytes; offset += placeBytes) {
    if (reader.ascii('record', offset, 4) !== 'VBLK') break;
    const [group, part, count] = [
      reader.u32be('group', offset + 8),
      reader.u16be('part', offset + 12),
      reader.u16be('parts', offset + 14, { max: maxCount }),
    ];
    const payload = reader.bytes('record', offset + recordHeadBytes, placeBytes - recordHeadBytes);
    if (count === 1) records.push(...parseRecord(payload));
    if (count < 2) continue;
    const parts = fragments.get(group) ?? Array.from({ length: count }, () => undefined);
    if (part >= parts.length) throw reader.error('a part of a record is out of place', offset);
    parts[part] = payload;
    fragments.set(group, parts);
  }
  for (const parts of fragments.values()) {
    const whole = parts.filter(part => part !== undefined);
    if (whole.length < parts.length) throw reader.error('a record lacks a part');
    records.push(...parseRecord(Buffer.concat(whole)));
  }
  for (const [kind, offset] of Object.entries(counts)) {
    const found = records.filter(record => record.kind === kind).length;
    if (reader.u32be(`number of ${kind} records`, offset) !== found) {
      throw reader.error(`it has ${found} ${kind} records, which is not what it says`);
    }
  }
  return records;
}

function unsupported(why: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `The database of dynamic disks cannot be read: ${why}`);
}
