import { forget } from '../../core/jobs/retention/forget.ts';
import { type ForgetPlan, planForget, planForgetPoints } from '../../core/jobs/retention/forgetPlan.ts';
import { prune, type PruneResult } from '../../core/jobs/retention/prune.ts';
import type { LockHolder } from '../../core/repository/locks.ts';
import type { SnapshotId } from '../../core/repository/snapshot.ts';
import type { PruneResultDto } from '../../protocol/job.ts';
import {
  type ForgetPlanDto,
  type LockHolderDto,
  planForget as planForgetRequest,
  startForget,
  startPrune,
  unlockRepository,
} from '../../protocol/maintenance.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { toWireError } from '../../protocol/wireError.ts';
import type { WorkerParts } from '../workerParts.ts';

/** As on the command line. */
const maxUnusedShare = 0.05;

const waitForBackupsMs = 10 * 60_000;

export function serveMaintenance(handle: Handle, parts: WorkerParts): void {
  const { repositories, jobs, leftovers, clock } = parts;
  handle(planForgetRequest, async ({ repository, rules, vm }, signal) => {
    await using used = repositories.use(repository);
    return planDto(await planForget(used.place, { policy: rules, vm }, clock.now(), signal));
  });
  handle(startForget, ({ repository, points }) => ({
    jobId: jobs.start({
      kind: 'forget',
      object: repository,
      exclusiveKeys: [maintenanceKey(parts, repository)],
      run: async ({ signal, logger }) => {
        await using used = repositories.use(repository, repository);
        using journal = leftovers.journalOfJob(() => clock.now());
        const plan = await planForgetPoints(used.place, points as readonly SnapshotId[], signal);
        const removed = await forget(used.place, journal, plan, { mayEmpty: false }, signal);
        for (const id of removed) logger.info(`forgot restore point ${id}`);
        return { kind: 'forget', removedCount: removed.length };
      },
    }),
  }));
  handle(startPrune, ({ repository }) => ({
    jobId: jobs.start({
      kind: 'prune',
      object: repository,
      exclusiveKeys: [maintenanceKey(parts, repository)],
      run: async ({ signal, onProgress }) => {
        await using used = repositories.use(repository, repository);
        using journal = leftovers.journalOfJob(() => clock.now());
        const deps = { journal, clock, waitMs: waitForBackupsMs };
        return pruneDto(await prune(used.place, { maxUnusedShare }, deps, onProgress, signal));
      },
    }),
  }));
  handle(unlockRepository, async ({ repository }, signal) => {
    await using used = repositories.use(repository);
    const removedCount = await used.place.removeStaleLocks(signal);
    return { removedCount, held: (await used.place.listLocks(signal)).map(lockDto) };
  });
}

/** Both need the repository for themselves in the end. */
function maintenanceKey({ repositories }: WorkerParts, repository: string): string {
  return `maintenance ${repositories.assertOpen(repository).id}`;
}

function planDto({ groups, problems }: ForgetPlan): ForgetPlanDto {
  return {
    vms: groups.map(({ vmName, verdicts }) => {
      const forgotten = verdicts.filter(({ reasons }) => reasons.length === 0);
      return {
        vmName,
        keptCount: verdicts.length - forgotten.length,
        forgotten: forgotten.map(({ point: { id, takenAt } }) => ({ id, takenAt: takenAt.toISOString() })),
      };
    }),
    problems: problems.map(toWireError),
  };
}

function pruneDto({ plan, removed, exclusiveMs }: PruneResult): PruneResultDto {
  const { count, sizeBytes } = removed.removedPacks;
  return {
    kind: 'prune',
    removedPackCount: count,
    freedBytes: Math.max(0, sizeBytes - plan.copiedBytes),
    exclusiveMs,
  };
}

function lockDto({ exclusive, username, hostname, pid, time }: LockHolder): LockHolderDto {
  return { exclusive, username, hostname, pid, time: time.toISOString() };
}
