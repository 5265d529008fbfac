import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { LeaseJournal } from '../journal/leaseJournal.ts';
import type { Progress, ProgressListener } from '../../base/progress.ts';
import type { LockHolder, LockRequest, RepositoryLock } from './locks.ts';
import type { Repository } from './repository.ts';

/**
 * Does something while a lock is held. `work` gets a signal that is aborted with the job's own, and when the lock is
 * lost; then the error says that and why, and not that somebody had cancelled.
 * @throws CONFLICT naming who holds the repository, or what became of the lock
 */
export async function underLock<T>(
  repository: Repository,
  request: LockRequest,
  signal: AbortSignal,
  work: (lock: RepositoryLock, held: AbortSignal) => Promise<T>,
): Promise<T> {
  return await holding(await repository.lock(request, signal), signal, work);
}

/** How somebody waits who wants to share a repository that another keeps to himself. */
export interface Patience {
  readonly clock: Clock;
  /** Half an hour if left out: a prune that copies between its removals takes no longer alone; another client may. */
  readonly maxWaitMs?: number;
  /** Told for whom, whenever it is asked again. */
  readonly onProgress: ProgressListener;
}

/** How somebody reads: what he locks with, and who hears why a repository could not be locked. */
export interface Reading {
  readonly journal: LeaseJournal;
  readonly patience: Patience;
  readonly onUnlocked: (reason: string) => void;
}

/**
 * Reads what is stored, with nobody removing it meanwhile. A repository that may not be written to can still be read, at
 * the reader's own risk.
 * @throws CONFLICT while somebody keeps the repository from others, longer than may be waited
 */
export async function underReadLock<T>(
  repository: Repository,
  reading: Reading,
  signal: AbortSignal,
  work: (held: AbortSignal) => Promise<T>,
): Promise<T> {
  const lock = await lockForReading(repository, reading, signal);
  if (lock === undefined) return await work(signal);
  return await holding(lock, signal, async (_, held) => await work(held));
}

/** The lock of `underReadLock`, for whoever gives it back himself; undefined if there can be none. */
export async function lockForReading(
  repository: Repository,
  { journal, patience, onUnlocked }: Reading,
  signal: AbortSignal,
): Promise<RepositoryLock | undefined> {
  try {
    return await new Waiting(repository, { mode: 'shared', journal }, patience).lock(signal);
  } catch (error) {
    if (!AppError.is(error, 'PERMISSION')) throw error;
    onUnlocked(`${repository.location} cannot be locked (${error.message}); do not prune it meanwhile`);
    return undefined;
  }
}

/**
 * The same for a shared lock, which is waited for while somebody else removes something from the repository. The lock is an
 * early one: `work` may prepare, and waits for `settled` before it does what cannot be taken back. If the lock turns out to
 * be contested, `work` is begun again.
 * @throws CONFLICT if that takes longer than may be waited, and at once if somebody works on the same VM
 */
export async function underSharedLock<T>(
  repository: Repository,
  request: SharedRequest,
  patience: Patience,
  signal: AbortSignal,
  work: (lock: RepositoryLock, held: AbortSignal) => Promise<T>,
): Promise<T> {
  const waiting = new Waiting(repository, request, patience);
  for (;;) {
    const lock = await waiting.lock(signal);
    try {
      return await holding(lock, signal, work);
    } catch (error) {
      if (!lock.isContested) throw error;
      await waiting.untilAskedAgain(error, signal);
    }
  }
}

type SharedRequest = LockRequest & { readonly mode: 'shared' };

/** Removing takes seconds to minutes: asking more often only costs the store. */
const askAgainMs = 2000;
const usualMaxWaitMs = 30 * 60_000;

/** One wait for whoever keeps a repository to himself, however often it is asked. */
class Waiting {
  readonly #repository: Repository;
  readonly #request: SharedRequest;
  readonly #patience: Patience;
  readonly #giveUpAtMs: number;

  constructor(repository: Repository, request: SharedRequest, patience: Patience) {
    this.#repository = repository;
    this.#request = request;
    this.#patience = patience;
    this.#giveUpAtMs = patience.clock.monotonicMs() + (patience.maxWaitMs ?? usualMaxWaitMs);
  }

  /** An early lock. */
  async lock(signal: AbortSignal): Promise<RepositoryLock> {
    for (;;) {
      try {
        return await this.#repository.lock({ ...this.#request, isEarly: true }, signal);
      } catch (error) {
        await this.untilAskedAgain(error, signal);
      }
    }
  }

  /** @throws what was refused with, unless it is worth another try */
  async untilAskedAgain(refusal: unknown, signal: AbortSignal): Promise<void> {
    if (!AppError.is(refusal, 'CONFLICT')) throw refusal;
    const { clock, onProgress } = this.#patience;
    const { vmId } = this.#request;
    const holders = (await this.#repository.listLocks(signal)).filter(({ stale }) => !stale);
    const isSameVm = vmId !== undefined && holders.some(holder => holder.vmId === vmId);
    if (isSameVm || clock.monotonicMs() + askAgainMs > this.#giveUpAtMs) throw refusal;
    // Nobody by now: whoever it was has just finished, or gave way as well.
    const alone = holders.find(({ exclusive }) => exclusive);
    if (alone !== undefined) onProgress(waitingFor(alone));
    await clock.sleep(askAgainMs, signal);
  }
}

function waitingFor({ username, hostname, pid }: LockHolder): Progress {
  const phase = `Waiting for ${username}@${hostname} (process ${pid}), who keeps the repository from others`;
  return { phase, doneBytes: 0, totalBytes: undefined };
}

async function holding<T>(
  taken: RepositoryLock,
  signal: AbortSignal,
  work: (lock: RepositoryLock, held: AbortSignal) => Promise<T>,
): Promise<T> {
  await using lock = taken;
  try {
    return await work(lock, AbortSignal.any([signal, lock.lost]));
  } catch (error) {
    // What others remove once a contested lock was given up is missed here before the work has ended.
    const isOwn = AppError.is(error) && !AppError.is(error, 'CANCELLED') && !lock.isContested;
    throw lock.lost.aborted && !signal.aborted && !isOwn ? lock.lost.reason : error;
  }
}
