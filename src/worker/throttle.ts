import type { Clock } from '../base/clock.ts';

/** Calls at most once per interval: the first request at once, those that follow together at the interval's end. */
export class Throttle {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #call: () => void;
  #calledAtMs = -Infinity;
  #isWaiting = false;

  constructor(clock: Clock, intervalMs: number, call: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#call = call;
  }

  /** After the last request there is always a call. */
  request(): void {
    if (this.#isWaiting) return;
    const waitMs = this.#calledAtMs + this.#intervalMs - this.#clock.monotonicMs();
    if (waitMs <= 0) {
      this.callNow();
      return;
    }
    this.#isWaiting = true;
    void this.#clock.sleep(waitMs, new AbortController().signal).then(() => {
      this.#isWaiting = false;
      this.callNow();
    });
  }

  /** For what must not wait for the interval's end. */
  callNow(): void {
    this.#calledAtMs = this.#clock.monotonicMs();
    this.#call();
  }
}
