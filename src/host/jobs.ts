import { EventEmitter, type Disposable, type Event } from 'vscode';

import { type JobDto, listJobs } from '../protocol/job.ts';
import { isRunning } from './model/jobModel.ts';
import type { WorkerLink } from './workerLink.ts';

/** The worker's jobs as last heard of. */
export class Jobs {
  readonly onDidChange: Event<void>;
  /** A job has ended since the worker was connected, whoever has started it. */
  readonly onDidFinish: Event<JobDto>;
  /** A job that this window has started has ended. */
  readonly onDidFinishOurs: Event<JobDto>;
  /** The connection to the worker has ended, with these jobs running. */
  readonly onDidLoseWorker: Event<readonly JobDto[]>;
  readonly #worker: WorkerLink;
  readonly #jobs = new Map<string, JobDto>();
  readonly #ours = new Set<string>();
  readonly #changed = new EventEmitter<void>();
  readonly #finished = new EventEmitter<JobDto>();
  readonly #finishedOurs = new EventEmitter<JobDto>();
  readonly #lostWorker = new EventEmitter<readonly JobDto[]>();
  readonly #lifetime = new AbortController();
  readonly #subscriptions: readonly Disposable[];

  constructor(worker: WorkerLink) {
    this.onDidChange = this.#changed.event;
    this.onDidFinish = this.#finished.event;
    this.onDidFinishOurs = this.#finishedOurs.event;
    this.onDidLoseWorker = this.#lostWorker.event;
    this.#worker = worker;
    this.#subscriptions = [
      worker.onDidChangeJob(job => {
        // A short one may be told of only when it has ended.
        const isNew = !this.#jobs.has(job.id);
        this.#take(job);
        if (isNew && !isRunning(job)) this.#finished.fire(job);
        this.#changed.fire();
      }),
      worker.onDidConnect(() => {
        // Jobs of other windows, or of this one before it was reloaded; a failure is told to whoever asks next.
        this.refresh(this.#lifetime.signal).catch(() => undefined);
      }),
      worker.onDidLose(() => {
        const running = this.all().filter(isRunning);
        this.#jobs.clear();
        this.#ours.clear();
        this.#changed.fire();
        this.#lostWorker.fire(running);
      }),
    ];
  }

  /** Newest first. */
  all(): readonly JobDto[] {
    return [...this.#jobs.values()].toSorted((one, other) => other.startedAt.localeCompare(one.startedAt));
  }

  find(jobId: string): JobDto | undefined {
    return this.#jobs.get(jobId);
  }

  /** The end of this job is told; it may have come before this call. */
  markOurs(jobId: string): void {
    this.#ours.add(jobId);
    const job = this.#jobs.get(jobId);
    if (job !== undefined) this.#tellEnd(job);
  }

  async refresh(signal: AbortSignal): Promise<void> {
    const { jobs } = await this.#worker.request(listJobs, {}, signal);
    const ids = new Set(jobs.map(({ id }) => id));
    for (const id of this.#jobs.keys()) if (!ids.has(id)) this.#jobs.delete(id);
    for (const job of jobs) this.#take(job);
    this.#changed.fire();
  }

  dispose(): void {
    this.#lifetime.abort();
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
    this.#finished.dispose();
    this.#finishedOurs.dispose();
    this.#lostWorker.dispose();
  }

  #take(job: JobDto): void {
    const before = this.#jobs.get(job.id);
    this.#jobs.set(job.id, job);
    if (before !== undefined && isRunning(before) && !isRunning(job)) this.#finished.fire(job);
    this.#tellEnd(job);
  }

  #tellEnd(job: JobDto): void {
    if (!isRunning(job) && this.#ours.delete(job.id)) this.#finishedOurs.fire(job);
  }
}
