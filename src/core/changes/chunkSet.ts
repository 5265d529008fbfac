import { assert } from '../../base/assert.ts';
import type { Extent } from '../block/extent.ts';

/** A run of chunks: `[first, end)`. */
export interface ChunkRun {
  readonly first: number;
  readonly end: number;
}

/** Chunks of a page; with chunks of 1 MiB a page stands for 16 GiB. */
const pageChunks = 16_384;
const wordBits = 32;

/**
 * Some of the chunks of a disk. Areas are rounded outward when they are added, and there is nothing in between that could
 * be dropped. Pages of bits exist only where a chunk is: 62 TiB in chunks of 1 MiB take 8 MB at most.
 */
export class ChunkSet {
  readonly chunkBytes: number;
  readonly diskBytes: number;
  readonly #pages = new Map<number, Uint32Array>();
  #size = 0;

  constructor({ chunkBytes, diskBytes }: { readonly chunkBytes: number; readonly diskBytes: number }) {
    this.chunkBytes = chunkBytes;
    this.diskBytes = diskBytes;
  }

  /** How many chunks are in it. */
  get size(): number {
    return this.#size;
  }

  /** How many chunks the disk has. */
  get diskChunks(): number {
    return Math.ceil(this.diskBytes / this.chunkBytes);
  }

  /** What the chunks hold; the last one of a disk may be shorter than the others. */
  get sizeBytes(): number {
    const last = this.diskChunks - 1;
    const missing = this.has(last) ? this.diskChunks * this.chunkBytes - this.diskBytes : 0;
    return this.#size * this.chunkBytes - missing;
  }

  /** Every chunk that the area touches. */
  addArea({ startBytes, lengthBytes }: Extent): void {
    if (lengthBytes === 0) return;
    this.addRun({
      first: Math.floor(startBytes / this.chunkBytes),
      end: Math.ceil((startBytes + lengthBytes) / this.chunkBytes),
    });
  }

  addRun({ first, end }: ChunkRun): void {
    assert(first >= 0 && end <= this.diskChunks, 'the chunks are on the disk');
    for (let index = first; index < end;) {
      const page = this.#pageOf(index);
      const word = Math.floor((index % pageChunks) / wordBits);
      const bit = index % wordBits;
      const before = page[word] ?? 0;
      const count = Math.min(wordBits - bit, end - index);
      const mask = count === wordBits ? 0xffff_ffff : (2 ** count - 1) * 2 ** bit;
      // Bitwise operators make signed numbers of what is kept unsigned.
      const after = (before | mask) >>> 0;
      page[word] = after;
      this.#size += bitsIn(after) - bitsIn(before);
      index += count;
    }
  }

  add(index: number): void {
    this.addRun({ first: index, end: index + 1 });
  }

  has(index: number): boolean {
    const word = this.#pages.get(Math.floor(index / pageChunks))?.[
      Math.floor((index % pageChunks) / wordBits)
    ];
    return word !== undefined && ((word >>> (index % wordBits)) & 1) === 1;
  }

  /** Whether any chunk of the run is in it. */
  touches({ first, end }: ChunkRun): boolean {
    return this.#next(first, end, true) < end;
  }

  /** Whether any chunk of the area is in it. */
  touchesArea({ startBytes, lengthBytes }: Extent): boolean {
    if (lengthBytes === 0) return false;
    return this.touches({
      first: Math.floor(startBytes / this.chunkBytes),
      end: Math.ceil((startBytes + lengthBytes) / this.chunkBytes),
    });
  }

  /** What is in it, ascending; neighbors are one run. */
  *runs(): Generator<ChunkRun> {
    yield* this.#runsOf(true);
  }

  /** What is not in it, ascending. */
  *gaps(): Generator<ChunkRun> {
    yield* this.#runsOf(false);
  }

  /** The runs as areas of the disk, the last one cut off at its end. */
  *areas(): Generator<Extent> {
    for (const { first, end } of this.runs()) {
      const startBytes = first * this.chunkBytes;
      yield { startBytes, lengthBytes: Math.min(end * this.chunkBytes, this.diskBytes) - startBytes };
    }
  }

  /** What is in this one or the other, of the same disk. */
  union(other: ChunkSet): ChunkSet {
    const both = new ChunkSet(this);
    for (const set of [this, other]) for (const run of set.runs()) both.addRun(run);
    return both;
  }

  *#runsOf(isIn: boolean): Generator<ChunkRun> {
    const all = this.diskChunks;
    for (let end = 0; ;) {
      const first = this.#next(end, all, isIn);
      if (first >= all) return;
      end = this.#next(first, all, !isIn);
      yield { first, end };
    }
  }

  /** The first chunk from `index` on that is in it, or is not; `end` if there is none. */
  #next(index: number, end: number, isIn: boolean): number {
    const skipped = isIn ? 0 : 0xffff_ffff;
    while (index < end) {
      const pageIndex = Math.floor(index / pageChunks);
      const page = this.#pages.get(pageIndex);
      if (page === undefined) {
        if (!isIn) return index;
        index = (pageIndex + 1) * pageChunks;
        continue;
      }
      const word = page[Math.floor((index % pageChunks) / wordBits)];
      if (index % wordBits === 0 && word === skipped) index += wordBits;
      else if (this.has(index) === isIn) return index;
      else index += 1;
    }
    return end;
  }

  #pageOf(index: number): Uint32Array {
    const key = Math.floor(index / pageChunks);
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const page = new Uint32Array(pageChunks / wordBits);
    this.#pages.set(key, page);
    return page;
  }
}

function bitsIn(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count += 1;
  return count;
}
