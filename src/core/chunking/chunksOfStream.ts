import { CancelledError } from '../../base/errors.ts';
import type { SpentMemory } from '../block/spentMemory.ts';
import { nonZeroPieces } from '../block/pieces.ts';
import type { DiskStream } from '../disk/diskTransport.ts';
import { type Chunk, type ChunkGeometry, chunkMaker } from './chunk.ts';
import { assertChunkGeometry } from './geometry.ts';

/**
 * The whole disk as chunks, from first to last, while it arrives. Holds one chunk. Ends normally only if the stream
 * did; leaving early closes the stream's blocks.
 * @param memory  for chunks; what the consumer gives back there is used again
 * @throws INVALID_INPUT for a bad geometry or a stream that breaks its promise of order; what the stream throws
 */
export async function* chunksOfStream(
  stream: DiskStream,
  geometry: ChunkGeometry,
  memory: SpentMemory,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, undefined> {
  assertChunkGeometry(geometry);
  const { chunkBytes } = geometry;
  const { sizeBytes } = stream;
  const chunkAt = chunkMaker(sizeBytes, geometry);

  let next = 0;
  const blocks = stream.blocks(signal, undefined, { blockBytes: chunkBytes, memory });
  for await (const piece of nonZeroPieces(blocks, sizeBytes, chunkBytes)) {
    if (signal.aborted) throw new CancelledError();
    for (; next < piece.index; next += 1) yield chunkAt(next, undefined);
    yield chunkAt(piece.index, unshared(piece.bytes));
    next = piece.index + 1;
  }
  for (; next * chunkBytes < sizeBytes; next += 1) yield chunkAt(next, undefined);
}

/** A chunk may be handed to a thread with its buffer: it must be the only thing in there. */
export function unshared(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
