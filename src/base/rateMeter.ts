import type { Clock } from './clock.ts';

/** How far back a rate looks: long enough to be calm, short enough to notice a stalled link. */
const windowMs = 10_000;

/** Bytes per second of the last seconds, and what follows from it for the rest. */
export class RateMeter {
  readonly #clock: Clock;
  /** Oldest first; the first one is the newest sample at or before the start of the window. */
  readonly #samples: { readonly atMs: number; readonly doneBytes: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param doneBytes  the total so far; going back (a new phase) starts the measurement anew */
  update(doneBytes: number): void {
    const atMs = this.#clock.monotonicMs();
    if (doneBytes < (this.#samples.at(-1)?.doneBytes ?? 0)) this.#samples.length = 0;
    this.#samples.push({ atMs, doneBytes });
    while ((this.#samples[1]?.atMs ?? Infinity) <= atMs - windowMs) this.#samples.shift();
  }

  /** Undefined until there are two samples that differ in time. */
  bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
    return ((last.doneBytes - first.doneBytes) * 1000) / (last.atMs - first.atMs);
  }

  /** Milliseconds until `totalBytes` are done at the present rate; undefined while it cannot be told. */
  remainingMs(totalBytes: number): number | undefined {
    const rate = this.bytesPerSecond();
    const doneBytes = this.#samples.at(-1)?.doneBytes ?? 0;
    return rate === undefined || rate <= 0 ? undefined : (Math.max(0, totalBytes - doneBytes) * 1000) / rate;
  }
}
