import { type AppError, toAppError } from '../../../base/errors.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { randomUuid } from '../../../base/random.ts';
import type { ManifestGroup } from '../../catalog/manifest.ts';
import { groupSkew } from '../../consistency/recovery/groupSkew.ts';
import type { RepositoryLock } from '../../repository/locks.ts';
import type { Repository } from '../../repository/repository.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { BackupPlan } from './backupPlan.ts';
import { type BackupDeps, type BackupResult, commitBackup, underVmLock } from './backupVm.ts';
import {
  giveBackSnapshot,
  readSnapshotDisks,
  takeBackupSnapshot,
  type TakenSnapshot,
} from './readThroughSnapshot.ts';

/** What became of one VM of a group. */
export type MemberResult =
  | { readonly vmName: string; readonly result: BackupResult }
  | { readonly vmName: string; readonly error: AppError };

export interface GroupResult {
  /** Undefined if no VM could be snapshotted. */
  readonly group: ManifestGroup | undefined;
  /** In the order of the plans. */
  readonly members: readonly MemberResult[];
}

/**
 * Backs up several VMs whose snapshots are asked for at the same time, and then read one after the other. How far apart
 * they came out is measured and kept; the VMs are near each other in time and never consistent with each other. A VM that
 * fails does not keep the others from being backed up.
 */
export async function backUpGroup(
  session: VimSession,
  repository: Repository,
  plans: readonly BackupPlan[],
  name: string | undefined,
  deps: BackupDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<GroupResult> {
  const startedAt = deps.clock.now();
  return await underEachLock(repository, plans, deps, signal, async (locks, held) => {
    const open = new Set<TakenSnapshot>();
    try {
      const taken = await Promise.all(
        plans.map(async plan => {
          try {
            const snapshot = await takeBackupSnapshot(session, plan, deps, onProgress, held);
            open.add(snapshot);
            return snapshot;
          } catch (error) {
            return toAppError(error);
          }
        }),
      );
      held.throwIfAborted();
      const group = groupOf([...open], name, randomUuid(deps.random));
      const members: MemberResult[] = [];
      for (const [index, plan] of plans.entries()) {
        const [snapshot, lock] = [taken[index], locks[index]];
        if (snapshot === undefined || lock === undefined) continue;
        if ('plan' in snapshot) open.delete(snapshot);
        const write = async (of: TakenSnapshot) => {
          const read = await readSnapshotDisks(session, repository, of, deps, onProgress, held);
          const backup = { plan, read, startedAt, lock, group };
          return await commitBackup(session, repository, backup, deps, onProgress, held);
        };
        members.push(await memberResult(plan.vm.name, snapshot, write, held));
      }
      return { group, members };
    } finally {
      for (const { snapshot } of open) await giveBackSnapshot(snapshot, deps, onProgress);
    }
  });
}

async function memberResult(
  vmName: string,
  taken: TakenSnapshot | AppError,
  write: (taken: TakenSnapshot) => Promise<BackupResult>,
  signal: AbortSignal,
): Promise<MemberResult> {
  if (!('plan' in taken)) return { vmName, error: taken };
  try {
    return { vmName, result: await write(taken) };
  } catch (error) {
    signal.throwIfAborted();
    return { vmName, error: toAppError(error) };
  }
}

/** One lock within the other; `held` ends with the first that is lost. */
async function underEachLock<Result>(
  repository: Repository,
  [plan, ...others]: readonly BackupPlan[],
  deps: BackupDeps,
  signal: AbortSignal,
  work: (locks: readonly RepositoryLock[], held: AbortSignal) => Promise<Result>,
): Promise<Result> {
  if (plan === undefined) return await work([], signal);
  return await underVmLock(
    repository,
    plan,
    deps,
    signal,
    async (lock, held) =>
      await underEachLock(
        repository,
        others,
        deps,
        held,
        async (locks, all) => await work([lock, ...locks], all),
      ),
  );
}

function groupOf(
  taken: readonly TakenSnapshot[],
  name: string | undefined,
  id: string,
): ManifestGroup | undefined {
  const skew = groupSkew(taken.map(({ snapshot }) => snapshot.facts.createdAt));
  if (skew === undefined) return undefined;
  return {
    id,
    ...(name !== undefined && { name }),
    skewMs: skew.skewMs,
    members: taken
      .toSorted(
        (one, other) => one.snapshot.facts.createdAt.getTime() - other.snapshot.facts.createdAt.getTime(),
      )
      .map(({ snapshot }) => ({
        vmInstanceUuid: snapshot.config.instanceUuid ?? snapshot.config.uuid,
        name: snapshot.vm.name,
        takenAt: snapshot.facts.createdAt.toISOString(),
      })),
  };
}
