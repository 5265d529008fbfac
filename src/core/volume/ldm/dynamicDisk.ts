import { AppError } from '../../../base/errors.ts';
import type { BlockSource } from '../../block/blockSource.ts';
import { readDatabase, type LdmDatabase } from './database.ts';
import { readPrivateHeader, type PrivateHeader } from './privateHeader.ts';

/** A dynamic disk of Windows, with what it knows of the volumes of its group. */
export interface DynamicDisk {
  readonly disk: BlockSource;
  readonly header: PrivateHeader;
  /** Undefined if its copy cannot be read; those of others tell the same. */
  readonly database: LdmDatabase | undefined;
}

/** A partition, as far as it tells of a dynamic disk. */
interface Partition {
  readonly typeId: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

const sectorBytes = 512;
const classicType = '42';
const metadataType = '5808C8AA-7E8F-42E0-85D2-E1E90434CFB3';
const dataType = 'AF9B60A0-1431-4F62-BC68-3311714A69AD';
/** On disks with a classic table: behind it, and twice in the last megabyte. */
const headerSector = 6;
const databaseSectors = 2048;
const secondHeaderSector = 1856;

/** Whether a partition only says that Windows keeps its volumes elsewhere. */
export function isOfDynamicDisk({ typeId }: Pick<Partition, 'typeId'>): boolean {
  return [classicType, metadataType, dataType].includes(typeId);
}

/**
 * @param entries  of the partition table
 * @returns undefined for other disks
 * @throws what the source throws; what is wrong with the disk's content is added to `problems`
 */
export async function readDynamicDisk(
  disk: BlockSource,
  entries: readonly Partition[],
  problems: string[],
  signal: AbortSignal,
): Promise<DynamicDisk | undefined> {
  if (!entries.some(isOfDynamicDisk)) return undefined;
  try {
    const header = await readPrivateHeader(disk, headerPlaces(disk, entries), signal);
    if (header === undefined) {
      problems.push('The dynamic disk does not say which it is; its volumes cannot be found');
      return undefined;
    }
    return { disk, header, database: await databaseOf(disk, header, problems, signal) };
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
    problems.push(error.message);
    return undefined;
  }
}

async function databaseOf(
  disk: BlockSource,
  header: PrivateHeader,
  problems: string[],
  signal: AbortSignal,
): Promise<LdmDatabase | undefined> {
  try {
    return await readDatabase(disk, header, signal);
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
    problems.push(error.message);
    return undefined;
  }
}

function headerPlaces({ sizeBytes }: BlockSource, entries: readonly Partition[]): number[] {
  const metadata = entries.find(({ typeId }) => typeId === metadataType);
  if (metadata !== undefined) return [metadata.offsetBytes + metadata.sizeBytes - sectorBytes];
  const endBytes = sizeBytes - (sizeBytes % sectorBytes);
  return [
    headerSector * sectorBytes,
    endBytes - sectorBytes,
    endBytes - (databaseSectors - secondHeaderSector) * sectorBytes,
  ];
}
