import type { SpentMemory } from '../block/spentMemory.ts';
import type { DiskReader } from '../disk/diskTransport.ts';
import { type Chunk, type ChunkGeometry, chunkMaker } from './chunk.ts';
import { chunksOfSource } from './chunksOfSource.ts';
import { chunksOfStream } from './chunksOfStream.ts';

/**
 * The whole disk as chunks, from first to last, in whichever shape it is read. Of a disk at random access only the
 * allocated areas are read; everything else is chunks of zeros.
 * @param memory  for chunks; what the consumer gives back there is used again
 */
export async function* chunksOfDisk(
  disk: DiskReader,
  geometry: ChunkGeometry,
  memory: SpentMemory,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, undefined> {
  if (disk.shape === 'stream') {
    yield* chunksOfStream(disk, geometry, memory, signal);
    return;
  }
  const { sizeBytes } = disk;
  const { chunkBytes } = geometry;
  const chunkAt = chunkMaker(sizeBytes, geometry);
  let next = 0;
  const { inFlight, maxBytes } = disk.reads;
  const areas = await disk.allocatedAreas(signal);
  for await (const chunk of chunksOfSource(disk, areas, geometry, signal, inFlight, maxBytes, memory)) {
    for (; next < chunk.index; next += 1) yield chunkAt(next, undefined);
    yield chunk;
    next = chunk.index + 1;
  }
  for (; next * chunkBytes < sizeBytes; next += 1) yield chunkAt(next, undefined);
}
