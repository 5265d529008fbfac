import { AppError } from '../../../base/errors.ts';
import type { Clock } from '../../../base/clock.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import type { RepositoryLock } from '../../repository/locks.ts';
import type { PruneOptions, PrunePlan, Pruning, SweepResult } from '../../repository/prune.ts';
import type { Repository } from '../../repository/repository.ts';

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
  await using lock = await repository.lock({ mode: 'shared', journal }, signal);
  const held = AbortSignal.any([signal, lock.lost]);
  return (await repository.startPrune(options, lock, onProgress, held)).plan;
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
  const start = async (lock: RepositoryLock, held: AbortSignal) =>
    await repository.startPrune(options, lock, onProgress, held);
  const pruning = await sharing(repository, deps.journal, signal, start);
  const { plan } = pruning;
  const sweeps: TimedSweep[] = [];
  if (plan.unusedPacks.count + plan.unnamedPacks.count > 0)
    sweeps.push(await sweepAlone(repository, pruning, deps, onProgress, signal));
  if (plan.repackedPacks.count > 0) {
    await sharing(repository, deps.journal, signal, async (lock, held) => {
      await pruning.repack(lock, onProgress, held);
    });
    sweeps.push(await sweepAlone(repository, pruning, deps, onProgress, signal));
  }
  return { plan, ...totalOf(sweeps) };
}

async function sharing<T>(
  repository: Repository,
  journal: LeaseJournal,
  signal: AbortSignal,
  work: (lock: RepositoryLock, held: AbortSignal) => Promise<T>,
): Promise<T> {
  await using lock = await repository.lock({ mode: 'shared', journal }, signal);
  return await work(lock, AbortSignal.any([signal, lock.lost]));
}

interface TimedSweep extends SweepResult {
  readonly exclusiveMs: number;
}

async function sweepAlone(
  repository: Repository,
  pruning: Pruning,
  { journal, clock, waitMs }: PruneDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<TimedSweep> {
  await using lock = await lockAlone(repository, { journal, clock, waitMs }, onProgress, signal);
  const startedMs = clock.monotonicMs();
  const swept = await pruning.sweep(lock, onProgress, AbortSignal.any([signal, lock.lost]));
  return { ...swept, exclusiveMs: clock.monotonicMs() - startedMs };
}

async function lockAlone(
  repository: Repository,
  { journal, clock, waitMs }: PruneDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<RepositoryLock> {
  const giveUpAtMs = clock.monotonicMs() + waitMs;
  for (;;) {
    try {
      return await repository.lock({ mode: 'exclusive', journal }, signal);
    } catch (error) {
      if (!AppError.is(error, 'CONFLICT') || clock.monotonicMs() + askAgainMs > giveUpAtMs) throw error;
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
