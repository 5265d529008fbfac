import { EventEmitter, type Event } from 'vscode';
import type { NotificationType, RequestType } from 'vscode-jsonrpc';

import type { WorkerDto } from '../protocol/handshake.ts';
import { type JobDto, jobChanged } from '../protocol/job.ts';
import { goalsChanged } from '../protocol/recovery.ts';
import { type SnapshotReportDto, snapshotsReported } from '../protocol/snapshotReport.ts';
import { vcenterChanged, type VCenterChangeDto } from '../protocol/vcenter.ts';
import { type VmChangesDto, vmsChanged } from '../protocol/vm.ts';
import type { WireError } from '../protocol/wireError.ts';

/** One connection to the background worker, after the handshake. */
export interface WorkerConnection {
  readonly worker: WorkerDto;
  /** Fails with an AppError: the worker's own, or WORKER_LOST when the connection ends. */
  request<P, R>(type: RequestType<P, R, WireError>, params: P, signal: AbortSignal): Promise<R>;
  on<P>(type: NotificationType<P>, listener: (params: P) => void): Disposable;
  /** Resolves when the connection ends, whoever ended it. */
  readonly closed: Promise<void>;
  [Symbol.dispose](): void;
}

/** Asks the background worker; what views and commands need of the client. */
export interface Worker {
  request<P, R>(type: RequestType<P, R, WireError>, params: P, signal: AbortSignal): Promise<R>;
}

/**
 * The worker as the editor sees it: connected at the first request, started if need be, connected anew at the first
 * request after it was lost.
 */
export class WorkerLink implements Worker {
  readonly onDidConnect: Event<WorkerDto>;
  /** The connection ended and nobody here wanted it. */
  readonly onDidLose: Event<void>;
  readonly onDidChangeJob: Event<JobDto>;
  readonly onDidChangeVms: Event<VmChangesDto>;
  readonly onDidChangeVCenter: Event<VCenterChangeDto>;
  readonly onDidReportSnapshots: Event<SnapshotReportDto>;
  /** Goals or acceptances are others now, whoever has set them. */
  readonly onDidChangeGoals: Event<void>;
  readonly #connect: (signal: AbortSignal) => Promise<WorkerConnection>;
  readonly #connected = new EventEmitter<WorkerDto>();
  readonly #lost = new EventEmitter<void>();
  readonly #jobChanged = new EventEmitter<JobDto>();
  readonly #vcenterChanged = new EventEmitter<VCenterChangeDto>();
  readonly #vmsChanged = new EventEmitter<VmChangesDto>();
  readonly #snapshotsReported = new EventEmitter<SnapshotReportDto>();
  readonly #goalsChanged = new EventEmitter<void>();
  readonly #lifetime = new AbortController();
  #connection: Promise<WorkerConnection> | undefined;

  constructor(connect: (signal: AbortSignal) => Promise<WorkerConnection>) {
    this.#connect = connect;
    this.onDidConnect = this.#connected.event;
    this.onDidLose = this.#lost.event;
    this.onDidChangeJob = this.#jobChanged.event;
    this.onDidChangeVCenter = this.#vcenterChanged.event;
    this.onDidChangeVms = this.#vmsChanged.event;
    this.onDidReportSnapshots = this.#snapshotsReported.event;
    this.onDidChangeGoals = this.#goalsChanged.event;
  }

  async request<P, R>(type: RequestType<P, R, WireError>, params: P, signal: AbortSignal): Promise<R> {
    signal.throwIfAborted();
    const connection = await this.#open();
    return await connection.request(type, params, signal);
  }

  dispose(): void {
    this.#lifetime.abort();
    void this.#connection?.then(
      connection => connection[Symbol.dispose](),
      () => undefined,
    );
    this.#connected.dispose();
    this.#lost.dispose();
    this.#jobChanged.dispose();
    this.#vcenterChanged.dispose();
    this.#vmsChanged.dispose();
    this.#snapshotsReported.dispose();
    this.#goalsChanged.dispose();
  }

  /** Everybody who asks at the same time shares one attempt, which no single one of them can cancel. */
  async #open(): Promise<WorkerConnection> {
    if (this.#connection !== undefined) return await this.#connection;
    const attempt = this.#connect(this.#lifetime.signal);
    this.#connection = attempt;
    try {
      const connection = await attempt;
      connection.on(jobChanged, job => this.#jobChanged.fire(job));
      connection.on(vmsChanged, changes => this.#vmsChanged.fire(changes));
      connection.on(goalsChanged, () => this.#goalsChanged.fire());
      connection.on(snapshotsReported, report => this.#snapshotsReported.fire(report));
      connection.on(vcenterChanged, change => this.#vcenterChanged.fire(change));
      void connection.closed.then(() => this.#forget(attempt));
      this.#connected.fire(connection.worker);
      return connection;
    } catch (error) {
      if (this.#connection === attempt) this.#connection = undefined;
      throw error;
    }
  }

  #forget(ended: Promise<WorkerConnection>): void {
    if (this.#connection !== ended) return;
    this.#connection = undefined;
    if (!this.#lifetime.signal.aborted) this.#lost.fire();
  }
}
