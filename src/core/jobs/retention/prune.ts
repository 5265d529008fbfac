import { AppError } from '../../../base/errors.ts';
import type { Clock } from '../../../base/clock.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import type { PruneOptions, PrunePlan, Pruning, SweepResult } from '../../repository/prune.ts';
import type { Repository } from '../../repository/repository.ts';
import { underLock } from '../../repository/underLock.ts';

export interface PruneDeps {
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  /** How long to wait for backups to end that keep the repository in use. */
  readonly waitMs: number;
}

export interface PruneResult {
  readonly plan: PrunePlan;
  readonly removed: SweepResult;
  /** For how long nobody else could begin to use the repository. */
  readonly exclusiveMs: number;
}

/** Backups end after minutes or hours: asking more often only costs the store. */
const askAgainMs = 5000;

/** Finds out what a prune would do, beside running backups. */
export async function planPrune(
  repository: Repository,
  journal: LeaseJournal,
  options: PruneOptions,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<PrunePlan> {
  return await underLock(repository, { mode: 'shared', journal }, signal, async (lock, held) => {
    await using pruning = await repository.startPrune(options, lock, onProgress, held);
    return pruning.plan;
  });
}

/**
 * Gives back the space of what no restore point needs. Finding out and copying go on beside backups; only removing needs
 * the repository for itself, and waits for those that run. Whole packs go first, so that a full disk gets room before
 * anything is copied.
 * @throws CONFLICT if others use the repository for longer than may be waited: what was done until then counts
 */
export async function prune(
  repository: Repository,
  options: PruneOptions,
  deps: PruneDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<PruneResult> {
  const sharing = { mode: 'shared', journal: deps.journal } as const;
  await using pruning = await underLock(repository, sharing, signal, async (lock, held) => {
    return await repository.startPrune(options, lock, onProgress, held);
  });
  const { plan } = pruning;
  const sweeps: TimedSweep[] = [];
  if (plan.unusedPacks.count + plan.unnamedPacks.count > 0)
    sweeps.push(await sweepAlone(repository, pruning, deps, onProgress, signal));
  if (plan.repackedPacks.count > 0) {
    await underLock(repository, sharing, signal, async (lock, held) => {
      await pruning.repack(lock, onProgress, held);
    });
    sweeps.push(await sweepAlone(repository, pruning, deps, onProgress, signal));
  }
  return { plan, ...totalOf(sweeps) };
}

interface TimedSweep extends SweepResult {
  readonly exclusiveMs: number;
}

/** Waits for others as long as it may, and asks again now and then. */
async function sweepAlone(
  repository: Repository,
  pruning: Pruning,
  { journal, clock, waitMs }: PruneDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<TimedSweep> {
  const giveUpAtMs = clock.monotonicMs() + waitMs;
  for (;;) {
    const sweep = { hasBegun: false };
    try {
      return await underLock(repository, { mode: 'exclusive', journal }, signal, async (lock, held) => {
        sweep.hasBegun = true;
        const { unusedPacks, unnamedPacks, repackedPacks } = pruning.plan;
        const count = unusedPacks.count + unnamedPacks.count + repackedPacks.count;
        await repository.record({ action: 'prune', subject: `${count} packs`, ids: [] }, held);
        const startedMs = clock.monotonicMs();
        const swept = await pruning.sweep(lock, onProgress, held);
        return { ...swept, exclusiveMs: clock.monotonicMs() - startedMs };
      });
    } catch (error) {
      const mayWait = !sweep.hasBegun && clock.monotonicMs() + askAgainMs <= giveUpAtMs;
      if (!AppError.is(error, 'CONFLICT') || !mayWait) throw error;
      onProgress({ phase: 'Waiting for others to finish', doneBytes: 0, totalBytes: undefined });
      await clock.sleep(askAgainMs, signal);
    }
  }
}

function totalOf(sweeps: readonly TimedSweep[]): Omit<PruneResult, 'plan'> {
  const sum = (of: (sweep: TimedSweep) => number) => sweeps.reduce((total, sweep) => total + of(sweep), 0);
  return {
    removed: {
      removedPacks: {
        count: sum(({ removedPacks }) => removedPacks.count),
        sizeBytes: sum(({ removedPacks }) => removedPacks.sizeBytes),
      },
      removedIndexFiles: sum(({ removedIndexFiles }) => removedIndexFiles),
    },
    exclusiveMs: sum(({ exclusiveMs }) => exclusiveMs),
  };
}
