import { CancelledError } from '../base/errors.ts';
import type { Pause } from '../core/jobs/backupVm/pause.ts';

/** What a job's pausing is told by, and kept to by its work. */
export class PauseSwitch implements Pause {
  readonly #keepSnapshotMs: () => number;
  #pausing = new AbortController();
  readonly #waiting = new Set<() => void>();

  /** @param keepSnapshotMs  asked anew at each pause */
  constructor(keepSnapshotMs: () => number) {
    this.#keepSnapshotMs = keepSnapshotMs;
  }

  get signal(): AbortSignal {
    return this.#pausing.signal;
  }

  get isPaused(): boolean {
    return this.#pausing.signal.aborted;
  }

  get keepSnapshotMs(): number {
    return this.#keepSnapshotMs();
  }

  pause(): void {
    this.#pausing.abort(new CancelledError('the job is paused'));
  }

  resume(): void {
    if (!this.isPaused) return;
    this.#pausing = new AbortController();
    for (const goOn of this.#waiting) goOn();
    this.#waiting.clear();
  }

  async goesOn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new CancelledError();
    if (!this.isPaused) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(goOn);
        reject(new CancelledError());
      };
      const goOn = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#waiting.add(goOn);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
