import type { SnapshotId } from './snapshot.ts';

export interface CheckOptions {
  /** Read, decrypt and hash every blob; otherwise what trees refer to is looked for, and only trees are read. */
  readonly readData: boolean;
  /** Of which packs the data is read; without it, of all. */
  readonly subset?: ReadSubset;
}

/**
 * `part`: the n-th of so many parts, 1 … `parts` ≤ 256, by the first byte of a pack's id; all parts in turn are everything,
 * and restic's `--read-data-subset n/t` reads the same packs. `sample`: a random share of the packs, 0 … 1.
 */
export type ReadSubset =
  | { readonly kind: 'part'; readonly part: number; readonly parts: number }
  | { readonly kind: 'sample'; readonly share: number };

/** What is the matter with one file or blob of the repository. */
export interface CheckFinding {
  /** The file or blob, for instance `pack 5f3c…`. */
  readonly object: string;
  readonly message: string;
}

/** What came of looking at a whole repository. */
export interface CheckResult {
  /** Restore points are damaged, or cannot be trusted. The first thousand; `errorCount` counts all. */
  readonly errors: readonly CheckFinding[];
  readonly errorCount: number;
  /** Nothing is lost by it, but somebody should know. The first thousand as well. */
  readonly warnings: readonly CheckFinding[];
  readonly warningCount: number;
  /** Of those that can be read: what refers to something that is missing or damaged. */
  readonly damagedSnapshots: readonly SnapshotId[];
  readonly snapshotCount: number;
  readonly indexFileCount: number;
  readonly packCount: number;
  readonly packBytes: number;
  /** As the index files name them. */
  readonly blobCount: number;
  readonly treeCount: number;
  /** Of packs that were read as a whole. */
  readonly readBytes: number;
}
