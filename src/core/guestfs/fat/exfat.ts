import { BinaryReader } from '../../../base/binaryReader.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import { readWholeRuns } from '../fileRuns.ts';
import type { GuestFileSystem } from '../guestFileSystem.ts';
import { exfatLabelIn, parseExfatDirectory } from './exfatDirectory.ts';
import { FatFileSystem } from './fatFileSystem.ts';
import { clusterRuns, type FatContent, type FatVolume } from './fatVolume.ts';

const bootSectorBytes = 512;
const flag = { secondTable: 0x1, dirty: 0x2, failed: 0x4 } as const;

/**
 * Opens exFAT. Times whose zone the guest did not keep are taken as UTC.
 * @throws CORRUPT_DATA, what the source throws
 * @see exFAT file system specification, 3 "Main and Backup Boot Regions"
 */
export async function openExfat(source: BlockSource, signal: AbortSignal): Promise<GuestFileSystem> {
  if (source.sizeBytes < bootSectorBytes)
    throw new CorruptDataError('the volume ends within its boot sector');
  const reader = new BinaryReader(await readRange(source, 0, bootSectorBytes, signal), 'exFAT boot sector');
  const sectorBytes = 2 ** reader.u8('sector size, as a power', 108, { min: 9, max: 12 });
  const clusterBytes =
    sectorBytes * 2 ** reader.u8('cluster size, as a power', 109, { max: 25 - Math.log2(sectorBytes) });
  const heapSector = reader.u32le('cluster heap', 88, { min: 1 });
  const clusterCount = reader.u32le('clusters', 92, { min: 1, max: 2 ** 31 });
  if (heapSector * sectorBytes + clusterCount * clusterBytes > source.sizeBytes) {
    throw reader.error(`${clusterCount} clusters do not fit the volume`, 92);
  }
  const flags = reader.u16le('flags', 106);
  const tables = reader.u8('tables', 110, { min: 1, max: 2 });
  const tableSectors = reader.u32le('table size', 84, { min: 1 });
  if ((clusterCount + 2) * 4 > tableSectors * sectorBytes)
    throw reader.error('the table is too small for its clusters', 84);
  const activeTable = tables === 2 && (flags & flag.secondTable) !== 0 ? tableSectors : 0;
  const volume: FatVolume = {
    source,
    clusterBytes,
    clusterCount,
    heapOffsetBytes: heapSector * sectorBytes,
    tableOffsetBytes: (reader.u32le('table', 80, { min: 1 }) + activeTable) * sectorBytes,
    entryBits: 32,
  };
  const root: FatContent = {
    firstCluster: reader.u32le('root cluster', 96, { min: 2 }),
    sizeBytes: undefined,
    isContiguous: false,
  };
  const rootStart = await readWholeRuns(
    source,
    clusterRuns(volume, root, clusterBytes, signal),
    0,
    clusterBytes,
    signal,
  );
  const serial = reader.u32le('serial number', 100).toString(16).toUpperCase().padStart(8, '0');
  return new FatFileSystem({
    kind: 'exfat',
    label: exfatLabelIn(rootStart),
    uuid: `${serial.slice(0, 4)}-${serial.slice(4)}`,
    problems: stateProblems(flags),
    volume,
    root,
    fixedRoot: undefined,
    parseDirectory: parseExfatDirectory,
  });
}

function stateProblems(flags: number): string[] {
  const problems: string[] = [];
  if ((flags & flag.dirty) !== 0) {
    problems.push('The volume was in use and has no journal: recent changes may be missing or damaged');
  }
  if ((flags & flag.failed) !== 0) problems.push('The guest found errors on the disk of this volume');
  return problems;
}
