import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { attributeType, residentBytes, undoFixup } from './attributes.ts';
import type { Collate } from './collation.ts';
import { parseFileName, type FileName } from './fileName.ts';
import { recordNumber, type FileRecord } from './records.ts';
import { readStream, streamOf, type Clusters, type Stream } from './stream.ts';

export interface IndexEntry extends FileName {
  readonly record: number;
}

export interface IndexListing {
  readonly entries: readonly IndexEntry[];
  readonly problems: readonly string[];
}

const indexName = '$I30';
const flag = { hasChild: 1, isLast: 2 } as const;
const maxBlockBytes = 64 * 1024;

/**
 * All names in a directory, which is a tree: the root in the record, its other blocks in clusters. A block that is
 * damaged is told as a problem; the others are still read.
 * @see linux-ntfs documentation, "$INDEX_ROOT" and "$INDEX_ALLOCATION"
 */
export async function readDirectoryIndex(
  clusters: Clusters,
  directory: FileRecord,
  signal: AbortSignal,
): Promise<IndexListing> {
  return await walkIndex(clusters, directory, undefined, signal);
}

/**
 * The names that differ from one in case at most, of which there may be several; only the parts of the tree that may hold
 * them are read.
 * @param stored  the name in UTF-16
 */
export async function findInDirectoryIndex(
  clusters: Clusters,
  directory: FileRecord,
  stored: Uint8Array,
  collate: Collate,
  signal: AbortSignal,
): Promise<IndexListing> {
  return await walkIndex(clusters, directory, name => collate(name, stored), signal);
}

/** @param orderOf  how a name stands to the one that is wanted; all are if it is missing */
async function walkIndex(
  clusters: Clusters,
  directory: FileRecord,
  orderOf: ((stored: Uint8Array) => number) | undefined,
  signal: AbortSignal,
): Promise<IndexListing> {
  const what = `directory ${directory.number}`;
  const named = directory.attributes.filter(({ name }) => name === indexName);
  const root = new BinaryReader(residentBytes(named, attributeType.indexRoot, what), what);
  const blockBytes = root.u32le('block size', 8, { min: 512, max: maxBlockBytes });
  if (!Number.isInteger(Math.log2(blockBytes))) throw root.error(`index blocks have ${blockBytes} bytes`, 8);
  const blocks = streamOf(clusters, named, attributeType.indexAllocation, indexName);
  const walk = new IndexWalk(clusters, blocks, blockBytes, what, orderOf, signal);
  walk.addNode(root, 16);
  await walk.descend();
  return walk;
}

class IndexWalk implements IndexListing {
  readonly entries: IndexEntry[] = [];
  readonly problems: string[] = [];
  readonly #clusters: Clusters;
  readonly #blocks: Stream | undefined;
  readonly #blockBytes: number;
  readonly #what: string;
  readonly #orderOf: ((stored: Uint8Array) => number) | undefined;
  readonly #signal: AbortSignal;
  readonly #waiting: number[] = [];
  readonly #seen = new Set<number>();

  constructor(
    clusters: Clusters,
    blocks: Stream | undefined,
    blockBytes: number,
    what: string,
    orderOf: ((stored: Uint8Array) => number) | undefined,
    signal: AbortSignal,
  ) {
    this.#clusters = clusters;
    this.#blocks = blocks;
    this.#blockBytes = blockBytes;
    this.#what = what;
    this.#orderOf = orderOf;
    this.#signal = signal;
  }

  async descend(): Promise<void> {
    for (let block = this.#waiting.pop(); block !== undefined; block = this.#waiting.pop()) {
      // A damaged tree may lead back into itself.
      if (this.#seen.has(block)) {
        this.problems.push('A part of the directory is reached twice; it was left out the second time');
        continue;
      }
      this.#seen.add(block);
      try {
        this.addNode(await this.#read(block), 24);
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
        this.problems.push(error.message);
      }
    }
  }

  /** @param headerOffset  where the header of the node lies, from which its places are counted */
  addNode(reader: BinaryReader, headerOffset: number): void {
    const end = headerOffset + reader.u32le('used size', headerOffset + 4);
    const start = headerOffset + reader.u32le('first entry', headerOffset, { min: 16 });
    for (let offset = start; offset + 16 <= end;) {
      const lengthBytes = reader.u16le('entry length', offset + 8, { min: 16 });
      const flags = reader.u16le('entry flags', offset + 12);
      const isLast = (flags & flag.isLast) !== 0;
      const name = isLast ? undefined : parseFileName(reader, offset + 16);
      // Below an entry are names before it, and behind the one that precedes it.
      const order = name === undefined ? 1 : (this.#orderOf?.(name.stored) ?? 0);
      if ((flags & flag.hasChild) !== 0 && order >= 0) {
        this.#waiting.push(reader.u64le('child', offset + lengthBytes - 8));
      }
      if (name === undefined || order > 0) return;
      if (order === 0 && !name.isShortOnly) {
        this.entries.push({ ...name, record: recordNumber(reader, offset) });
      }
      offset += lengthBytes;
    }
    throw reader.error('a node of the index has no end');
  }

  async #read(block: number): Promise<BinaryReader> {
    // Blocks are counted in clusters, or in sectors where they are smaller than a cluster.
    const unitBytes = this.#blockBytes < this.#clusters.clusterBytes ? 512 : this.#clusters.clusterBytes;
    const offsetBytes = block * unitBytes;
    if (this.#blocks === undefined || offsetBytes + this.#blockBytes > this.#blocks.sizeBytes) {
      throw new CorruptDataError(`${this.#what} has no index block ${block}`);
    }
    const bytes = new Uint8Array(this.#blockBytes);
    const until = offsetBytes + this.#blockBytes;
    let at = 0;
    for await (const piece of readStream(this.#clusters, this.#blocks, offsetBytes, until, this.#signal)) {
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    undoFixup(bytes, 'INDX', `${this.#what}, index block ${block}`);
    const reader = new BinaryReader(bytes, this.#what, offsetBytes);
    reader.u64le('own number', 16, { min: block, max: block });
    return reader;
  }
}
