import { cancellable } from '../../../base/async/cancellable.ts';
import { Semaphore } from '../../../base/async/semaphore.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError, toAppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import type { RepositoryLock } from '../locks.ts';
import { assertNoConflict, type LockClaim } from './lockFile.ts';
import type { LockStore, WrittenLock } from './lockStore.ts';

/** Time for a store to show a lock that another client is writing at the same moment. */
const settleMs = 200;
const refreshEveryMs = 5 * 60 * 1000;
const retryEveryMs = 60 * 1000;

/** Others take a lock for stale after 30 minutes, by their own clocks: from here on they may have. */
const mayBeStaleAfterMs = 25 * 60 * 1000;

export type RemovedMeanwhile = (signal: AbortSignal) => Promise<boolean>;

export interface HeldLockContext {
  readonly locks: LockStore;
  readonly location: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a lock counts as given back, before others can see that it was. */
  readonly onRelease: () => Promise<void>;
}

/**
 * Takes a lock: looks, writes its own, waits, looks again, and gives way if there is another by then. Of two clients
 * that begin together both may give way; neither ever overlooks the other.
 * @param whenSettled  makes it an early lock, returned before the second look, after which it may be lost. Asked then whether
 *   anything of what its holder has seen meanwhile was removed, by somebody who had not seen this lock yet
 * @throws AppError CONFLICT
 */
export async function takeLock(
  claim: LockClaim,
  journal: LeaseJournal,
  context: HeldLockContext,
  whenSettled: RemovedMeanwhile | undefined,
  signal: AbortSignal,
): Promise<HeldLock> {
  const { locks, location } = context;
  assertNoConflict(claim, await locks.list(signal), location);
  const written =
    whenSettled === undefined
      ? await writeUncontested(claim, journal, context, [], signal)
      : await locks.write(claim, journal, signal);
  return new HeldLock(claim, journal, context, written, whenSettled);
}

/**
 * Proves an exclusive lock held all the while: a machine that slept may wake up in the middle of removing, with somebody's
 * backup begun beside it.
 * @throws AppError CONFLICT if it was not
 */
export async function assertStillAlone(lock: HeldLock, location: string, signal: AbortSignal): Promise<void> {
  if (lock.mode !== 'exclusive') throw new AppError('INTERNAL', 'removing needs an exclusive lock');
  await lock.ensureHeld(signal);
  if (!lock.takeLapse()) return;
  throw new AppError('CONFLICT', `${location}: the lock had lapsed in the middle of the work`, {
    object: location,
    remedy: 'Run it again; it goes on where it was',
    retryable: true,
  });
}

async function writeUncontested(
  claim: LockClaim,
  journal: LeaseJournal,
  context: HeldLockContext,
  own: readonly string[],
  signal: AbortSignal,
): Promise<WrittenLock> {
  const { locks } = context;
  const written = await locks.write(claim, journal, signal);
  try {
    await assertUncontested(claim, [written.id, ...own], context, signal);
    return written;
  } catch (error) {
    await locks.remove(written);
    throw error;
  }
}

/** The second look. @throws AppError CONFLICT */
async function assertUncontested(
  claim: LockClaim,
  own: readonly string[],
  { locks, location, clock }: HeldLockContext,
  signal: AbortSignal,
): Promise<void> {
  await clock.sleep(settleMs, signal);
  const others = (await locks.list(signal)).filter(({ id }) => !own.includes(id));
  assertNoConflict(claim, others, location);
}

export class HeldLock implements RepositoryLock {
  readonly mode: 'shared' | 'exclusive';
  readonly #claim: LockClaim;
  readonly #journal: LeaseJournal;
  readonly #context: HeldLockContext;
  readonly #lost = new AbortController();
  readonly #stop = new AbortController();
  readonly #oneAtATime = new Semaphore(1);
  readonly #settling: Promise<void>;
  readonly #refreshing: Promise<void>;
  #isContested = false;
  #written: WrittenLock;
  #writtenAtMs: number;
  #lapsed = false;

  /** Only for `takeLock`. */
  constructor(
    claim: LockClaim,
    journal: LeaseJournal,
    context: HeldLockContext,
    written: WrittenLock,
    whenSettled: RemovedMeanwhile | undefined,
  ) {
    this.mode = claim.exclusive ? 'exclusive' : 'shared';
    this.#claim = claim;
    this.#journal = journal;
    this.#context = context;
    this.#written = written;
    this.#writtenAtMs = context.clock.monotonicMs();
    this.#settling = whenSettled === undefined ? Promise.resolve() : this.#settle(written, whenSettled);
    this.#refreshing = this.#keepFresh();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get released(): boolean {
    return this.#stop.signal.aborted;
  }

  get isContested(): boolean {
    return this.#isContested;
  }

  async settled(signal: AbortSignal): Promise<void> {
    await cancellable(this.#settling, signal);
    this.#throwIfGone();
  }

  /**
   * Whether the lock was, for a while, nothing that others had to respect, since this was last asked: whoever relies
   * on what it has seen under the lock has to look again.
   */
  takeLapse(): boolean {
    const lapsed = this.#lapsed;
    this.#lapsed = false;
    return lapsed;
  }

  /**
   * Proves that the lock is held now: a machine that slept wakes up before its timers do, and somebody may have removed
   * the lock by force.
   * @throws AppError CONFLICT if it is lost or was given back
   */
  async ensureHeld(signal: AbortSignal): Promise<void> {
    await this.settled(signal);
    await this.#oneAtATime.use(signal, async () => {
      this.#throwIfGone();
      const isFresh = this.#ageMs() < mayBeStaleAfterMs;
      if (!isFresh || !(await this.#context.locks.exists(this.#written.id, signal)))
        await this.#retake(signal);
    });
  }

  /** Gives the lock up because what its holder has seen under it no longer holds. */
  async giveUp(reason: AppError): Promise<void> {
    await this.#oneAtATime.use(new AbortController().signal, async () => {
      if (this.released || this.lost.aborted) return;
      this.#lost.abort(reason);
      await this.#context.locks.remove(this.#written);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.released) return;
    this.#stop.abort();
    await Promise.all([this.#settling, this.#refreshing, this.#context.onRelease()]);
    await this.#oneAtATime.use(new AbortController().signal, async () => {
      if (!this.lost.aborted) await this.#context.locks.remove(this.#written);
    });
  }

  /** Never rejects: whoever relies on the lock is told by `lost`. */
  async #settle(written: WrittenLock, wasAnythingRemoved: RemovedMeanwhile): Promise<void> {
    try {
      await assertUncontested(this.#claim, [written.id], this.#context, this.#stop.signal);
      if (await wasAnythingRemoved(this.#stop.signal)) this.#lapsed = true;
    } catch (error) {
      if (this.released || this.lost.aborted) return;
      this.#isContested = AppError.is(error, 'CONFLICT');
      this.#lost.abort(toAppError(error));
      await this.#context.locks.remove(written);
    }
  }

  async #keepFresh(): Promise<void> {
    const { clock, logger, location } = this.#context;
    let waitMs = refreshEveryMs;
    await this.#settling;
    while (!this.released && !this.lost.aborted) {
      try {
        await clock.sleep(waitMs, this.#stop.signal);
        await this.#oneAtATime.use(this.#stop.signal, async () => await this.#refresh());
        waitMs = refreshEveryMs;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        waitMs = retryEveryMs;
        logger.warn('a repository lock could not be refreshed', {
          repository: location,
          problem: toAppError(error).message,
        });
      }
    }
  }

  async #refresh(): Promise<void> {
    // Somebody disposes of the lock: it is removed as it is.
    if (this.released || this.lost.aborted) return;
    if (this.#ageMs() >= mayBeStaleAfterMs) {
      await this.#retake(this.#stop.signal);
      return;
    }
    await this.#replace(await this.#context.locks.write(this.#claim, this.#journal, this.#stop.signal));
  }

  async #retake(signal: AbortSignal): Promise<void> {
    const own = [this.#written.id];
    try {
      await this.#replace(await writeUncontested(this.#claim, this.#journal, this.#context, own, signal));
      this.#lapsed = true;
    } catch (error) {
      if (!AppError.is(error, 'CONFLICT')) throw error;
      await this.#context.locks.remove(this.#written);
      this.#lost.abort(error);
      throw error;
    }
  }

  async #replace(written: WrittenLock): Promise<void> {
    const old = this.#written;
    this.#written = written;
    this.#writtenAtMs = this.#context.clock.monotonicMs();
    await this.#context.locks.remove(old);
  }

  /** By the clock that moved more: one stands still while the machine sleeps, the other can be set back. */
  #ageMs(): number {
    const { clock } = this.#context;
    const wallMs = clock.now().getTime() - this.#written.time.getTime();
    return Math.max(wallMs, clock.monotonicMs() - this.#writtenAtMs);
  }

  #throwIfGone(): void {
    if (this.lost.aborted) throw toAppError(this.lost.reason);
    if (this.released) throw new AppError('INTERNAL', 'a repository lock was used after it was given back');
  }
}
