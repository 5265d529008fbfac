import { defined } from '../../base/assert.ts';
import { CancelledError } from '../../base/errors.ts';
import { toHex } from '../../base/random.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { BlobIndex, BlobLocation, BlobType, IndexedBlob, PackedBlob } from './blobIndex.ts';

const shardCount = 256;

/**
 * The index in memory, at some 60 bytes a blob: fixed-width records in hash tables of their own for each first byte
 * of the id, so that no table is ever large enough for its growth to be felt.
 */
export class MemoryBlobIndex implements BlobIndex {
  readonly #shards: Readonly<Record<BlobType, readonly Shard[]>> = {
    data: Array.from({ length: shardCount }, () => new Shard()),
    tree: Array.from({ length: shardCount }, () => new Shard()),
  };
  readonly #packIds: string[] = [];
  readonly #packNumbers = new Map<string, number>();
  #blobCount = 0;

  get blobCount(): number {
    return this.#blobCount;
  }

  /** Memory its tables take. */
  get sizeBytes(): number {
    const shards = [...this.#shards.data, ...this.#shards.tree];
    return shards.reduce((sum, shard) => sum + shard.sizeBytes, 0);
  }

  async lookup(type: BlobType, id: BlobId, signal: AbortSignal): Promise<BlobLocation | undefined> {
    if (signal.aborted) throw new CancelledError();
    const words = wordsOf(id);
    const record = this.#shard(type, words).find(words);
    return await Promise.resolve(record === undefined ? undefined : this.#location(record));
  }

  async add(packId: string, blobs: readonly PackedBlob[]): Promise<void> {
    let packNumber = this.#packNumbers.get(packId);
    if (packNumber === undefined) {
      packNumber = this.#packIds.push(packId) - 1;
      this.#packNumbers.set(packId, packNumber);
    }
    for (const blob of blobs) {
      const words = wordsOf(blob.id);
      words[idWords] = packNumber;
      words[idWords + 1] = blob.offsetBytes;
      words[idWords + 2] = blob.lengthBytes;
      words[idWords + 3] = blob.uncompressedLengthBytes ?? 0;
      if (this.#shard(blob.type, words).add(words)) this.#blobCount += 1;
    }
    await Promise.resolve();
  }

  async *packIds(): AsyncGenerator<string, void, undefined> {
    yield* await Promise.resolve([...this.#packIds]);
  }

  async *blobs(): AsyncGenerator<IndexedBlob, void, undefined> {
    for (const type of ['data', 'tree'] as const) {
      for (const shard of this.#shards[type]) {
        for (const record of await Promise.resolve(shard.records()))
          yield { type, id: idOf(record), ...this.#location(record) };
      }
    }
  }

  #shard(type: BlobType, words: Uint32Array): Shard {
    return defined(this.#shards[type][word(words, 0) % shardCount], 'shard');
  }

  #location(record: Uint32Array): BlobLocation {
    const uncompressedLengthBytes = word(record, idWords + 3);
    return {
      packId: defined(this.#packIds[word(record, idWords)], 'pack'),
      offsetBytes: word(record, idWords + 1),
      lengthBytes: word(record, idWords + 2),
      ...(uncompressedLengthBytes === 0 ? {} : { uncompressedLengthBytes }),
    };
  }
}

const idWords = 8;
/** Id, number of the pack, offset, length, plain length or 0. */
const recordWords = idWords + 4;

/** An open-addressing hash table. The ids are hashes already: their second word is as good as any. */
class Shard {
  #records = new Uint32Array(0);
  #count = 0;
  /** Number of a record plus one; 0 is a free place. A power of two, at most three quarters full. */
  #slots = new Uint32Array(4);

  get sizeBytes(): number {
    return this.#records.byteLength + this.#slots.byteLength;
  }

  find(id: Uint32Array): Uint32Array | undefined {
    const number = word(this.#slots, this.#slotOf(id));
    return number === 0 ? undefined : this.#record(number - 1);
  }

  /** @returns false if the id is known already */
  add(record: Uint32Array): boolean {
    let slot = this.#slotOf(record);
    if (this.#slots[slot] !== 0) return false;
    if ((this.#count + 1) * 4 > this.#slots.length * 3) {
      this.#growSlots();
      slot = this.#slotOf(record);
    }
    if ((this.#count + 1) * recordWords > this.#records.length) this.#growRecords();
    this.#records.set(record, this.#count * recordWords);
    this.#count += 1;
    this.#slots[slot] = this.#count;
    return true;
  }

  records(): Uint32Array[] {
    return Array.from({ length: this.#count }, (_, index) => this.#record(index));
  }

  #record(index: number): Uint32Array {
    return this.#records.subarray(index * recordWords, (index + 1) * recordWords);
  }

  /** The place of the id, or the free place where it belongs. */
  #slotOf(id: Uint32Array): number {
    const mask = this.#slots.length - 1;
    let slot = word(id, 1) & mask;
    for (;;) {
      const number = word(this.#slots, slot);
      if (number === 0 || this.#isAt(number - 1, id)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(index: number, id: Uint32Array): boolean {
    const start = index * recordWords;
    for (let offset = 0; offset < idWords; offset += 1)
      if (this.#records[start + offset] !== id[offset]) return false;
    return true;
  }

  #growSlots(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let index = 0; index < this.#count; index += 1)
      this.#slots[this.#slotOf(this.#record(index))] = index + 1;
  }

  #growRecords(): void {
    const grown = new Uint32Array(Math.max(4, Math.ceil(this.#count * 1.25)) * recordWords);
    grown.set(this.#records.subarray(0, this.#count * recordWords));
    this.#records = grown;
  }
}

/** A record with its id alone. */
function wordsOf(id: BlobId): Uint32Array {
  const record = new Uint32Array(recordWords);
  Buffer.from(record.buffer).write(id, 'hex');
  return record;
}

function idOf(record: Uint32Array): BlobId {
  return toHex(new Uint8Array(record.slice(0, idWords).buffer)) as BlobId;
}

function word(words: Uint32Array, index: number): number {
  return defined(words[index], 'word');
}
