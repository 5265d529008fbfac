import { AppError } from '../../base/errors.ts';
import { formatBytes, GiB, KiB, MiB } from '../../base/units.ts';
import type { ChunkGeometry } from './chunk.ts';

const minChunkBytes = 256 * KiB;
const maxChunkBytes = 8 * MiB;

/** How new disks are cut, unless a policy says otherwise. */
export const defaultChunkGeometry: ChunkGeometry = { chunkBytes: MiB, partBytes: 16 * GiB };

/**
 * Refuses a geometry nothing can be stored or found with.
 * @throws INVALID_INPUT
 */
export function assertChunkGeometry({ chunkBytes, partBytes }: ChunkGeometry): void {
  if (!Number.isInteger(Math.log2(chunkBytes)) || chunkBytes < minChunkBytes || chunkBytes > maxChunkBytes) {
    throw new AppError(
      'INVALID_INPUT',
      `a chunk size of ${chunkBytes} bytes is not a power of two from ` +
        `${formatBytes(minChunkBytes)} to ${formatBytes(maxChunkBytes)}`,
      { remedy: 'Choose another chunk size in the policy' },
    );
  }
  if (!Number.isSafeInteger(partBytes) || partBytes < chunkBytes || partBytes % chunkBytes !== 0) {
    throw new AppError(
      'INVALID_INPUT',
      `a part size of ${partBytes} bytes is not a multiple of the chunk size ${chunkBytes}`,
    );
  }
}
