import type { Clock } from '../../src/base/clock.ts';
import { CancelledError } from '../../src/base/errors.ts';

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** A clock that moves only when told to; whoever sleeps on it wakes up in the order of the times. */
export class ManualClock implements Clock {
  #elapsedMs = 0;
  readonly #startMs: number;
  #jumpedMs = 0;
  #sleepers: Sleeper[] = [];

  constructor(start = '2026-03-01T12:00:00.000Z') {
    this.#startMs = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#startMs + this.#elapsedMs + this.#jumpedMs);
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  async sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) {
        reject(new CancelledError());
        return;
      }
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter(other => other !== sleeper);
        reject(new CancelledError());
      };
      const wake = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper = { wakeAtMs: this.#elapsedMs + durationMs, wake };
      this.#sleepers.push(sleeper);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  get sleeperCount(): number {
    return this.#sleepers.length;
  }

  /** Lets time pass: wakes everyone whose time has come and lets them run until they wait for something else. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#elapsedMs + durationMs;
    for (;;) {
      const next = this.#sleepers.toSorted((a, b) => a.wakeAtMs - b.wakeAtMs)[0];
      if (next === undefined || next.wakeAtMs > endMs) break;
      this.#elapsedMs = next.wakeAtMs;
      this.#sleepers = this.#sleepers.filter(other => other !== next);
      next.wake();
      await settled();
    }
    this.#elapsedMs = endMs;
    await settled();
  }

  /** The machine slept, or somebody set the clock: the wall clock moves, nobody wakes up. */
  jump(durationMs: number): void {
    this.#jumpedMs += durationMs;
  }
}

/** Time passes in no time for whoever waits for less than a minute, and not at all for who waits longer. */
export class ImpatientClock extends ManualClock {
  override async sleep(durationMs: number, sleeper: AbortSignal): Promise<void> {
    if (durationMs >= 60_000) await super.sleep(durationMs, sleeper);
  }
}

/** Lets time pass for as long as the work waits for it. */
export async function passing<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let settled = false;
  const watched = work.finally(() => (settled = true));
  watched.catch(() => undefined);
  await clock.advance(0);
  while (!settled) await clock.advance(250);
  return await watched;
}

/** Long enough for promises that need no input or output to have run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
}
