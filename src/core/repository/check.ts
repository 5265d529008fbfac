import type { SnapshotId } from './snapshot.ts';

export interface CheckOptions {
  /** Read, decrypt and hash every blob; otherwise what trees refer to is looked for, and only trees are read. */
  readonly readData: boolean;
}

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
