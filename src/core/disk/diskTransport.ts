import type { DiskBlock } from '../block/diskBlock.ts';

/** A disk that arrives once, front to back: everything is read, whatever has changed. */
export interface DiskStream extends AsyncDisposable {
  readonly sizeBytes: number;
  /**
   * The stored blocks in ascending order without overlap; what is skipped reads as zeros. Ends normally only after
   * the stream's own end mark was seen and its length verified. May be iterated once; leaving early closes it.
   */
  blocks(signal: AbortSignal): AsyncIterable<DiskBlock>;
  /** Bytes received from the network so far, for progress; compressed, hence not comparable to `sizeBytes`. */
  readonly receivedBytes: number;
}
