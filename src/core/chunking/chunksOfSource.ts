import { mapOrdered } from '../../base/async/mapOrdered.ts';
import { AppError } from '../../base/errors.ts';
import type { BlockSource } from '../block/blockSource.ts';
import type { Extent } from '../block/extent.ts';
import { SpentMemory } from '../block/spentMemory.ts';
import { isZero } from '../block/zeros.ts';
import type { Chunk, ChunkGeometry } from './chunk.ts';
import { assertChunkGeometry } from './geometry.ts';

/**
 * The chunks of a disk that the areas touch, whole, in ascending order, each once. Pulled: no more than `concurrency`
 * reads are ahead or held.
 * @param areas         ascending by start; they may touch or overlap
 * @param concurrency   reads in flight; on a remote disk it makes the speed
 * @param maxReadBytes  neighboring chunks are read at once up to that size, for every read of a remote disk has its price
 * @param memory        for the chunks; what the consumer gives back there is used again
 * @throws INVALID_INPUT for a bad geometry or areas that leave the disk or do not ascend; what the source throws
 */
export async function* chunksOfSource(
  source: BlockSource,
  areas: Iterable<Extent>,
  geometry: ChunkGeometry,
  signal: AbortSignal,
  concurrency = 8,
  maxReadBytes = geometry.chunkBytes,
  memory = new SpentMemory(),
): AsyncGenerator<Chunk, void, undefined> {
  assertChunkGeometry(geometry);
  const { chunkBytes } = geometry;
  const { sizeBytes } = source;
  const runs = runsOf(chunkIndexes(areas, sizeBytes, chunkBytes), Math.floor(maxReadBytes / chunkBytes));
  const reads = mapOrdered(runs, concurrency, async ({ first, count }): Promise<Chunk[]> => {
    const startBytes = first * chunkBytes;
    const runBytes = Math.min(count * chunkBytes, sizeBytes - startBytes);
    const read = memory.take(runBytes);
    await source.read(startBytes, read, signal);
    const chunks = Array.from({ length: count }, (_, position): Chunk => {
      const offsetBytes = startBytes + position * chunkBytes;
      const lengthBytes = Math.min(chunkBytes, sizeBytes - offsetBytes);
      const inRun = read.subarray(position * chunkBytes, position * chunkBytes + lengthBytes);
      const chunk = { index: first + position, offsetBytes, lengthBytes };
      if (isZero(inRun)) return { ...chunk, bytes: undefined };
      if (count === 1) return { ...chunk, bytes: read };
      // A chunk may be handed to a thread with its buffer: it must be the only thing in there.
      const bytes = memory.take(lengthBytes);
      bytes.set(inRun);
      return { ...chunk, bytes };
    });
    if (count > 1 || chunks[0]?.bytes === undefined) memory.give(read);
    return chunks;
  });
  for await (const chunks of reads) yield* chunks;
}

/** Neighbors together, at most `maxCount` of them. */
function* runsOf(
  indexes: Iterable<number>,
  maxCount: number,
): Generator<{ readonly first: number; readonly count: number }> {
  let first = 0;
  let count = 0;
  for (const index of indexes) {
    if (count > 0 && (index !== first + count || count >= maxCount)) {
      yield { first, count };
      count = 0;
    }
    if (count === 0) first = index;
    count += 1;
  }
  if (count > 0) yield { first, count };
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
