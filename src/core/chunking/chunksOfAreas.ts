import { CancelledError } from '../../base/errors.ts';
import type { Extent } from '../block/extent.ts';
import type { SpentMemory } from '../block/spentMemory.ts';
import { nonZeroPieces } from '../block/pieces.ts';
import type { DiskReader, DiskStream } from '../disk/diskTransport.ts';
import { type Chunk, type ChunkGeometry, chunkMaker } from './chunk.ts';
import { chunksOfSource } from './chunksOfSource.ts';
import { unshared } from './chunksOfStream.ts';

/** Some chunks of a disk, cut by the same geometry. */
export interface WantedChunks {
  /** Ascending, not overlapping. */
  runs(): Iterable<{ readonly first: number; readonly end: number }>;
  /** The same as areas of the disk. */
  areas(): Iterable<Extent>;
  /** Whether a wanted chunk has a part in the area. */
  touchesArea(area: Extent): boolean;
}

/**
 * The wanted chunks of a disk, each once, in ascending order. At random access only they are read; of a stream everything
 * arrives, and what nobody wants is left packed.
 * @param onPosition  how far a stream has come, in bytes of the disk
 * @param memory      for chunks; what the consumer gives back there is used again
 */
export async function* chunksOfAreas(
  disk: DiskReader,
  wanted: WantedChunks,
  geometry: ChunkGeometry,
  onPosition: (offsetBytes: number) => void,
  memory: SpentMemory,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, undefined> {
  if (disk.shape === 'stream') {
    yield* wantedOfStream(disk, wanted, geometry, onPosition, memory, signal);
    return;
  }
  const { inFlight, maxBytes } = disk.reads;
  yield* chunksOfSource(disk, wanted.areas(), geometry, signal, inFlight, maxBytes, memory);
}

async function* wantedOfStream(
  stream: DiskStream,
  wanted: WantedChunks,
  { chunkBytes }: ChunkGeometry,
  onPosition: (offsetBytes: number) => void,
  memory: SpentMemory,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, undefined> {
  const { sizeBytes } = stream;
  const chunkAt = chunkMaker(sizeBytes, { chunkBytes });
  const isWanted = (area: Extent) => {
    onPosition(area.startBytes);
    return wanted.touchesArea(area);
  };
  const blocks = stream.blocks(signal, isWanted, { blockBytes: chunkBytes, memory });
  const indexes = indexesOf(wanted);
  let next = indexes.next();
  for await (const { index, bytes } of nonZeroPieces(blocks, sizeBytes, chunkBytes)) {
    if (signal.aborted) throw new CancelledError();
    for (; next.done !== true && next.value < index; next = indexes.next())
      yield chunkAt(next.value, undefined);
    // Else a block has brought it along that reaches into a wanted chunk.
    if (next.done === true || next.value !== index) continue;
    yield chunkAt(index, unshared(bytes));
    next = indexes.next();
  }
  for (; next.done !== true; next = indexes.next()) yield chunkAt(next.value, undefined);
}

function* indexesOf(wanted: WantedChunks): Generator<number, void> {
  for (const { first, end } of wanted.runs()) for (let index = first; index < end; index += 1) yield index;
}
