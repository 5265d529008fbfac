import { BinaryReader } from '../../../base/binaryReader.ts';
import { CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { readRange, type BlockSource } from '../../block/blockSource.ts';
import type { FileRun } from '../fileRuns.ts';

/** A volume of the FAT family: clusters, and a table that names the next cluster of each. */
export interface FatVolume {
  readonly source: BlockSource;
  readonly clusterBytes: number;
  readonly clusterCount: number;
  /** Where cluster 2 lies, which is the first. */
  readonly heapOffsetBytes: number;
  readonly tableOffsetBytes: number;
  /** Bits of the table's entries that count; FAT32 uses 28 of 32. */
  readonly entryBits: 12 | 16 | 28 | 32;
}

/** Where the content of a node lies. */
export interface FatContent {
  /** 0 if there is none. */
  readonly firstCluster: number;
  /** Undefined for directories that end where their chain ends. */
  readonly sizeBytes: number | undefined;
  /** The clusters follow each other and the table says nothing of them. */
  readonly isContiguous: boolean;
}

const firstCluster = 2;
const pageBytes = 64 * 1024;
/** Directories without a size end at the latest there. */
export const maxDirectoryBytes = 64 * 1024 * 1024;

/**
 * The runs of a node, those that follow each other as one.
 * @throws CORRUPT_DATA if the chain ends too early, runs in a circle or leaves the volume
 */
export async function* clusterRuns(
  volume: FatVolume,
  content: FatContent,
  untilBytes: number,
  signal: AbortSignal,
): AsyncGenerator<FileRun, void, undefined> {
  const { clusterBytes } = volume;
  const sizeBytes = content.sizeBytes ?? maxDirectoryBytes;
  const wanted = Math.ceil(Math.min(sizeBytes, untilBytes) / clusterBytes);
  if (wanted === 0) return;
  if (Math.ceil(sizeBytes / clusterBytes) > volume.clusterCount && content.sizeBytes !== undefined) {
    throw new CorruptDataError(`a file of ${sizeBytes} bytes is larger than its FAT volume`);
  }
  if (content.isContiguous) {
    requireClusters(volume, content.firstCluster, wanted);
    yield runAt(volume, 0, content.firstCluster, wanted);
    return;
  }
  const table = new TableReader(volume, signal);
  // A chain without an end would go on for ever; no chain is longer than there are clusters.
  const limit = Math.min(wanted, volume.clusterCount);
  let start = content.firstCluster;
  let count = 1;
  let done = 0;
  requireClusters(volume, start, 1);
  while (done + count < limit) {
    const next = await table.next(start + count - 1);
    if (next === undefined) break;
    requireClusters(volume, next, 1);
    if (next === start + count) {
      count += 1;
      continue;
    }
    yield runAt(volume, done, start, count);
    done += count;
    start = next;
    count = 1;
  }
  yield runAt(volume, done, start, count);
  if (content.sizeBytes !== undefined && done + count < wanted) {
    throw new CorruptDataError('a chain of clusters ends before its file does');
  }
}

function runAt(volume: FatVolume, done: number, cluster: number, count: number): FileRun {
  return {
    offsetBytes: done * volume.clusterBytes,
    lengthBytes: count * volume.clusterBytes,
    volumeOffsetBytes: volume.heapOffsetBytes + (cluster - firstCluster) * volume.clusterBytes,
  };
}

function requireClusters(volume: FatVolume, cluster: number, count: number): void {
  if (cluster >= firstCluster && cluster + count <= firstCluster + volume.clusterCount) return;
  throw new CorruptDataError(`a chain names cluster ${cluster}, which the FAT volume does not have`);
}

/** Reads entries of the table, a page of it at a time. */
export class TableReader {
  readonly #volume: FatVolume;
  readonly #signal: AbortSignal;
  #page = new Uint8Array(0);
  #pageIndex = -1;

  constructor(volume: FatVolume, signal: AbortSignal) {
    this.#volume = volume;
    this.#signal = signal;
  }

  /** The cluster behind another; undefined at the end of the chain. @throws CORRUPT_DATA for free and bad clusters */
  async next(cluster: number): Promise<number | undefined> {
    const value = await this.entry(cluster);
    const end = 2 ** this.#volume.entryBits - 8;
    if (value >= end) return undefined;
    if (value === end - 1) throw new CorruptDataError(`cluster ${cluster} is followed by a bad one`);
    return value;
  }

  async entry(cluster: number): Promise<number> {
    if (this.#signal.aborted) throw new CancelledError();
    const { entryBits } = this.#volume;
    const bytes = entryBits === 28 ? 4 : entryBits / 8;
    const offset = Math.floor(cluster * bytes);
    // A table of 12 bits fits one page, so that no entry lies in two.
    const page = Math.floor(offset / pageBytes);
    if (page !== this.#pageIndex) await this.#load(page);
    const reader = new BinaryReader(this.#page, 'file allocation table', page * pageBytes);
    const at = offset - page * pageBytes;
    if (entryBits === 16) return reader.u16le('entry', at);
    if (entryBits === 12) return (reader.u16le('entry', at) >>> (cluster % 2 === 0 ? 0 : 4)) & 0xfff;
    return entryBits === 28 ? reader.u32le('entry', at) & 0x0fff_ffff : reader.u32le('entry', at);
  }

  async #load(page: number): Promise<void> {
    const { source, tableOffsetBytes } = this.#volume;
    const offsetBytes = tableOffsetBytes + page * pageBytes;
    const lengthBytes = Math.max(0, Math.min(pageBytes, source.sizeBytes - offsetBytes));
    this.#page = await readRange(source, offsetBytes, lengthBytes, this.#signal);
    this.#pageIndex = page;
  }
}
