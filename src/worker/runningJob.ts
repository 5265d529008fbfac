import type { Clock } from '../base/clock.ts';
import { AppError, type CancelledError, toAppError } from '../base/errors.ts';
import { JoinedProgress } from '../base/joinedProgress.ts';
import type { Logger } from '../base/logger.ts';
import type { Progress, ProgressListener } from '../base/progress.ts';
import { toHex, type Random } from '../base/random.ts';
import { formatBytes } from '../base/units.ts';
import { RateMeter } from '../base/rateMeter.ts';
import type { LevelDowngrade } from '../core/consistency/request/requestSnapshot.ts';
import type { AskForLess } from '../core/jobs/snapshotByPolicy.ts';
import { type Bottleneck, bottleneckTexts } from '../base/waits.ts';
import { WaitMeter } from '../base/waitMeter.ts';
import type {
  JobDto,
  JobKind,
  JobLogLine,
  JobLogResult,
  JobMemberDto,
  JobQuestionDto,
  JobResult,
  JobState,
} from '../protocol/job.ts';
import { toWireError, type WireError } from '../protocol/wireError.ts';
import type { Pause } from '../core/jobs/backupVm/pause.ts';
import { PauseSwitch } from './pauseSwitch.ts';
import { lineLogger } from './log.ts';
import { Throttle } from './throttle.ts';

export interface JobRequest {
  readonly kind: JobKind;
  /** What it works on, as the user knows it. */
  readonly object: string;
  /** Names of the VMs it works on, where they are several. */
  readonly members?: readonly string[];
  /** What only one job at a time may work on; jobs without a key in common run side by side. */
  readonly exclusiveKeys: readonly string[];
  /** Whether the work keeps to the pause of its context. */
  readonly canPause?: boolean;
  /** What does again what has failed: all of it, or these of its VMs. */
  readonly retry?: (failedMembers: readonly number[]) => JobRequest;
  /**
   * The work. It ends soon after its signal was aborted, having given back what it took. Rejecting with CANCELLED then
   * makes it cancelled; anything else it rejects with, also then, makes it failed.
   */
  readonly run: (context: JobContext) => Promise<JobResult>;
}

export interface JobContext {
  readonly jobId: string;
  readonly signal: AbortSignal;
  readonly pause: Pause;
  readonly onProgress: ProgressListener;
  /** The job's own log. */
  readonly logger: Logger;
  readonly askForLess: AskForLess;
  /** In the order of the request's. */
  readonly members: readonly MemberContext[];
}

/** The same for one of several VMs. */
export interface MemberContext extends Pick<JobContext, 'onProgress' | 'askForLess'> {
  /** Of this VM alone. */
  readonly signal: AbortSignal;
  readonly onEnd: (state: 'succeeded' | 'failed' | 'cancelled') => void;
}

export interface JobDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Called at most five times a second per job, the final state always among them; once more for a cancellation. */
  readonly onChanged: (job: JobDto, log: () => JobLogResult) => void;
  /** Called at once, before anybody is told. */
  readonly onEnded: (job: JobDto, log: () => JobLogResult) => void;
  /** Whether a client is there that could answer a question. */
  readonly hasUser: () => boolean;
  /** For how long a paused backup keeps its snapshot. */
  readonly keepPausedSnapshotMs: () => number;
}

/** How often it is looked whether anybody is still there to answer. */
const questionIntervalMs = 1_000;

/** A fifth of a second, and a little for timers that wake early. */
const changeIntervalMs = 210;

const maxLogLines = 1000;

interface OpenQuestion {
  readonly dto: JobQuestionDto;
  readonly answer: (accept: boolean) => void;
}

/** One job: running ⇄ paused → (cancelling →) succeeded, failed or cancelled. Begins when it is made. */
export class RunningJob {
  readonly id: string;
  readonly exclusiveKeys: readonly string[];
  /** Resolves when the state is final; never rejects. */
  readonly ended: Promise<void>;
  readonly #request: JobRequest;
  readonly #deps: JobDeps;
  readonly #controller = new AbortController();
  readonly #pause: PauseSwitch;
  readonly #memberControllers: readonly AbortController[];
  readonly #changes: Throttle;
  readonly #startedAt: string;
  readonly #logLines: JobLogLine[] = [];
  readonly #members: JobMemberDto[];
  readonly #joined = new JoinedProgress(progress => this.#show(progress));
  #droppedLogLines = 0;
  #state: JobState = 'running';
  #progress: Progress = { phase: 'Starting', doneBytes: 0, totalBytes: undefined };
  #meter: RateMeter;
  readonly #waits: WaitMeter;
  #toldBottleneck: Bottleneck | undefined;
  #finishedAt: string | undefined;
  #question: OpenQuestion | undefined;
  #error: WireError | undefined;
  #result: JobResult | undefined;

  constructor(id: string, request: JobRequest, deps: JobDeps) {
    this.id = id;
    this.exclusiveKeys = request.exclusiveKeys;
    this.#members = (request.members ?? []).map(object => ({
      ...{ object, state: 'running', phase: this.#progress.phase, doneBytes: 0 },
    }));
    this.#memberControllers = this.#members.map(() => new AbortController());
    this.#pause = new PauseSwitch(deps.keepPausedSnapshotMs);
    this.#request = request;
    this.#deps = deps;
    this.#startedAt = deps.clock.now().toISOString();
    this.#meter = new RateMeter(deps.clock);
    this.#waits = new WaitMeter(deps.clock);
    this.#changes = new Throttle(deps.clock, changeIntervalMs, () => {
      deps.onChanged(this.toDto(), () => this.log());
    });
    this.#changes.request();
    this.ended = this.#run();
  }

  get isFinal(): boolean {
    return this.#state !== 'running' && this.#state !== 'paused' && this.#state !== 'cancelling';
  }

  toDto(): JobDto {
    const { phase, doneBytes, totalBytes } = this.#progress;
    const bytesPerSecond = this.isFinal ? undefined : this.#meter.bytesPerSecond();
    const remainingMs =
      this.isFinal || totalBytes === undefined ? undefined : this.#meter.remainingMs(totalBytes);
    const bottleneck = this.isFinal ? undefined : this.#waits.bottleneck();
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
      ...(bottleneck !== undefined && { bottleneck }),
      startedAt: this.#startedAt,
      ...(this.#finishedAt !== undefined && { finishedAt: this.#finishedAt }),
      ...(this.#canPause() && { canPause: true }),
      ...(this.#canRetry() && { canRetry: true }),
      ...(this.#members.length > 0 && { members: [...this.#members] }),
      ...(this.#question !== undefined && { question: this.#question.dto }),
      ...(this.#error !== undefined && { error: this.#error }),
      ...(this.#result !== undefined && { result: this.#result }),
    };
  }

  cancel(reason: CancelledError): JobState {
    if (this.#state === 'running' || this.#state === 'paused') {
      this.#state = 'cancelling';
      this.#controller.abort(reason);
      // Whoever has pressed the button wants to see that it was heard.
      this.#changes.callNow();
    }
    return this.#state;
  }

  /** @throws NOT_FOUND if it has no such VM */
  cancelMember(index: number, reason: CancelledError): JobState {
    const controller = this.#memberControllers[index];
    if (controller === undefined) throw this.#noMember(index);
    if (!this.isFinal) controller.abort(reason);
    return this.#state;
  }

  /** @throws CONFLICT if it cannot stand still */
  pause(): JobState {
    if (this.#state === 'paused') return this.#state;
    if (this.#request.canPause !== true || this.#state !== 'running')
      throw this.#conflict('cannot be paused');
    this.#state = 'paused';
    this.#pause.pause();
    this.#addPhase('paused');
    this.#changes.callNow();
    return this.#state;
  }

  resume(): JobState {
    if (this.#state !== 'paused') return this.#state;
    this.#state = 'running';
    this.#pause.resume();
    this.#addPhase('goes on');
    this.#changes.callNow();
    return this.#state;
  }

  /** @throws CONFLICT if there is nothing to do again; NOT_FOUND if it has no such VM */
  retryRequest(member: number | undefined): JobRequest {
    const { retry } = this.#request;
    const failed = this.#members.flatMap(({ state }, index) => (state === 'succeeded' ? [] : [index]));
    if (member !== undefined && this.#members[member] === undefined) throw this.#noMember(member);
    const wanted = failed.filter(index => member === undefined || index === member);
    const isNothing =
      !this.isFinal || !this.#hasFailed() || (this.#members.length > 0 && wanted.length === 0);
    if (retry === undefined || isNothing)
      throw this.#conflict('nothing of it has failed that can be tried again');
    return retry(wanted);
  }

  /** @throws NOT_FOUND if it does not wait for this answer */
  answer(questionId: string, accept: boolean): void {
    if (this.#question?.dto.id !== questionId) {
      throw new AppError('NOT_FOUND', `${this.#request.object}: the question was answered already`, {
        object: this.#request.object,
        remedy: 'Look at the job',
      });
    }
    this.#question.answer(accept);
  }

  log(): JobLogResult {
    return { lines: [...this.#logLines], droppedCount: this.#droppedLogLines };
  }

  #canPause(): boolean {
    return this.#request.canPause === true && !this.isFinal && this.#state !== 'cancelling';
  }

  #canRetry(): boolean {
    return this.isFinal && this.#request.retry !== undefined && this.#hasFailed();
  }

  #hasFailed(): boolean {
    if (this.#state !== 'succeeded') return true;
    return this.#members.some(({ state }) => state === 'failed' || state === 'cancelled');
  }

  #conflict(what: string): AppError {
    const { object } = this.#request;
    return new AppError('CONFLICT', `${object}: ${what}`, { object, remedy: 'Look at the job' });
  }

  #noMember(index: number): AppError {
    const { object } = this.#request;
    return new AppError('NOT_FOUND', `${object}: the job has no VM number ${index}`, { object });
  }

  async #run(): Promise<void> {
    const logger = lineLogger(this.#deps.clock, line => {
      this.#addLogLine(line);
    });
    const { signal } = this.#controller;
    try {
      this.#result = await this.#request.run({
        jobId: this.id,
        signal,
        pause: this.#pause,
        logger,
        onProgress: progress => {
          this.#report(progress);
        },
        askForLess: async (downgrade, asking) => await this.#ask(this.#request.object, downgrade, asking),
        members: this.#members.map(({ object }, index) => this.#memberContext(object, index)),
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
    this.#deps.onEnded(this.toDto(), () => this.log());
    this.#changes.request();
  }

  /** False as soon as nobody is there any more: then the question means no. */
  async #ask(object: string, downgrade: LevelDowngrade, signal: AbortSignal): Promise<boolean> {
    const { clock, random, hasUser } = this.#deps;
    let answer: boolean | undefined;
    const waking = new AbortController();
    const dto = { ...downgrade, object, id: toHex(random.bytes(4)) };
    this.#question = {
      dto,
      answer: accept => {
        answer = accept;
        waking.abort();
      },
    };
    this.#changes.callNow();
    const either = AbortSignal.any([signal, waking.signal]);
    try {
      while (answer === undefined && hasUser() && !signal.aborted)
        await clock.sleep(questionIntervalMs, either).catch(() => undefined);
      signal.throwIfAborted();
      return answer ?? false;
    } finally {
      this.#question = undefined;
      this.#changes.request();
    }
  }

  #memberContext(object: string, index: number): MemberContext {
    const part = this.#joined.part();
    return {
      onProgress: ({ phase, doneBytes, totalBytes, waits }) => {
        const progress = { phase, doneBytes, ...(totalBytes !== undefined && { totalBytes }) };
        const isNewPhase = phase !== this.#members[index]?.phase;
        this.#members[index] = { object, state: 'running', ...progress };
        const named = phase.includes(` of ${object}`) ? phase : `${object}: ${phase}`;
        if (isNewPhase) this.#addPhase(named);
        part.onProgress({ phase: named, doneBytes, totalBytes, ...(waits !== undefined && { waits }) });
      },
      askForLess: async (downgrade, asking) => await this.#ask(object, downgrade, asking),
      signal: this.#memberControllers[index]?.signal ?? this.#controller.signal,
      onEnd: state => {
        const member = this.#members[index];
        if (member !== undefined) this.#members[index] = { ...member, state };
        part.end();
        this.#changes.request();
      },
    };
  }

  #report(progress: Progress): void {
    if (progress.phase !== this.#progress.phase) this.#addPhase(progress.phase);
    this.#show(progress);
  }

  /** Once for each change, at the speed it had then. */
  #addBottleneck(bottleneck: Bottleneck | undefined): void {
    if (bottleneck === undefined || bottleneck === this.#toldBottleneck) return;
    this.#toldBottleneck = bottleneck;
    const rate = this.#meter.bytesPerSecond();
    const text = bottleneckTexts[bottleneck];
    this.#addPhase(rate === undefined ? text : `${text} at ${formatBytes(rate)}/s`);
  }

  #addPhase(text: string): void {
    this.#addLogLine({ at: this.#deps.clock.now().toISOString(), level: 'info', text });
  }

  #show(progress: Progress): void {
    if (progress.phase !== this.#progress.phase) this.#meter = new RateMeter(this.#deps.clock);
    this.#progress = progress;
    this.#meter.update(progress.doneBytes);
    this.#waits.update(progress.waits);
    this.#addBottleneck(this.#waits.bottleneck());
    this.#changes.request();
  }

  #addLogLine(line: JobLogLine): void {
    this.#logLines.push(line);
    if (this.#logLines.length <= maxLogLines) return;
    this.#logLines.shift();
    this.#droppedLogLines += 1;
  }
}
