import type { Clock } from '../base/clock.ts';
import type { JobRegistry } from './jobRegistry.ts';

/** How often it is looked at. */
const tickMs = 1000;

/** For the last messages to reach the clients. */
const farewellMs = 1000;

export interface WorkerLifeDeps {
  readonly clock: Clock;
  readonly jobs: JobRegistry;
  readonly idleTimeoutMs: number;
  readonly clientCount: () => number;
}

/** How long the worker lives: while it has clients or jobs, and a while longer, unless it is told to go. */
export class WorkerLife {
  readonly #deps: WorkerLifeDeps;
  readonly #end = new AbortController();
  #isRetiring = false;

  constructor(deps: WorkerLifeDeps) {
    this.#deps = deps;
  }

  /** Ends as soon as no job runs, clients or not: they find, or start, another worker. */
  retire(): void {
    this.#isRetiring = true;
  }

  get isRetiring(): boolean {
    return this.#isRetiring;
  }

  /** Aborted when it ends at once. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Ends at once. */
  end(): void {
    this.#end.abort();
  }

  /** Resolves when the worker is to end. */
  async ended(): Promise<void> {
    const { clock, jobs, clientCount, idleTimeoutMs } = this.#deps;
    let busyAtMs = clock.monotonicMs();
    let workedAtMs = -Infinity;
    let wasWorking = false;
    while (!this.#end.signal.aborted) {
      const nowMs = clock.monotonicMs();
      const isWorking = jobs.runningCount > 0;
      // A job that ended since the last look may have ended just now.
      if (isWorking || wasWorking) workedAtMs = nowMs;
      wasWorking = isWorking;
      if (isWorking || clientCount() > 0) busyAtMs = nowMs;
      if (this.#isRetiring && nowMs - workedAtMs >= farewellMs) return;
      if (nowMs - busyAtMs >= idleTimeoutMs) return;
      await clock
        .sleep(Math.min(tickMs, Math.max(1, idleTimeoutMs)), this.#end.signal)
        .catch(() => undefined);
    }
  }
}
