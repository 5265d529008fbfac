import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import { readWholeRuns } from '../fileRuns.ts';
import type { GuestFileSystem } from '../guestFileSystem.ts';
import { labelIn, oemText, parseFatDirectory } from './fatDirectory.ts';
import { entryBytes } from './fatNode.ts';
import { FatFileSystem, type FatDialect } from './fatFileSystem.ts';
import { clusterRuns, maxDirectoryBytes, TableReader, type FatVolume } from './fatVolume.ts';

const bootSectorBytes = 512;
const maxClusters = { fat12: 4085, fat16: 65_525 } as const;
const cleanBit = { 16: 0x8000, 28: 0x0800_0000 } as const;

/**
 * Opens FAT12, FAT16 or FAT32, which the number of clusters alone tells apart. Times have no zone and are taken as UTC.
 * @throws CORRUPT_DATA, what the source throws
 * @see Microsoft FAT Specification, 3 "Boot Sector and BPB"
 */
export async function openFat(source: BlockSource, signal: AbortSignal): Promise<GuestFileSystem> {
  if (source.sizeBytes < bootSectorBytes)
    throw new CorruptDataError('the volume ends within its boot sector');
  const reader = new BinaryReader(await readRange(source, 0, bootSectorBytes, signal), 'FAT boot sector');
  const sectorBytes = powerOfTwo(
    reader,
    'sector size',
    reader.u16le('sector size', 11, { min: 512, max: 4096 }),
  );
  const perCluster = powerOfTwo(reader, 'cluster size', reader.u8('sectors per cluster', 13, { min: 1 }));
  const reserved = reader.u16le('reserved sectors', 14, { min: 1 });
  const tables = reader.u8('tables', 16, { min: 1, max: 4 });
  const rootBytes = reader.u16le('root entries', 17) * entryBytes;
  const sectors = reader.u16le('sectors', 19) || reader.u32le('sectors', 32, { min: 1 });
  const tableSectors = reader.u16le('table size', 22) || reader.u32le('table size', 36, { min: 1 });
  if (sectors * sectorBytes > source.sizeBytes)
    throw reader.error(`${sectors} sectors do not fit the volume`, 32);
  const rootSector = reserved + tables * tableSectors;
  const heapSector = rootSector + Math.ceil(rootBytes / sectorBytes);
  const clusterCount = Math.floor((sectors - heapSector) / perCluster);
  if (clusterCount < 1) throw reader.error('there is no room for clusters');
  const entryBits = clusterCount < maxClusters.fat12 ? 12 : clusterCount < maxClusters.fat16 ? 16 : 28;
  const isFat32 = entryBits === 28;
  if ((clusterCount + 2) * (isFat32 ? 4 : entryBits / 8) > tableSectors * sectorBytes) {
    throw reader.error('the table is too small for its clusters', 36);
  }
  const volume: FatVolume = {
    source,
    clusterBytes: perCluster * sectorBytes,
    clusterCount,
    heapOffsetBytes: heapSector * sectorBytes,
    tableOffsetBytes: reserved * sectorBytes,
    entryBits,
  };
  const rootCluster = isFat32 ? reader.u32le('root cluster', 44, { min: 2 }) : 0;
  const extended = isFat32 ? 64 : 36;
  const serial = reader
    .u32le('serial number', extended + 3)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0');
  const dialect: Omit<FatDialect, 'label' | 'problems'> = {
    kind: isFat32 ? 'fat32' : `fat${entryBits}`,
    uuid: `${serial.slice(0, 4)}-${serial.slice(4)}`,
    volume,
    root: { firstCluster: rootCluster, sizeBytes: undefined, isContiguous: false },
    fixedRoot: isFat32 ? undefined : { offsetBytes: rootSector * sectorBytes, sizeBytes: rootBytes },
    parseDirectory: (bytes, cluster) => parseFatDirectory(bytes, cluster, isFat32),
  };
  const label =
    labelIn(await rootDirectory(dialect, signal)) ??
    oemText(reader.bytes('label', extended + 7, 11)).trimEnd();
  return new FatFileSystem({ ...dialect, label, problems: await stateProblems(volume, signal) });
}

async function rootDirectory(
  { volume, root, fixedRoot }: Pick<FatDialect, 'volume' | 'root' | 'fixedRoot'>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (fixedRoot !== undefined) {
    return await readRange(volume.source, fixedRoot.offsetBytes, fixedRoot.sizeBytes, signal);
  }
  const runs = clusterRuns(volume, root, volume.clusterBytes, signal);
  return await readWholeRuns(
    volume.source,
    runs,
    0,
    Math.min(volume.clusterBytes, maxDirectoryBytes),
    signal,
  );
}

/** The second entry of the table says whether the volume was unmounted; FAT12 has no room for that. */
async function stateProblems(volume: FatVolume, signal: AbortSignal): Promise<string[]> {
  const { entryBits } = volume;
  if (entryBits !== 16 && entryBits !== 28) return [];
  const isClean = ((await new TableReader(volume, signal).entry(1)) & cleanBit[entryBits]) !== 0;
  return isClean
    ? []
    : ['The volume was in use and has no journal: recent changes may be missing or damaged'];
}

function powerOfTwo(reader: BinaryReader, field: string, value: number): number {
  if (Number.isInteger(Math.log2(value))) return value;
  throw reader.error(`${field} is ${value}`);
}
