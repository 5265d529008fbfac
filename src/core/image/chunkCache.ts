import { setImmediate as nextTurn } from 'node:timers/promises';

import { LoadingCache } from '../../base/async/loadingCache.ts';
import { freeMemory } from '../../base/freeMemory.ts';
import { KiB, MiB } from '../../base/units.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { Repository } from '../repository/repository.ts';
import { LineCache } from './lineCache.ts';

/** Chunks vary little in size; one that is larger than this counts as one all the same. */
const usualChunkBytes = MiB;
/** What file systems read at once of their own structures. */
const maxSmallBytes = 16 * KiB;
/** Of what is kept, for small reads. */
const smallShare = 1 / 8;
/** Reads of what is kept wait for nothing: without a pause, ten thousand of them would have everybody else wait. */
const readsPerTurn = 128;

/**
 * What was read last of the chunks of a repository, for all disks and restore points that are read together: what did not
 * change between two restore points is fetched once. Small reads are kept apart, and so for longer: the blocks of a folder lie
 * in chunks far from each other, and whoever reads a large file has them all dropped.
 */
export class ChunkCache {
  readonly #chunks: LoadingCache<BlobId, Uint8Array>;
  readonly #lines: LineCache;
  /** How many wait for a chunk, or copy from it. */
  readonly #readers = new Map<BlobId, number>();
  #readCount = 0;

  /** @param maxBytes  of what is kept, in chunks of 1 MiB; those being fetched and copied from come on top */
  constructor(repository: Pick<Repository, 'loadBlob'>, maxBytes: number) {
    this.#lines = new LineCache(maxBytes * smallShare);
    const maxChunks = Math.max(1, Math.floor((maxBytes * (1 - smallShare)) / usualChunkBytes));
    this.#chunks = new LoadingCache(
      maxChunks,
      async (id, signal) => await repository.loadBlob('data', id, signal),
      (id, chunk) => {
        if (!this.#readers.has(id)) freeMemory(chunk);
      },
    );
  }

  /**
   * Copies a range of a chunk to `target`, as far as the chunk goes.
   * @returns the length of the whole chunk
   */
  async read(id: BlobId, offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<number> {
    this.#readCount += 1;
    if (this.#readCount % readsPerTurn === 0) await nextTurn();
    const isSmall = target.byteLength <= maxSmallBytes;
    const known = isSmall ? this.#lines.read(id, offsetBytes, target) : undefined;
    if (known !== undefined) return known;
    this.#readers.set(id, (this.#readers.get(id) ?? 0) + 1);
    try {
      const chunk = await this.#chunks.get(id, signal);
      target.set(chunk.subarray(offsetBytes, offsetBytes + target.byteLength));
      if (isSmall) this.#lines.keep(id, chunk, offsetBytes, target.byteLength);
      return chunk.byteLength;
    } finally {
      const others = (this.#readers.get(id) ?? 1) - 1;
      if (others > 0) this.#readers.set(id, others);
      else this.#readers.delete(id);
    }
  }
}
