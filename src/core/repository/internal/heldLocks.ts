import { AppError, toAppError } from '../../../base/errors.ts';
import type { HeldLock } from './heldLock.ts';

/** The locks that jobs hold through one repository handle. */
export class HeldLocks {
  #locks: readonly HeldLock[] = [];

  add(lock: HeldLock): void {
    this.#locks = [...this.#locks.filter(({ released }) => !released), lock];
  }

  has(lock: HeldLock): boolean {
    return this.#locks.includes(lock);
  }

  any(): boolean {
    return this.#locks.some(lock => !lock.released && !lock.lost.aborted);
  }

  /**
   * An index read without a lock may name packs that are gone: what it says must not keep a blob from being stored.
   * @throws AppError CONFLICT if the only lock was lost
   */
  assertAny(location: string): void {
    if (this.any()) return;
    this.#throwIfLost();
    throw new AppError('INTERNAL', `${location}: saving needs a lock on the repository`);
  }

  /**
   * Proves every lock held, and says whether any had lapsed since this was last asked.
   * @throws AppError CONFLICT if the last one is lost, also if it was when this was last asked
   */
  async takeLapses(signal: AbortSignal): Promise<boolean> {
    let lapsed = false;
    for (const lock of this.#locks) {
      if (lock.released || lock.lost.aborted) continue;
      try {
        await lock.ensureHeld(signal);
        if (lock.takeLapse()) lapsed = true;
      } catch (error) {
        // Its own holder hears of it; here it is one lock less.
        if (!AppError.is(error, 'CONFLICT')) throw error;
        lapsed = true;
      }
    }
    if (!this.any()) this.#throwIfLost();
    return lapsed;
  }

  #throwIfLost(): void {
    const lock = this.#locks.find(({ released }) => !released);
    if (lock !== undefined) throw toAppError(lock.lost.reason);
  }

  async giveUpAll(reason: AppError): Promise<void> {
    await Promise.all(this.#locks.map(async lock => await lock.giveUp(reason)));
  }
}
