import type { BlockSource } from '../block/blockSource.ts';
import type { DiskBlock } from '../block/diskBlock.ts';
import type { Extent } from '../block/extent.ts';
import type { SpentMemory } from '../block/spentMemory.ts';

/** The two shapes in which a disk can be read; a transport offers one of them. */
export type DiskReader = RandomAccessDisk | DiskStream;

/** A disk that can be read anywhere: only what may have changed needs to be read. */
export interface RandomAccessDisk extends BlockSource, AsyncDisposable {
  readonly shape: 'random-access';
  /** How it wants to be read: ranges of at most so many bytes, so many of them at a time. */
  readonly reads: { readonly maxBytes: number; readonly inFlight: number };
  /**
   * The areas that may hold anything but zeros, ascending; the whole disk where the transport cannot tell. What lies
   * outside them reads as zeros.
   */
  allocatedAreas(signal: AbortSignal): Promise<readonly Extent[]>;
  /** Bytes received from the network so far, for progress. */
  readonly receivedBytes: number;
}

/** Whether anybody will look at a part of the disk. */
export type IsWanted = (area: Extent) => boolean;

/** How a disk that arrives is cut into blocks. */
export interface BlockCut {
  /** A power of two. Blocks are aligned to it; a format whose own pieces are larger keeps those. */
  readonly blockBytes: number;
  /** For blocks; what the consumer gives back there is used again. */
  readonly memory: SpentMemory;
}

/** A disk that arrives once, front to back: everything is read, whatever has changed. */
export interface DiskStream extends AsyncDisposable {
  readonly shape: 'stream';
  readonly sizeBytes: number;
  /**
   * The stored blocks in ascending order without overlap; what is skipped reads as zeros. Ends normally only after
   * the stream's own end mark was seen and its length verified. May be iterated once; leaving early closes it.
   * @param isWanted  called in ascending order; a block for which it says no may be left out as it came, unpacked by
   *   nobody
   * @param cut  without it blocks are what the format has
   */
  blocks(signal: AbortSignal, isWanted?: IsWanted, cut?: BlockCut): AsyncIterable<DiskBlock>;
  /** Bytes received from the network so far, for progress; compressed, hence not comparable to `sizeBytes`. */
  readonly receivedBytes: number;
}
