import { LoadingCache } from '../../src/base/async/loadingCache.ts';
import { settleAll } from '../../src/base/async/settleAll.ts';
import { begin, readRange, type BlockSource } from '../../src/core/block/blockSource.ts';

export interface CacheSize {
  /** What is fetched and kept at a time. */
  readonly chunkBytes: number;
  /** At most so many chunks are kept; those being fetched and those being copied from come on top. */
  readonly maxChunks: number;
}

/**
 * For images that tests read from files. Keeps the chunks of a source that were read last. Readers of one chunk share one fetch; it is cancelled only when
 * all of them are. A failed fetch is forgotten, so that the next read tries again.
 */
export function cachedSource(source: BlockSource, { chunkBytes, maxChunks }: CacheSize): BlockSource {
  const { sizeBytes } = source;
  const chunks = new LoadingCache(maxChunks, async (index: number, signal) => {
    const startBytes = index * chunkBytes;
    return await readRange(source, startBytes, Math.min(chunkBytes, sizeBytes - startBytes), signal);
  });
  return {
    sizeBytes,
    read: async (offsetBytes, target, signal) => {
      begin('cache', sizeBytes, offsetBytes, target, signal);
      const endBytes = offsetBytes + target.byteLength;
      const copies: Promise<void>[] = [];
      for (let from = offsetBytes; from < endBytes;) {
        const index = Math.floor(from / chunkBytes);
        const until = Math.min(endBytes, (index + 1) * chunkBytes);
        const inChunk = from - index * chunkBytes;
        const piece = target.subarray(from - offsetBytes, until - offsetBytes);
        const copy = async () => {
          const chunk = await chunks.get(index, signal);
          piece.set(chunk.subarray(inChunk, inChunk + piece.byteLength));
        };
        copies.push(copy());
        from = until;
      }
      // Nobody writes into the target once the read has ended.
      await settleAll(copies);
    },
  };
}
