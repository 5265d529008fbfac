import type { BlockSource } from '../block/blockSource.ts';
import type { DiskBlock } from '../block/diskBlock.ts';
import type { Extent } from '../block/extent.ts';

/** The two shapes in which a disk can be read; a transport offers one of them. */
export type DiskReader = RandomAccessDisk | DiskStream;

/** A disk that can be read anywhere: only what may have changed needs to be read. */
export interface RandomAccessDisk extends BlockSource, AsyncDisposable {
  readonly shape: 'random-access';
  /**
   * The areas that may hold anything but zeros, ascending; the whole disk where the transport cannot tell. What lies
   * outside them reads as zeros.
   */
  allocatedAreas(signal: AbortSignal): Promise<readonly Extent[]>;
  /** Bytes received from the network so far, for progress. */
  readonly receivedBytes: number;
}

/** A disk that arrives once, front to back: everything is read, whatever has changed. */
export interface DiskStream extends AsyncDisposable {
  readonly shape: 'stream';
  readonly sizeBytes: number;
  /**
   * The stored blocks in ascending order without overlap; what is skipped reads as zeros. Ends normally only after
   * the stream's own end mark was seen and its length verified. May be iterated once; leaving early closes it.
   */
  blocks(signal: AbortSignal): AsyncIterable<DiskBlock>;
  /** Bytes received from the network so far, for progress; compressed, hence not comparable to `sizeBytes`. */
  readonly receivedBytes: number;
}
