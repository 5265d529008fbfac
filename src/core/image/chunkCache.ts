import { LoadingCache } from '../../base/async/loadingCache.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { Repository } from '../repository/repository.ts';

/** Chunks vary little in size; one that is larger than this counts as one all the same. */
const usualChunkBytes = 1024 * 1024;

/**
 * The chunks of a repository that were read last, for all disks and restore points that are read together: what did not
 * change between two restore points is fetched once.
 */
export class ChunkCache {
  readonly #chunks: LoadingCache<BlobId, Uint8Array>;

  /** @param maxBytes  of what is kept, in chunks of 1 MiB; those being fetched and copied from come on top */
  constructor(repository: Pick<Repository, 'loadBlob'>, maxBytes: number) {
    const maxChunks = Math.max(1, Math.floor(maxBytes / usualChunkBytes));
    this.#chunks = new LoadingCache(
      maxChunks,
      async (id, signal) => await repository.loadBlob('data', id, signal),
    );
  }

  /** The content of a chunk; shared, never to be changed. */
  async load(id: BlobId, signal: AbortSignal): Promise<Uint8Array> {
    return await this.#chunks.get(id, signal);
  }
}
