import type { Clock } from '../clock.ts';

/**
 * So many per second, shared by all who take from it, first come, first served. After a pause up to one second's worth
 * goes at once. Whoever takes more than there is waits until the debt is paid: amounts larger than a second's pass too.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #balance: number;
  #countedAtMs: number;

  /** @param perSecond  more than 0 */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#balance = perSecond;
    this.#countedAtMs = clock.monotonicMs();
  }

  /** Resolves when `amount` may go. Whoever is cancelled while waiting has taken nothing. */
  async take(amount: number, signal: AbortSignal): Promise<void> {
    this.owe(amount);
    if (this.#balance >= 0) return;
    try {
      await this.#clock.sleep((-this.#balance / this.#perSecond) * 1000, signal);
    } catch (error) {
      this.#balance += amount;
      throw error;
    }
  }

  /** Counts what has gone already: those who come later wait for it. */
  owe(amount: number): void {
    const nowMs = this.#clock.monotonicMs();
    const earned = ((nowMs - this.#countedAtMs) / 1000) * this.#perSecond;
    this.#balance = Math.min(this.#perSecond, this.#balance + earned) - amount;
    this.#countedAtMs = nowMs;
  }
}
