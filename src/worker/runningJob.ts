import type { Clock } from '../base/clock.ts';
import { AppError, type CancelledError, toAppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Progress, ProgressListener } from '../base/progress.ts';
import type { Random } from '../base/random.ts';
import { RateMeter } from '../base/rateMeter.ts';
import type { JobDto, JobKind, JobLogLine, JobLogResult, JobResult, JobState } from '../protocol/job.ts';
import { toWireError, type WireError } from '../protocol/wireError.ts';
import { lineLogger } from './log.ts';
import { Throttle } from './throttle.ts';

export interface JobRequest {
  readonly kind: JobKind;
  /** What it works on, as the user knows it. */
  readonly object: string;
  /** What only one job at a time may work on; jobs whose keys differ run side by side. */
  readonly exclusiveKey: string;
  /**
   * The work. It ends soon after its signal was aborted, having given back what it took. Rejecting with CANCELLED then
   * makes it cancelled; anything else it rejects with, also then, makes it failed.
   */
  readonly run: (context: JobContext) => Promise<JobResult>;
}

export interface JobContext {
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
  /** The job's own log. */
  readonly logger: Logger;
}

export interface JobDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Called at most five times a second per job, the final state always among them; once more for a cancellation. */
  readonly onChanged: (job: JobDto) => void;
}

/** A fifth of a second, and a little for timers that wake early. */
const changeIntervalMs = 210;

const maxLogLines = 1000;

/** One job: running → (cancelling →) succeeded, failed or cancelled. Begins when it is made. */
export class RunningJob {
  readonly id: string;
  readonly exclusiveKey: string;
  /** Resolves when the state is final; never rejects. */
  readonly ended: Promise<void>;
  readonly #request: JobRequest;
  readonly #deps: JobDeps;
  readonly #controller = new AbortController();
  readonly #changes: Throttle;
  readonly #startedAt: string;
  readonly #logLines: JobLogLine[] = [];
  #droppedLogLines = 0;
  #state: JobState = 'running';
  #progress: Progress = { phase: 'Starting', doneBytes: 0, totalBytes: undefined };
  #meter: RateMeter;
  #finishedAt: string | undefined;
  #error: WireError | undefined;
  #result: JobResult | undefined;

  constructor(id: string, request: JobRequest, deps: JobDeps) {
    this.id = id;
    this.exclusiveKey = request.exclusiveKey;
    this.#request = request;
    this.#deps = deps;
    this.#startedAt = deps.clock.now().toISOString();
    this.#meter = new RateMeter(deps.clock);
    this.#changes = new Throttle(deps.clock, changeIntervalMs, () => {
      deps.onChanged(this.toDto());
    });
    this.#changes.request();
    this.ended = this.#run();
  }

  get isFinal(): boolean {
    return this.#state !== 'running' && this.#state !== 'cancelling';
  }

  toDto(): JobDto {
    const { phase, doneBytes, totalBytes } = this.#progress;
    const bytesPerSecond = this.isFinal ? undefined : this.#meter.bytesPerSecond();
    const remainingMs =
      this.isFinal || totalBytes === undefined ? undefined : this.#meter.remainingMs(totalBytes);
    return {
      id: this.id,
      kind: this.#request.kind,
      object: this.#request.object,
      state: this.#state,
      phase,
      doneBytes,
      ...(totalBytes !== undefined && { totalBytes }),
      ...(bytesPerSecond !== undefined && { bytesPerSecond: Math.round(bytesPerSecond) }),
      ...(remainingMs !== undefined && { remainingMs: Math.round(remainingMs) }),
      startedAt: this.#startedAt,
      ...(this.#finishedAt !== undefined && { finishedAt: this.#finishedAt }),
      ...(this.#error !== undefined && { error: this.#error }),
      ...(this.#result !== undefined && { result: this.#result }),
    };
  }

  cancel(reason: CancelledError): JobState {
    if (this.#state === 'running') {
      this.#state = 'cancelling';
      this.#controller.abort(reason);
      // Whoever has pressed the button wants to see that it was heard.
      this.#changes.callNow();
    }
    return this.#state;
  }

  log(): JobLogResult {
    return { lines: [...this.#logLines], droppedCount: this.#droppedLogLines };
  }

  async #run(): Promise<void> {
    const logger = lineLogger(this.#deps.clock, line => {
      this.#addLogLine(line);
    });
    const { signal } = this.#controller;
    try {
      this.#result = await this.#request.run({
        signal,
        logger,
        onProgress: progress => {
          this.#report(progress);
        },
      });
      this.#state = 'succeeded';
    } catch (thrown) {
      // What an interrupted library throws of its own says nothing; a typed error, such as a failed clean-up, does.
      const isCancelled = signal.aborted && (!AppError.is(thrown) || AppError.is(thrown, 'CANCELLED'));
      this.#state = isCancelled ? 'cancelled' : 'failed';
      if (!isCancelled) {
        this.#error = toWireError(thrown);
        logger.error(toAppError(thrown).message);
      }
    }
    this.#finishedAt = this.#deps.clock.now().toISOString();
    this.#changes.request();
  }

  #report(progress: Progress): void {
    if (progress.phase !== this.#progress.phase) {
      this.#meter = new RateMeter(this.#deps.clock);
      this.#addLogLine({ at: this.#deps.clock.now().toISOString(), level: 'info', text: progress.phase });
    }
    this.#progress = progress;
    this.#meter.update(progress.doneBytes);
    this.#changes.request();
  }

  #addLogLine(line: JobLogLine): void {
    this.#logLines.push(line);
    if (this.#logLines.length <= maxLogLines) return;
    this.#logLines.shift();
    this.#droppedLogLines += 1;
  }
}
