import { mapOrdered } from '../../base/async/mapOrdered.ts';
import { AppError } from '../../base/errors.ts';
import { readRange, type BlockSource } from '../block/blockSource.ts';
import type { Extent } from '../block/extent.ts';
import { isZero } from '../block/zeros.ts';
import type { Chunk, ChunkGeometry } from './chunk.ts';
import { assertChunkGeometry } from './geometry.ts';

/**
 * The chunks of a disk that the areas touch, whole, in ascending order, each once. Pulled: no more than `concurrency`
 * chunks are read ahead or held.
 * @param areas        ascending by start; they may touch or overlap
 * @param concurrency  reads in flight; on a remote disk it makes the speed
 * @throws INVALID_INPUT for a bad geometry or areas that leave the disk or do not ascend; what the source throws
 */
export async function* chunksOfSource(
  source: BlockSource,
  areas: Iterable<Extent>,
  geometry: ChunkGeometry,
  signal: AbortSignal,
  concurrency = 8,
): AsyncGenerator<Chunk, void, undefined> {
  assertChunkGeometry(geometry);
  const { chunkBytes } = geometry;
  const { sizeBytes } = source;
  const indexes = chunkIndexes(areas, sizeBytes, chunkBytes);
  yield* mapOrdered(indexes, concurrency, async (index): Promise<Chunk> => {
    const offsetBytes = index * chunkBytes;
    const lengthBytes = Math.min(chunkBytes, sizeBytes - offsetBytes);
    const bytes = await readRange(source, offsetBytes, lengthBytes, signal);
    return { index, offsetBytes, lengthBytes, bytes: isZero(bytes) ? undefined : bytes };
  });
}

function* chunkIndexes(areas: Iterable<Extent>, sizeBytes: number, chunkBytes: number): Generator<number> {
  let next = 0;
  let previousStart = 0;
  for (const { startBytes, lengthBytes } of areas) {
    const endBytes = startBytes + lengthBytes;
    if (
      !Number.isSafeInteger(startBytes) ||
      !Number.isSafeInteger(endBytes) ||
      startBytes < previousStart ||
      lengthBytes < 0 ||
      endBytes > sizeBytes
    ) {
      throw new AppError(
        'INVALID_INPUT',
        `an area of ${lengthBytes} bytes at ${startBytes} does not fit behind ${previousStart} ` +
          `on a disk of ${sizeBytes} bytes`,
      );
    }
    previousStart = startBytes;
    if (lengthBytes === 0) continue;
    next = Math.max(next, Math.floor(startBytes / chunkBytes));
    for (; next * chunkBytes < endBytes; next += 1) yield next;
  }
}
