import { AppError, CancelledError } from '../base/errors.ts';
import { toHex } from '../base/random.ts';
import type { JobAnswer, JobDto, JobLogResult, JobState } from '../protocol/job.ts';
import { type JobDeps, type JobRequest, RunningJob } from './runningJob.ts';

/** Finished jobs that are remembered, for clients that connect later. */
const rememberedJobs = 100;

/** Long enough for a night's maintenance to end, short enough for a snapshot that nobody reads. */
export const usualKeepPausedMs = 30 * 60_000;

/** Every job of this worker, from its start until it is forgotten long after its end. */
export class JobRegistry implements AsyncDisposable {
  readonly #deps: JobDeps;
  #keepPausedSnapshotMs = usualKeepPausedMs;
  /** Oldest first. */
  readonly #jobs = new Map<string, RunningJob>();

  constructor(deps: Omit<JobDeps, 'keepPausedSnapshotMs'>) {
    this.#deps = { ...deps, keepPausedSnapshotMs: () => this.#keepPausedSnapshotMs };
  }

  get runningCount(): number {
    return this.#running().length;
  }

  /**
   * Starts the work and gives the job's id.
   * @throws CONFLICT if a job runs that has one of its keys
   */
  start(request: JobRequest): string {
    for (const key of request.exclusiveKeys) {
      const other = this.runningWith(key);
      if (other === undefined) continue;
      throw new AppError('CONFLICT', `${request.object}: a job works on it already (${other.phase})`, {
        object: request.object,
        remedy: 'Wait for its end, or cancel it',
      });
    }
    const id = toHex(this.#deps.random.bytes(8));
    const job = new RunningJob(id, request, this.#deps);
    this.#jobs.set(id, job);
    this.#forgetOldest();
    return id;
  }

  /** The job that keeps others with this key from starting. */
  runningWith(exclusiveKey: string): JobDto | undefined {
    return this.#running()
      .find(job => job.exclusiveKeys.includes(exclusiveKey))
      ?.toDto();
  }

  /** Newest first. */
  list(): JobDto[] {
    return [...this.#jobs.values()].map(job => job.toDto()).reverse();
  }

  /** Of pauses that begin from now on. */
  setKeepPausedSnapshotMs(keepMs: number): void {
    this.#keepPausedSnapshotMs = keepMs;
  }

  /** Tells the job, or one of its VMs, to stop and gives the state it is in then; what has ended stays as it is. */
  cancel(id: string, member?: number): JobState {
    const job = this.#job(id);
    return member === undefined
      ? job.cancel(new CancelledError())
      : job.cancelMember(member, new CancelledError());
  }

  /** @throws CONFLICT if it cannot stand still */
  pause(id: string): JobState {
    return this.#job(id).pause();
  }

  resume(id: string): JobState {
    return this.#job(id).resume();
  }

  /** Starts a job for what has failed of this one. @throws CONFLICT if nothing has, or somebody works on it already */
  retry(id: string, member?: number): string {
    return this.start(this.#job(id).retryRequest(member));
  }

  /** @throws NOT_FOUND if the job does not wait for this answer */
  answer({ jobId, questionId, accept }: JobAnswer): void {
    this.#job(jobId).answer(questionId, accept);
  }

  /** Whether it is one of this worker. */
  has(id: string): boolean {
    return this.#jobs.has(id);
  }

  log(id: string): JobLogResult {
    return this.#job(id).log();
  }

  /** Resolves once none runs any more. */
  async allEnded(): Promise<void> {
    for (let running = this.#running(); running.length > 0; running = this.#running())
      await Promise.all(running.map(async job => await job.ended));
  }

  /** Cancels all and waits until they have given back what they took. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const job of this.#running()) job.cancel(new CancelledError('the background worker is ending'));
    await this.allEnded();
  }

  #running(): RunningJob[] {
    return [...this.#jobs.values()].filter(job => !job.isFinal);
  }

  #job(id: string): RunningJob {
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    throw new AppError('NOT_FOUND', `there is no job ${id}`, {
      object: id,
      remedy: 'List the jobs; old ones are forgotten, and none but one of this worker can be changed',
    });
  }

  #forgetOldest(): void {
    const finished = [...this.#jobs].filter(([, job]) => job.isFinal);
    for (const [id] of finished.slice(0, Math.max(0, finished.length - rememberedJobs)))
      this.#jobs.delete(id);
  }
}
