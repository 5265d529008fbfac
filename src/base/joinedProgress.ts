import type { Progress, ProgressListener } from './progress.ts';
import { noWaits, sumOfWaits, type Waits } from './waits.ts';

/** What one of several operations does, as far as it has said. */
interface Part {
  now: Progress | undefined;
  /** What it has transferred so far, also once it does something else. */
  bytes: { readonly doneBytes: number; readonly totalBytes: number } | undefined;
  waits: Waits;
  hasEnded: boolean;
}

/** One of several operations that go on side by side. */
export interface ProgressPart {
  readonly onProgress: ProgressListener;
  /** It does nothing any more; what it has transferred still counts. */
  readonly end: () => void;
}

/**
 * Several operations at a time as one: the step of the first that transfers, how many others do, and the sum of what all
 * have transferred. Of one alone it is that one's own progress.
 */
export class JoinedProgress {
  readonly #onProgress: ProgressListener;
  readonly #parts: Part[] = [];

  constructor(onProgress: ProgressListener) {
    this.#onProgress = onProgress;
  }

  /** In the order in which they are shown. */
  part(): ProgressPart {
    const part: Part = { now: undefined, bytes: undefined, waits: noWaits, hasEnded: false };
    this.#parts.push(part);
    return {
      onProgress: progress => {
        part.now = progress;
        const { doneBytes, totalBytes, waits } = progress;
        if (waits !== undefined) part.waits = waits;
        if (totalBytes !== undefined) part.bytes = { doneBytes, totalBytes };
        this.#tell();
      },
      end: () => {
        part.hasEnded = true;
        this.#tell();
      },
    };
  }

  #tell(): void {
    const active = this.#parts.flatMap(({ now, hasEnded }) => (now === undefined || hasEnded ? [] : [now]));
    const transfers = active.filter(({ totalBytes }) => totalBytes !== undefined);
    const shown = transfers.length > 0 ? transfers : active;
    const [first] = shown;
    if (first === undefined) return;
    if (transfers.length === 0) {
      this.#onProgress(first);
      return;
    }
    const bytes = this.#parts.flatMap(part => part.bytes ?? []);
    this.#onProgress({
      phase: shown.length === 1 ? first.phase : `${first.phase} and ${shown.length - 1} more`,
      doneBytes: bytes.reduce((sum, { doneBytes }) => sum + doneBytes, 0),
      totalBytes: bytes.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
      waits: this.#parts.reduce((sum, { waits }) => sumOfWaits(sum, waits), noWaits),
    });
  }
}
