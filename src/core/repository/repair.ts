import type { SnapshotId } from './snapshot.ts';

export interface RepairOptions {
  /** Read every pack; otherwise only sizes are compared, and what no index file names is read. */
  readonly readData: boolean;
  /** Remove snapshot files that cannot be read: nobody can restore from them, and no prune is possible beside them. */
  readonly removeUnreadableSnapshots: boolean;
}

/** What is the matter with a repository, and so what a repair does; the lists hold ids. */
export interface RepairPlan {
  /** Index files that are damaged; all they named is found again in the packs. */
  readonly damagedIndexFiles: readonly string[];
  /** Packs that an index file names and that are gone: what only they had is lost. */
  readonly missingPacks: readonly string[];
  /** Packs that are not as they were written: of each blob it is tried whether it is still good. */
  readonly damagedPacks: readonly string[];
  /** Whole packs that no index file names: they are named again. */
  readonly foundPacks: readonly string[];
  readonly unreadableSnapshots: readonly SnapshotId[];
}

export interface RepairResult extends RepairPlan {
  /** Out of damaged packs. */
  readonly rescuedBlobCount: number;
  readonly lostBlobCount: number;
  readonly removedSnapshots: readonly SnapshotId[];
}

export function needsRepair(plan: RepairPlan): boolean {
  const { damagedIndexFiles, missingPacks, damagedPacks, foundPacks } = plan;
  return [damagedIndexFiles, missingPacks, damagedPacks, foundPacks].some(list => list.length > 0);
}
