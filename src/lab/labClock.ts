import type { Clock } from '../base/clock.ts';
import { CancelledError } from '../base/errors.ts';

export interface LabTime {
  /** The moment the lab begins at; now if undefined. */
  readonly startAt: Date | undefined;
  /** Time stands still but for what it is told to pass. */
  readonly isStill: boolean;
}

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** The time of the lab: it begins when it is told to, and can be told to pass faster than the machine's. */
export class LabClock implements Clock {
  readonly #machine: Clock;
  readonly #isStill: boolean;
  readonly #startMs: number;
  readonly #machineStartMs: number;
  #aheadMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(machine: Clock, { startAt, isStill }: LabTime) {
    this.#machine = machine;
    this.#isStill = isStill;
    this.#startMs = (startAt ?? machine.now()).getTime();
    this.#machineStartMs = machine.monotonicMs();
  }

  now(): Date {
    return new Date(this.#startMs + this.monotonicMs());
  }

  monotonicMs(): number {
    const passedMs = this.#isStill ? 0 : this.#machine.monotonicMs() - this.#machineStartMs;
    return passedMs + this.#aheadMs;
  }

  async sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new CancelledError();
    const woken = new AbortController();
    const sleeper = { wakeAtMs: this.monotonicMs() + durationMs, wake: () => woken.abort() };
    this.#sleepers.add(sleeper);
    try {
      await this.#wait(durationMs, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (!woken.signal.aborted) throw error;
    } finally {
      this.#sleepers.delete(sleeper);
    }
  }

  /** Lets time pass at once; whoever waits for a moment before wakes up, in the order of the moments. */
  advance(durationMs: number): void {
    this.#aheadMs += durationMs;
    const nowMs = this.monotonicMs();
    const due = [...this.#sleepers].filter(({ wakeAtMs }) => wakeAtMs <= nowMs);
    for (const { wake } of due.toSorted((one, other) => one.wakeAtMs - other.wakeAtMs)) wake();
  }

  async #wait(durationMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isStill) {
      await this.#machine.sleep(durationMs, signal);
      return;
    }
    await new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(new CancelledError()), { once: true });
    });
  }
}
