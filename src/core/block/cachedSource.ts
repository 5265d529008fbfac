import { CancelledError } from '../../base/errors.ts';
import { begin, type BlockSource } from './blockSource.ts';

export interface CacheSize {
  /** What is fetched and kept at a time. */
  readonly chunkBytes: number;
  /** At most so many chunks are kept; those being fetched and those being copied from come on top. */
  readonly maxChunks: number;
}

/**
 * Keeps the chunks of a source that were read last. Readers of one chunk share one fetch; it is cancelled only when
 * all of them are. A failed fetch is forgotten, so that the next read tries again.
 */
export function cachedSource(source: BlockSource, size: CacheSize): BlockSource {
  const cache = new ChunkCache(source, size);
  return {
    sizeBytes: source.sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin('cache', source.sizeBytes, offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      const copies: Promise<void>[] = [];
      for (let from = offsetBytes; from < endBytes;) {
        const index = Math.floor(from / size.chunkBytes);
        const until = Math.min(endBytes, (index + 1) * size.chunkBytes);
        const inChunk = from - index * size.chunkBytes;
        const piece = target.subarray(from - offsetBytes, until - offsetBytes);
        const copy = async () => {
          const chunk = await cache.get(index, signal);
          piece.set(chunk.subarray(inChunk, inChunk + piece.byteLength));
        };
        copies.push(copy());
        from = until;
      }
      for (const result of await Promise.allSettled(copies)) {
        if (result.status === 'rejected') throw result.reason;
      }
    },
  };
}

class ChunkCache {
  readonly #source: BlockSource;
  readonly #size: CacheSize;
  /** Least recently used first. */
  readonly #chunks = new Map<number, Uint8Array>();
  readonly #fetches = new Map<number, Fetch>();

  constructor(source: BlockSource, size: CacheSize) {
    this.#source = source;
    this.#size = size;
  }

  async get(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const chunk = this.#chunks.get(index);
    if (chunk !== undefined) {
      this.#keep(index, chunk);
      return chunk;
    }
    let fetch = this.#fetches.get(index);
    if (fetch === undefined) {
      fetch = new Fetch(async fetchSignal => await this.#load(index, fetchSignal));
      this.#fetches.set(index, fetch);
    }
    const joined = fetch;
    return await joined.join(signal, () => {
      if (this.#fetches.get(index) === joined) this.#fetches.delete(index);
    });
  }

  async #load(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const startBytes = index * this.#size.chunkBytes;
    const chunk = new Uint8Array(Math.min(this.#size.chunkBytes, this.#source.sizeBytes - startBytes));
    await this.#source.read(startBytes, chunk, signal);
    this.#keep(index, chunk);
    return chunk;
  }

  #keep(index: number, chunk: Uint8Array): void {
    this.#chunks.delete(index);
    this.#chunks.set(index, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= this.#size.maxChunks) break;
      this.#chunks.delete(oldest);
    }
  }
}

/** One load, waited for by several readers. */
class Fetch {
  readonly #controller = new AbortController();
  readonly #result: Promise<Uint8Array>;
  #readers = 0;

  constructor(load: (signal: AbortSignal) => Promise<Uint8Array>) {
    this.#result = load(this.#controller.signal);
    this.#result.catch(() => undefined);
  }

  /** @param onOver  called when the load has ended or nobody waits for it any more */
  async join(signal: AbortSignal, onOver: () => void): Promise<Uint8Array> {
    this.#readers += 1;
    let onAbort: () => void = () => undefined;
    const cancelled = new Promise<never>((_, reject) => {
      onAbort = () => {
        this.#readers -= 1;
        if (this.#readers === 0) {
          onOver();
          this.#controller.abort();
        }
        reject(new CancelledError());
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([this.#result.finally(onOver), cancelled]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
