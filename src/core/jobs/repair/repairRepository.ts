import type { ProgressListener } from '../../../base/progress.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import type { RepairOptions, RepairPlan, RepairResult } from '../../repository/repair.ts';
import type { Repository } from '../../repository/repository.ts';
import { underLock } from '../../repository/underLock.ts';
import { type AffectedPoint, findAffectedPoints } from './affectedPoints.ts';

/** Finds what a repair would mend, beside running backups. */
export async function planRepair(
  repository: Repository,
  journal: LeaseJournal,
  options: RepairOptions,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<RepairPlan> {
  return await underLock(repository, { mode: 'shared', journal }, signal, async (lock, held) => {
    return await repository.planRepair(options, lock, onProgress, held);
  });
}

export interface RepositoryRepair extends RepairResult {
  readonly affected: readonly AffectedPoint[];
}

/**
 * Mends a repository from what is still good in it, and then says which restore points and guest files lack something.
 * @throws CONFLICT if the repository is in use
 */
export async function repairRepository(
  repository: Repository,
  journal: LeaseJournal,
  options: RepairOptions,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<RepositoryRepair> {
  const result = await underLock(repository, { mode: 'exclusive', journal }, signal, async (lock, held) => {
    await repository.record({ action: 'repair', subject: repository.location, ids: [] }, held);
    return await repository.repair(options, lock, onProgress, held);
  });
  const affected = await underLock(repository, { mode: 'shared', journal }, signal, async (_, held) => {
    return await findAffectedPoints(repository, onProgress, held);
  });
  return { ...result, affected };
}
