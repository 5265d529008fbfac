import { MiB } from '../../base/units.ts';
import { grainBytes as trackedBytes } from '../disk/grainMap.ts';
import type { ReadBytes } from './datastoreFile.ts';

/**
 * The extent of a delta on VMFS 6: the grains that were written since the disk it stands on. Numbers are little-endian and
 * of 64 bits, places and sizes are sectors:
 *
 *     0       header that never changes: places and sizes of everything below
 *     1       header that does: whether a journal waits to be replayed
 *     2       header and space of the journal, which is empty
 *     2048    directory: an entry for each 4096 grains, 0 or 1 in the highest nibble with the number of a table
 *     …       tables: an entry for each grain, 0 or 3 in the highest nibble with the number of the grain in this file
 *     …       grains of 4 KiB
 *
 * No specification is public. The parts are those that qemu's reader checks, by which the tests compare it; the bitmap of
 * free grains and the way back from grains to entries, which it does not read, are empty.
 */
export interface SeSparseDelta {
  readonly capacityBytes: number;
  /** Which grains of the lab's own size the file holds, in ascending order. */
  readonly writtenGrains: readonly number[];
  /** Reads the disk. */
  readonly readDisk: (offsetBytes: number, target: Uint8Array) => Promise<unknown>;
}

const sectorBytes = 512;
const grainSectors = 8;
const grainBytes = grainSectors * sectorBytes;
const tableSectors = 64;
const entryBytes = 8;
const entriesPerTable = (tableSectors * sectorBytes) / entryBytes;
const directoryOffsetSectors = 2048;
const grainsPerTracked = trackedBytes / grainBytes;
const pieceBytes = MiB;

const headerMagic = 0xcafe_babe;
const volatileMagic = 0xcafe_cafe;
const version = 0x2_0000_0001n;
const tableMark = 0x1000_0000_0000_0000n;
const grainMark = 0x3000_0000_0000_0000n;

/** What is where in the file, all in bytes. */
interface Layout {
  readonly directoryBytes: number;
  readonly tablesOffset: number;
  /** Of the directory's entries, those that have a table, in the order of the tables. */
  readonly tables: readonly number[];
  readonly grainsOffset: number;
  readonly sizeBytes: number;
}

export function seSparseBytes({ capacityBytes, writtenGrains }: Omit<SeSparseDelta, 'readDisk'>): number {
  return layoutOf(capacityBytes, writtenGrains).sizeBytes;
}

export function readSeSparse(delta: SeSparseDelta): ReadBytes {
  return async function* (offsetBytes, lengthBytes) {
    const layout = layoutOf(delta.capacityBytes, delta.writtenGrains);
    const head = metadataOf(delta, layout);
    for (let done = 0; done < lengthBytes; done += pieceBytes) {
      const from = offsetBytes + done;
      const piece = new Uint8Array(Math.min(pieceBytes, lengthBytes - done));
      piece.set(head.subarray(from, from + piece.length));
      await readGrains(delta, layout, from, piece);
      yield piece;
    }
  };
}

function layoutOf(capacityBytes: number, writtenGrains: readonly number[]): Layout {
  const bytesPerTable = entriesPerTable * grainBytes;
  const tables = [...new Set(writtenGrains.map(grain => Math.floor((grain * trackedBytes) / bytesPerTable)))];
  const directoryBytes = roundedUp(Math.ceil(capacityBytes / bytesPerTable) * entryBytes, grainBytes);
  const tablesOffset = directoryOffsetSectors * sectorBytes + directoryBytes;
  const grainsOffset = tablesOffset + tables.length * tableSectors * sectorBytes;
  const sizeBytes = grainsOffset + writtenGrains.length * trackedBytes;
  return { directoryBytes, tablesOffset, tables, grainsOffset, sizeBytes };
}

/** Everything before the grains. */
function metadataOf({ capacityBytes, writtenGrains }: SeSparseDelta, layout: Layout): Uint8Array {
  const { directoryBytes, tablesOffset, tables, grainsOffset, sizeBytes } = layout;
  const bytes = new Uint8Array(grainsOffset);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, value: number | bigint) => {
    view.setBigUint64(offset, BigInt(value), true);
  };
  const sectors = (length: number) => length / sectorBytes;
  [
    ...[headerMagic, version, sectors(capacityBytes), grainSectors, tableSectors],
    ...[0, 0, 0, 0, 0],
    ...[1, 1, 2, 2, 4, directoryOffsetSectors - 4],
    ...[directoryOffsetSectors, sectors(directoryBytes)],
    ...[sectors(tablesOffset), sectors(grainsOffset - tablesOffset)],
    ...[sectors(grainsOffset), 0, sectors(grainsOffset), 0],
    ...[sectors(grainsOffset), sectors(sizeBytes - grainsOffset)],
  ].forEach((value, index) => {
    put(index * entryBytes, value);
  });
  [volatileMagic, tables.length, 1, 0].forEach((value, index) => {
    put(sectorBytes + index * entryBytes, value);
  });
  const numberOfTable = new Map(tables.map((entry, number) => [entry, number]));
  for (const [entry, number] of numberOfTable)
    put(directoryOffsetSectors * sectorBytes + entry * entryBytes, tableMark | BigInt(number));
  for (const [index, grain] of writtenGrains.entries())
    for (let part = 0; part < grainsPerTracked; part += 1) {
      const ofDisk = grain * grainsPerTracked + part;
      if (ofDisk * grainBytes >= capacityBytes) break;
      const table = numberOfTable.get(Math.floor(ofDisk / entriesPerTable)) ?? 0;
      const slot = table * entriesPerTable + (ofDisk % entriesPerTable);
      put(tablesOffset + slot * entryBytes, grainEntry(index * grainsPerTracked + part));
    }
  return bytes;
}

/** The lowest 12 bits of a grain's number stand above the others. */
function grainEntry(number: number): bigint {
  const value = BigInt(number);
  return grainMark | ((value & 0xfffn) << 48n) | (value >> 12n);
}

/** Fills in what of the grains lies in the piece of the file that begins at `from`. */
async function readGrains(
  { capacityBytes, writtenGrains, readDisk }: SeSparseDelta,
  { grainsOffset }: Layout,
  from: number,
  piece: Uint8Array,
): Promise<void> {
  const first = Math.max(0, Math.floor((from - grainsOffset) / trackedBytes));
  for (let index = first; index < writtenGrains.length; index += 1) {
    const start = grainsOffset + index * trackedBytes;
    if (start >= from + piece.length) return;
    const begin = Math.max(start, from);
    const diskOffset = (writtenGrains[index] ?? 0) * trackedBytes + (begin - start);
    const end = Math.min(start + trackedBytes, from + piece.length, begin + capacityBytes - diskOffset);
    if (end > begin) await readDisk(diskOffset, piece.subarray(begin - from, end - from));
  }
}

function roundedUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
