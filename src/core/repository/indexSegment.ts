import type { BlobLocation, BlobType } from './blobIndex.ts';

/** A pack as an index file names it. */
export interface PackEntry {
  readonly packId: string;
  readonly fileId: string;
}

/** What a new segment is made of. */
export interface SegmentContent {
  /** There may be fewer records. */
  readonly maxRecords: number;
  readonly fileIds: readonly string[];
  /** In the order of their numbers in the records. Read to the end before the first record. */
  packs(signal: AbortSignal): AsyncIterable<PackEntry>;
  /** Ascending by `compareRecords`; what is given is read before the next is asked for. */
  records(signal: AbortSignal): AsyncIterable<Uint32Array>;
}

/**
 * A sorted part of an index on disk that never changes. It stands for whole index files.
 *
 * What is damaged is never taken for true: every method may throw CORRUPT_DATA, or UNREACHABLE where it cannot be read.
 */
export interface IndexSegment {
  /** The index files and how many blobs it has from each. */
  readonly files: ReadonlyMap<string, number>;
  readonly recordCount: number;
  /** Something in it was found damaged or could not be read: what it stands for has to be found out anew. */
  readonly isDamaged: boolean;
  /** @param isLive  whether what this index file says counts */
  lookup(
    type: BlobType,
    id: Uint32Array,
    isLive: (fileId: string) => boolean,
    signal: AbortSignal,
  ): Promise<BlobLocation | undefined>;
  packs(signal: AbortSignal): AsyncIterable<PackEntry>;
  records(signal: AbortSignal): AsyncIterable<Uint32Array>;
  /** Keeps it readable until the result is disposed of, whatever `close` and `remove` do. */
  hold(): Disposable;
  /** Never throws. */
  close(): Promise<void>;
  /** Closes it, and removes it from the disk. Never throws: what cannot be removed is found again by the next `open`. */
  remove(): Promise<void>;
}

/** Where segments lie. */
export interface SegmentStore {
  /** Segments that were written before; what is damaged or of another repository is removed, not given. */
  open(signal: AbortSignal): Promise<readonly IndexSegment[]>;
  /** All of it or nothing. */
  write(content: SegmentContent, signal: AbortSignal): Promise<IndexSegment>;
}

/** How much of an index is in memory. */
export interface IndexLimits {
  /** So many blobs in memory at most; 250,000, some 25 MB. */
  readonly maxRecordsInMemory?: number;
  /** From so many on they are put on disk when it is a good moment; 20,000. Fewer are read as fast from index files. */
  readonly minRecordsToKeep?: number;
}

/** Where the index of a repository lies. */
export interface SegmentStores {
  /** From one run to the next. */
  readonly kept: SegmentStore;
  /** What goes with the process. */
  readonly scratch: SegmentStore;
  readonly limits: IndexLimits;
}
