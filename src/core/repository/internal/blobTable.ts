import { setImmediate } from 'node:timers/promises';
import { defined } from '../../../base/assert.ts';
import { CancelledError } from '../../../base/errors.ts';
import type { BlobLocation, BlobType } from '../blobIndex.ts';
import {
  compareRecords,
  hasId,
  idWords,
  locationAt,
  packNumberAt,
  recordWords,
  setPackNumber,
  sortKeyAt,
  typeAt,
  word,
} from '../blobRecord.ts';
import type { PackEntry, SegmentContent } from '../indexSegment.ts';

const shardCount = 256;

/**
 * The part of an index that is in memory, at some 60 bytes a blob: hash tables of records, one for each first byte of the
 * id, so that no table is ever large enough for its growth to be felt. A blob has a place for every pack of every file.
 */
export class BlobTable {
  readonly #shards = Array.from({ length: shardCount }, () => new Shard());
  readonly #packs: PackEntry[] = [];
  /** Of the file that was added to last. */
  readonly #packNumbers = new Map<string, number>();
  readonly #fileIds = new Set<string>();
  #recordCount = 0;

  get recordCount(): number {
    return this.#recordCount;
  }

  get fileIds(): ReadonlySet<string> {
    return this.#fileIds;
  }

  get packs(): readonly PackEntry[] {
    return this.#packs;
  }

  /** Memory its tables take. */
  get sizeBytes(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.sizeBytes, 0);
  }

  /** The table stands for this file, also if that should name no pack. */
  addFile(fileId: string): void {
    this.#fileIds.add(fileId);
  }

  /** @param records  are changed: they get their pack's number */
  add(fileId: string, packId: string, records: Uint32Array): void {
    const packNumber = this.#packNumber(fileId, packId);
    this.addFile(fileId);
    for (let at = 0; at < records.length; at += recordWords) this.#addRecord(records, at, packNumber);
  }

  find(type: BlobType, id: Uint32Array, isLive: (fileId: string) => boolean): BlobLocation | undefined {
    const shard = this.#shard(id, 0);
    let location: BlobLocation | undefined;
    shard.findWhere(id, at => {
      const { packId, fileId } = this.#pack(shard.words, at);
      if (typeAt(shard.words, at) !== type || !isLive(fileId)) return false;
      location = locationAt(shard.words, at, packId);
      return true;
    });
    return location;
  }

  /** A table with what counts alone. */
  async keeping(isLive: (fileId: string) => boolean, signal: AbortSignal): Promise<BlobTable> {
    const kept = new BlobTable();
    for (const fileId of this.#fileIds) if (isLive(fileId)) kept.addFile(fileId);
    const numbers = this.#packs.map(pack => (isLive(pack.fileId) ? kept.#packs.push(pack) - 1 : undefined));
    for (const shard of this.#shards) {
      await pause(signal);
      for (let at = 0; at < shard.length; at += recordWords) {
        const packNumber = numbers[packNumberAt(shard.words, at)];
        if (packNumber !== undefined) kept.#addRecord(shard.words.slice(at, at + recordWords), 0, packNumber);
      }
    }
    return kept;
  }

  /** For a segment on disk. The table must not change meanwhile. */
  sorted(isLive: (fileId: string) => boolean): SegmentContent {
    const fileIds = [...this.fileIds].filter(isLive);
    return {
      ...{ maxRecords: this.#recordCount, fileIds },
      packs: () => this.#livePacks(isLive),
      records: signal => this.#sortedRecords(isLive, signal),
    };
  }

  async *#livePacks(isLive: (fileId: string) => boolean): AsyncGenerator<PackEntry, void, undefined> {
    yield* await Promise.resolve(this.#packs.filter(({ fileId }) => isLive(fileId)));
  }

  async *#sortedRecords(
    isLive: (fileId: string) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Uint32Array, void, undefined> {
    let live = 0;
    const numbers = this.#packs.map(({ fileId }) => (isLive(fileId) ? live++ : undefined));
    for (const shard of this.#shards) {
      await pause(signal);
      yield shard.sorted(numbers);
    }
  }

  /** The same pack in two files has two numbers, so that each file can go alone. */
  #packNumber(fileId: string, packId: string): number {
    if (this.#packs.at(-1)?.fileId !== fileId) this.#packNumbers.clear();
    let packNumber = this.#packNumbers.get(packId);
    if (packNumber === undefined) {
      packNumber = this.#packs.push({ packId, fileId }) - 1;
      this.#packNumbers.set(packId, packNumber);
    }
    return packNumber;
  }

  #addRecord(records: Uint32Array, at: number, packNumber: number): void {
    setPackNumber(records, at, packNumber);
    if (this.#shard(records, at).add(records, at)) this.#recordCount += 1;
  }

  #pack(words: Uint32Array, at: number): PackEntry {
    return defined(this.#packs[packNumberAt(words, at)], 'pack');
  }

  #shard(words: Uint32Array, at: number): Shard {
    return defined(this.#shards[word(words, at) % shardCount], 'shard');
  }
}

/** An open-addressing hash table. The ids are hashes already: their second word is as good as any. */
class Shard {
  words = new Uint32Array(0);
  /** Of `words`, how many are in use. */
  length = 0;
  /** Number of a record plus one; 0 is a free place. A power of two, at most three quarters full. */
  #slots = new Uint32Array(4);

  get sizeBytes(): number {
    return this.words.byteLength + this.#slots.byteLength;
  }

  /** Asks for each record of this id, in the order in which they were added, until one is wanted. */
  findWhere(id: Uint32Array, isWanted: (at: number) => boolean): void {
    const mask = this.#slots.length - 1;
    for (let slot = word(id, 1) & mask; ; slot = (slot + 1) & mask) {
      const number = word(this.#slots, slot);
      if (number === 0) return;
      const at = (number - 1) * recordWords;
      if (hasId(this.words, at, id) && isWanted(at)) return;
    }
  }

  /** @returns false if the blob is known from this pack already */
  add(source: Uint32Array, from: number): boolean {
    if (!this.#isFreeAt(this.#slotFor(source, from))) return false;
    const count = this.length / recordWords + 1;
    if (count * 4 > this.#slots.length * 3) this.#growSlots();
    if (this.length + recordWords > this.words.length) this.#growWords();
    for (let offset = 0; offset < recordWords; offset += 1)
      this.words[this.length + offset] = word(source, from + offset);
    this.#slots[this.#slotFor(source, from)] = count;
    this.length += recordWords;
    return true;
  }

  /** @param numbers  new ones of the packs; of those without one, nothing is given */
  sorted(numbers: readonly (number | undefined)[]): Uint32Array {
    const count = this.length / recordWords;
    const keys = Float64Array.from({ length: count }, (_, index) =>
      sortKeyAt(this.words, index * recordWords),
    );
    const order = Uint32Array.from({ length: count }, (_, index) => index).sort((a, b) => {
      const difference = (keys[a] ?? 0) - (keys[b] ?? 0);
      if (difference !== 0) return difference;
      return compareRecords(this.words, a * recordWords, this.words, b * recordWords);
    });
    const sorted = new Uint32Array(this.length);
    let length = 0;
    for (const index of order) {
      const at = index * recordWords;
      const packNumber = numbers[packNumberAt(this.words, at)];
      if (packNumber === undefined) continue;
      sorted.set(this.words.subarray(at, at + recordWords), length);
      setPackNumber(sorted, length, packNumber);
      length += recordWords;
    }
    return sorted.subarray(0, length);
  }

  #isFreeAt(slot: number): boolean {
    return this.#slots[slot] === 0;
  }

  /** The place of the record, or the free place where it belongs. */
  #slotFor(source: Uint32Array, from: number): number {
    const mask = this.#slots.length - 1;
    let slot = word(source, from + 1) & mask;
    for (;;) {
      const number = word(this.#slots, slot);
      if (number === 0 || this.#isSame((number - 1) * recordWords, source, from)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** Id, type and pack. */
  #isSame(at: number, source: Uint32Array, from: number): boolean {
    for (let offset = 0; offset <= idWords; offset += 1)
      if (this.words[at + offset] !== source[from + offset]) return false;
    return true;
  }

  #growSlots(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let at = 0; at < this.length; at += recordWords)
      this.#slots[this.#slotFor(this.words, at)] = at / recordWords + 1;
  }

  #growWords(): void {
    const grown = new Uint32Array(Math.max(4, Math.ceil((this.length / recordWords) * 1.25)) * recordWords);
    grown.set(this.words.subarray(0, this.length));
    this.words = grown;
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new CancelledError();
  await setImmediate();
}
