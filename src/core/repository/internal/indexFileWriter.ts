import { createHash } from 'node:crypto';
import type { Random } from '../../../base/random.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { ObjectStore } from '../objectStore.ts';
import { encodeIndex, type PackContents } from './indexFile.ts';
import { sealJson } from './unpacked.ts';

/** The format's own limit; a client reads an index file as a whole. */
export const maxBlobsPerIndexFile = 50_000;

/** Writes packs into as few index files as they fit in. */
export class IndexFileWriter {
  readonly #store: ObjectStore;
  readonly #sealer: Sealer;
  readonly #random: Random;
  readonly #written: string[] = [];
  #packs: PackContents[] = [];
  #blobCount = 0;

  constructor(store: ObjectStore, sealer: Sealer, random: Random) {
    this.#store = store;
    this.#sealer = sealer;
    this.#random = random;
  }

  /** Ids of the index files so far. */
  get written(): readonly string[] {
    return this.#written;
  }

  async add(pack: PackContents, signal: AbortSignal): Promise<void> {
    if (this.#blobCount + pack.blobs.length > maxBlobsPerIndexFile) await this.finish(signal);
    this.#packs.push(pack);
    this.#blobCount += pack.blobs.length;
  }

  /** Everything added is named by a durable index file once this resolves. */
  async finish(signal: AbortSignal): Promise<void> {
    if (this.#packs.length === 0) return;
    const sealed = await sealJson(encodeIndex(this.#packs), this.#sealer, this.#random);
    const id = createHash('sha256').update(sealed).digest('hex');
    await this.#store.put({ kind: 'index', id }, sealed, signal);
    this.#written.push(id);
    this.#packs = [];
    this.#blobCount = 0;
  }
}
