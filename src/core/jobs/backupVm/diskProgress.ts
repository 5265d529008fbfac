import type { Clock } from '../../../base/clock.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { noWaits, type Waits } from '../../../base/waits.ts';

/** What was stored, and for how long it waited for room on its way there. */
interface Stored {
  readonly roomWaitMs: number;
}

/** What storing one disk says of itself: how far it is, and what it has waited for. */
export class DiskProgress {
  readonly #phase: string;
  readonly #onProgress: ProgressListener;
  readonly #clock: Clock;
  #waits: Waits = noWaits;

  constructor(phase: string, onProgress: ProgressListener, clock: Clock) {
    this.#phase = phase;
    this.#onProgress = onProgress;
    this.#clock = clock;
  }

  tell(doneBytes: number, totalBytes: number): void {
    this.#onProgress({ phase: this.#phase, doneBytes, totalBytes, waits: this.#waits });
  }

  /** The same, with what is waited for each of it as waiting for the source. */
  async *read<Item>(source: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
    let askedMs = this.#clock.monotonicMs();
    for await (const item of source) {
      const sourceMs = this.#waits.sourceMs + this.#clock.monotonicMs() - askedMs;
      this.#waits = { ...this.#waits, sourceMs };
      yield item;
      askedMs = this.#clock.monotonicMs();
    }
  }

  /** The same; what is waited for each of it, and not for the source meanwhile, is waiting for the CPU or for room. */
  async *stored<Item extends Stored>(results: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
    let asked = { atMs: this.#clock.monotonicMs(), sourceMs: this.#waits.sourceMs };
    for await (const result of results) {
      const { sourceMs, cpuMs, targetMs } = this.#waits;
      const waitedMs = this.#clock.monotonicMs() - asked.atMs - (sourceMs - asked.sourceMs);
      const forRoomMs = Math.min(Math.max(0, waitedMs), result.roomWaitMs);
      const forCpuMs = Math.max(0, waitedMs - forRoomMs);
      this.#waits = { sourceMs, cpuMs: cpuMs + forCpuMs, targetMs: targetMs + forRoomMs };
      yield result;
      asked = { atMs: this.#clock.monotonicMs(), sourceMs: this.#waits.sourceMs };
    }
  }
}
