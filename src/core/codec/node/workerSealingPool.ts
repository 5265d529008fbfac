import { Worker } from 'node:worker_threads';
import { defined } from '../../../base/assert.ts';
import { Semaphore } from '../../../base/async/semaphore.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import type { Compression } from '../compression.ts';
import type { MasterKey } from '../masterKey.ts';
import type {
  BlobProblem,
  BlobTarget,
  EnclosedBlob,
  ExpectedBlob,
  HashedBytes,
  PackVerdict,
  PlacedBlob,
  SealResult,
  SealingPool,
} from '../sealingPool.ts';
import {
  transferable,
  type SealProblem,
  type SealReply,
  type SealResults,
  type SealTask,
} from './sealMessages.ts';

export interface WorkerSealingPoolOptions {
  /** The thread's program: `sealWorker.ts` among the sources, `sealWorker.mjs` beside a bundle. */
  readonly script: URL;
  readonly threadCount: number;
  readonly compression: Compression;
}

/** One task in work and one waiting: a thread never waits for the next one to be copied over. */
const tasksPerThread = 2;

/**
 * A pool of worker threads. Threads are started when work is announced, or as tasks come; one that dies rejects its tasks with
 * WORKER_LOST and is replaced when the next task needs it. Disposing ends all of them at once.
 */
export class WorkerSealingPool implements SealingPool {
  readonly #key: MasterKey;
  readonly #options: WorkerSealingPoolOptions;
  readonly #places: Semaphore;
  readonly #threads: (SealingThread | undefined)[];
  #disposed = false;

  constructor(key: MasterKey, options: WorkerSealingPoolOptions) {
    this.#key = key;
    this.#options = options;
    this.#places = new Semaphore(options.threadCount * tasksPerThread);
    this.#threads = Array.from({ length: options.threadCount }, () => undefined);
  }

  prepare(): void {
    for (const index of this.#threads.keys()) this.#thread(index);
  }

  async hash(plain: Uint8Array, signal: AbortSignal): Promise<HashedBytes> {
    return await this.#run({ kind: 'hash', plain }, plain, signal);
  }

  async seal(hashed: HashedBytes, signal: AbortSignal): Promise<SealResult> {
    return await this.#run({ kind: 'seal', hashed }, hashed.plain, signal);
  }

  async unseal(
    sealed: Uint8Array,
    expected: ExpectedBlob,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#run({ kind: 'unseal', sealed, expected }, sealed, signal);
  }

  async verify(pack: Uint8Array, blobs: readonly EnclosedBlob[], signal: AbortSignal): Promise<PackVerdict> {
    return await this.#run({ kind: 'verify', pack, blobs }, pack, signal);
  }

  async unsealTo(
    piece: Uint8Array,
    blobs: readonly PlacedBlob[],
    target: BlobTarget,
    signal: AbortSignal,
  ): Promise<readonly BlobProblem[]> {
    const { file } = target;
    if (file !== undefined) return await this.#run({ kind: 'unsealTo', piece, blobs, file }, piece, signal);
    const problems: BlobProblem[] = [];
    for (const blob of blobs) {
      const { id, startBytes, sealedBytes, offsetsBytes } = blob;
      try {
        const plain = await this.unseal(piece.slice(startBytes, startBytes + sealedBytes), blob, signal);
        for (const offsetBytes of offsetsBytes) await target.write(offsetBytes, plain, signal);
      } catch (error) {
        if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
        problems.push({ id, message: error.message });
      }
    }
    return problems;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#threads.map(async thread => await thread?.end()));
  }

  async #run<K extends SealTask['kind']>(
    task: SealTask & { kind: K },
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<SealResults[K]> {
    return await this.#places.use(signal, async () => {
      if (this.#disposed)
        throw new AppError('WORKER_LOST', 'the sealing pool was closed', { retryable: false });
      const running = this.#leastBusy().run(task, transferable(bytes));
      this.#startSpare();
      return (await running) as SealResults[K];
    });
  }

  /** A thread takes as long to start as to unseal fifty blobs: there is one more of them than have something to do. */
  #startSpare(): void {
    const next = this.#threads.indexOf(undefined);
    if (next !== -1 && this.#threads.every(thread => thread === undefined || thread.load > 0))
      this.#thread(next);
  }

  #leastBusy(): SealingThread {
    const loads = this.#threads.map(thread => thread?.load ?? 0);
    return this.#thread(loads.indexOf(Math.min(...loads)));
  }

  #thread(index: number): SealingThread {
    let thread = this.#threads[index];
    if (thread === undefined || thread.dead) {
      thread = new SealingThread(this.#options.script, {
        key: this.#key,
        compression: this.#options.compression,
      });
      this.#threads[index] = thread;
    }
    return thread;
  }
}

interface PendingTask {
  readonly resolve: (result: SealResults[keyof SealResults]) => void;
  readonly reject: (error: AppError) => void;
}

class SealingThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingTask>();
  #lastTaskNumber = 0;
  #death: AppError | undefined;

  constructor(script: URL, workerData: { key: MasterKey; compression: Compression }) {
    // The editor's or test runner's own flags must not reach the thread.
    this.#worker = new Worker(script, { workerData, execArgv: [], name: 'seal' });
    this.#worker.on('message', (reply: SealReply) => this.#settle(reply));
    this.#worker.on('error', error => (this.#death = lost(error)));
    // Only now it writes nothing any more into files that its tasks have named.
    this.#worker.on('exit', () => this.#die());
  }

  /** Tasks in work and waiting. */
  get load(): number {
    return this.#pending.size;
  }

  get dead(): boolean {
    return this.#death !== undefined;
  }

  async run(task: SealTask, transfer: ArrayBuffer[]): Promise<SealResults[keyof SealResults]> {
    return await new Promise((resolve, reject) => {
      const taskNumber = ++this.#lastTaskNumber;
      this.#worker.postMessage({ taskNumber, task }, transfer);
      this.#pending.set(taskNumber, { resolve, reject });
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(reply: SealReply): void {
    const pending = defined(this.#pending.get(reply.taskNumber), 'the task of a reply');
    this.#pending.delete(reply.taskNumber);
    if ('result' in reply) pending.resolve(reply.result);
    else pending.reject(rebuilt(reply.problem));
  }

  #die(): void {
    this.#death ??= lost(undefined);
    for (const { reject } of this.#pending.values()) reject(this.#death);
    this.#pending.clear();
  }
}

function lost(cause: unknown): AppError {
  return new AppError('WORKER_LOST', 'a sealing thread ended unexpectedly', { cause });
}

function rebuilt({ code, message, object, remedy }: SealProblem): AppError {
  const details = { ...(object !== undefined && { object }), ...(remedy !== undefined && { remedy }) };
  return code === 'CORRUPT_DATA'
    ? new CorruptDataError(message, details)
    : new AppError(code, message, details);
}
