import { AppError } from '../../../base/errors.ts';
import { shortId } from '../../catalog/restorePoint.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import type { Repository } from '../../repository/repository.ts';
import type { SnapshotId } from '../../repository/snapshot.ts';
import { underLock } from '../../repository/underLock.ts';
import { emptiedGroups, type ForgetPlan, forgottenPoints } from './forgetPlan.ts';

export interface ForgetOptions {
  /** Whether the last restore point of a VM may go. */
  readonly mayEmpty: boolean;
}

/**
 * Carries a plan out, under an exclusive lock and exactly as it was shown. Their bytes stay until a prune; what is gone
 * already is no error.
 * @returns what was removed
 * @throws CONFLICT, before anything is removed, if the repository is in use, if the plan leaves nothing of a VM and
 *   that was not allowed, or if something that the plan keeps has gone meanwhile: then what it forgets may be the last
 */
export async function forget(
  repository: Repository,
  journal: LeaseJournal,
  plan: ForgetPlan,
  { mayEmpty }: ForgetOptions,
  signal: AbortSignal,
): Promise<readonly SnapshotId[]> {
  const doomed = forgottenPoints(plan).map(({ id }) => id);
  if (doomed.length === 0) return [];
  if (!mayEmpty) assertNoneEmptied(plan);
  return await underLock(repository, { mode: 'exclusive', journal }, signal, async (lock, held) => {
    const present = new Set<SnapshotId>();
    for await (const { id } of repository.listSnapshots(held)) present.add(id);
    assertKeptAreThere(plan, present);
    const ids = doomed.filter(id => present.has(id));
    if (ids.length > 0) await repository.record({ action: 'forget', subject: namesOf(plan), ids }, held);
    const removed: SnapshotId[] = [];
    for (const id of ids) {
      await repository.removeSnapshot(id, lock, held);
      removed.push(id);
    }
    return removed;
  });
}

/** Of the VMs that lose restore points. */
function namesOf(plan: ForgetPlan): string {
  return [...new Set(forgottenPoints(plan).map(({ vmName }) => vmName))].join(', ');
}

function assertNoneEmptied(plan: ForgetPlan): void {
  const [emptied] = emptiedGroups(plan);
  if (emptied === undefined) return;
  throw new AppError('CONFLICT', `no restore point of ${emptied.vmName} would be left`, {
    object: emptied.vmName,
    remedy: 'Keep at least one with --keep-last 1, or say --allow-last if that is what you want',
  });
}

function assertKeptAreThere({ groups }: ForgetPlan, present: ReadonlySet<SnapshotId>): void {
  const kept = groups.flatMap(({ verdicts }) => verdicts.filter(({ reasons }) => reasons.length > 0));
  const gone = kept.find(({ point }) => !present.has(point.id))?.point;
  if (gone === undefined) return;
  throw new AppError(
    'CONFLICT',
    `restore point ${shortId(gone.id)} of ${gone.vmName}, which was to be kept, was removed by somebody else`,
    { object: shortId(gone.id), remedy: 'Look at a new plan' },
  );
}
