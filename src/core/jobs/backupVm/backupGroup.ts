import { defined } from '../../../base/assert.ts';
import { allOrNone } from '../../../base/async/allOrNone.ts';
import { type AppError, toAppError } from '../../../base/errors.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { randomUuid } from '../../../base/random.ts';
import type { ManifestGroup } from '../../catalog/manifest.ts';
import { groupSkew } from '../../consistency/recovery/groupSkew.ts';
import type { RepositoryLock } from '../../repository/locks.ts';
import type { Repository } from '../../repository/repository.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { AskForLess } from '../snapshotByPolicy.ts';
import type { BackupPlan } from './backupPlan.ts';
import { type BackupDeps, type BackupResult, commitBackup, underVmLock } from './backupVm.ts';
import {
  giveBackSnapshot,
  readSnapshotDisks,
  takeBackupSnapshot,
  type TakenSnapshot,
} from './readThroughSnapshot.ts';

/** One VM of a group, and who hears of it. */
export interface GroupMember {
  readonly plan: BackupPlan;
  /** Called for one VM of the group at a time. */
  readonly askForLess: AskForLess;
  readonly onProgress: ProgressListener;
  /** Ends the backup of this VM alone. */
  readonly signal: AbortSignal;
  /** Called once, as soon as the VM is done; not if the whole group is cancelled. */
  readonly onEnd: (result: MemberResult) => void;
}

/** What became of one VM of a group. */
export type MemberResult =
  | { readonly vmName: string; readonly result: BackupResult }
  | { readonly vmName: string; readonly error: AppError };

type GroupDeps = Omit<BackupDeps, 'askForLess'>;

export interface GroupResult {
  /** Undefined if no VM could be snapshotted. */
  readonly group: ManifestGroup | undefined;
  /** In the order in which they were given. */
  readonly members: readonly MemberResult[];
}

/**
 * Backs up several VMs whose snapshots are asked for at the same time, and then read side by side. How far apart they
 * came out is measured and kept; the VMs are near each other in time and never consistent with each other. A VM that
 * fails does not keep the others from being backed up.
 */
export async function backUpGroup(
  session: VimSession,
  repository: Repository,
  members: readonly GroupMember[],
  name: string | undefined,
  groupDeps: GroupDeps,
  signal: AbortSignal,
): Promise<GroupResult> {
  const vms = members.map(({ plan }) => plan.vm);
  const onWait: ProgressListener = progress => {
    for (const { onProgress } of members) onProgress(progress);
  };
  await groupDeps.pause.goesOn(signal);
  using _ = await groupDeps.slots.ofVms(session.instanceUuid, vms, onWait, signal);
  const startedAt = groupDeps.clock.now();
  return await underEachLock(repository, members, groupDeps, signal, async (locks, held) => {
    // A lock that is lost now would take the snapshots of all of them with it.
    for (const lock of locks) await lock.settled(held);
    const open = new Map<TakenSnapshot, GroupMember>();
    const inTurn = oneAtATime();
    const depsOf = ({ askForLess }: GroupMember): BackupDeps => ({
      ...groupDeps,
      askForLess: async (downgrade, asking) => await inTurn(async () => await askForLess(downgrade, asking)),
    });
    try {
      const taken = await Promise.all(
        members.map(async (member, index) => {
          const { plan, onProgress } = member;
          const lock = defined(locks[index], `the lock of ${plan.vm.name}`);
          try {
            const one = AbortSignal.any([held, member.signal]);
            const snapshot = await takeBackupSnapshot(session, plan, lock, depsOf(member), onProgress, one);
            open.set(snapshot, member);
            return snapshot;
          } catch (error) {
            return toAppError(error);
          }
        }),
      );
      held.throwIfAborted();
      const group = groupOf([...open.keys()], name, randomUuid(groupDeps.random));
      const results = await allOrNone(held, members, async (member, all) => {
        const index = members.indexOf(member);
        const [snapshot, lock] = [
          defined(taken[index], 'what became of its snapshot'),
          defined(locks[index], 'its lock'),
        ];
        if ('plan' in snapshot) open.delete(snapshot);
        const { plan, onProgress, onEnd } = member;
        const deps = depsOf(member);
        const one = AbortSignal.any([all, member.signal]);
        const write = async (of: TakenSnapshot) => {
          const read = await readSnapshotDisks(session, repository, of, deps, onProgress, one);
          const backup = { plan, read, startedAt, lock, group };
          return await commitBackup(session, repository, backup, deps, onProgress, one);
        };
        const result = await memberResult(plan.vm.name, snapshot, write, all);
        onEnd(result);
        return result;
      });
      return { group, members: results };
    } finally {
      for (const [{ snapshot }, member] of open)
        await giveBackSnapshot(snapshot, depsOf(member), member.onProgress);
    }
  });
}

/** People answer one question at a time. */
function oneAtATime(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let before: Promise<unknown> = Promise.resolve();
  return async work => {
    const result = before.then(work);
    before = result.catch(() => undefined);
    return await result;
  };
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
  [member, ...others]: readonly Pick<GroupMember, 'plan' | 'onProgress'>[],
  deps: GroupDeps,
  signal: AbortSignal,
  work: (locks: readonly RepositoryLock[], held: AbortSignal) => Promise<Result>,
): Promise<Result> {
  if (member === undefined) return await work([], signal);
  return await underVmLock(
    repository,
    member.plan,
    deps,
    member.onProgress,
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
