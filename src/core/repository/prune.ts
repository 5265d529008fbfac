import type { ProgressListener } from '../../base/progress.ts';
import type { RepositoryLock } from './locks.ts';

/** How thorough a prune is: copying what is used out of half-used packs costs reading and writing it. */
export interface PruneOptions {
  /** Share of what is used that may lie unused in packs beside it, 0 … 1: no pack is copied to get below. */
  readonly maxUnusedShare: number;
  /** At most so much is copied in one run; the rest waits for the next one. */
  readonly maxRepackBytes?: number;
}

/** What there is to do. Sizes are of packs as stored. */
export interface PrunePlan {
  readonly snapshotCount: number;
  readonly usedBlobCount: number;
  readonly usedBytes: number;
  /** Packs in which nothing is used; they are removed without being read. */
  readonly unusedPacks: PackTotal;
  /** Packs that no index file names: of interrupted backups. */
  readonly unnamedPacks: PackTotal;
  /** Packs partly used that are worth copying. */
  readonly repackedPacks: PackTotal;
  /** What of those is used, and will be copied. */
  readonly copiedBytes: number;
  /** What stays unused in packs that are not worth copying, or not yet. */
  readonly remainingUnusedBytes: number;
}

export interface PackTotal {
  readonly count: number;
  readonly sizeBytes: number;
}

export interface SweepResult {
  readonly removedPacks: PackTotal;
  readonly removedIndexFiles: number;
}

/**
 * A prune under way, in steps that need different locks. Every one leaves a sound repository, wherever it is
 * interrupted, and a prune that begins anew goes on from there: copying only adds, and removing removes whole packs in
 * which nothing is used by then. Disposing gives back the disk and memory that it takes to know what is used.
 */
export interface Pruning extends AsyncDisposable {
  readonly plan: PrunePlan;
  /**
   * Copies what is used out of the packs the plan names, each blob verified.
   * @param lock  a shared one is enough
   * @throws CorruptDataError for a damaged blob, which nobody can copy
   */
  repack(lock: RepositoryLock, onProgress: ProgressListener, signal: AbortSignal): Promise<void>;
  /**
   * Looks for snapshots that came since, and removes every pack that nothing needs: new index files, then old index files,
   * then packs.
   * @param lock  an exclusive one
   * @throws CONFLICT if the lock had lapsed meanwhile
   */
  sweep(lock: RepositoryLock, onProgress: ProgressListener, signal: AbortSignal): Promise<SweepResult>;
}
