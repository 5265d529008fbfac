import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../base/clock.ts';
import { AppError, toAppError } from '../base/errors.ts';
import { JsonReader } from '../base/jsonReader.ts';
import type { Logger } from '../base/logger.ts';
import { writeFileDurably } from '../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../base/node/fileErrors.ts';
import type { JobDto, JobLogResult } from '../protocol/job.ts';
import { protocolVersion } from '../protocol/version.ts';
import { toWireError } from '../protocol/wireError.ts';

/** A job that has ended, with its log. */
export interface PastJob {
  readonly job: JobDto;
  readonly log: JobLogResult;
}

/** What a killed worker may not have written down of a job. */
const writeIntervalMs = 2_000;

const keptJobs = 100;
const storedVersion = 1;

const fileName = /^[0-9a-f]{16}\.json$/;

/**
 * Jobs on disk, one file each, so that neither a reload, nor an update, nor a kill loses what they did and said. A job that
 * had not ended when its worker did is told as failed.
 */
export class JobHistory implements AsyncDisposable {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #writtenMs = new Map<string, number>();
  /** By the names of their files: those change no more. */
  readonly #ended = new Map<string, PastJob>();
  /** One after the other, so that what was said last is there last. */
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#folder = folder;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Called for every change of a job; writes its end at once and what is before now and then. Never throws. */
  note(job: JobDto, log: () => JobLogResult): void {
    const nowMs = this.#clock.monotonicMs();
    const isEnd = job.finishedAt !== undefined;
    const writtenMs = this.#writtenMs.get(job.id) ?? -Infinity;
    if (writtenMs === Infinity || (!isEnd && nowMs - writtenMs < writeIntervalMs)) return;
    // Its end is told again when the others are told.
    this.#writtenMs.set(job.id, isEnd ? Infinity : nowMs);
    const lasting = without(job, 'bytesPerSecond', 'remainingMs', 'question');
    const at = this.#clock.now().toISOString();
    const stored = { version: storedVersion, protocolVersion, at, job: lasting, log: log() };
    const path = join(this.#folder, `${job.id}.json`);
    this.#writing = this.#writing
      .then(async () => await writeFileDurably(path, `${JSON.stringify(stored)}\n`))
      .catch((error: unknown) => {
        this.#logger.warn(`a job was not written down: ${toAppError(error).message}`);
      });
  }

  /** Resolves when everything noted is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  /**
   * Newest first; older ones are removed. Read anew each time: an earlier worker may still be giving back what its jobs
   * took, and write down their ends.
   */
  async read(): Promise<readonly PastJob[]> {
    const found: PastJob[] = [];
    for (const name of await this.#names()) {
      try {
        found.push(this.#ended.get(name) ?? (await this.#read(name)));
      } catch (error) {
        this.#logger.warn(`a job of the past cannot be read: ${toAppError(error).message}`);
      }
    }
    found.sort((one, other) => other.job.startedAt.localeCompare(one.job.startedAt));
    for (const { job } of found.splice(keptJobs)) {
      this.#ended.delete(`${job.id}.json`);
      await rm(join(this.#folder, `${job.id}.json`), { force: true });
    }
    return found;
  }

  async #read(name: string): Promise<PastJob> {
    const path = join(this.#folder, name);
    const { past, isEnd } = decode(await readFile(path, 'utf8'), path);
    if (isEnd) this.#ended.set(name, past);
    return past;
  }

  async #names(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#folder)).filter(name => fileName.test(name));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw fileError(this.#folder, error);
    }
  }
}

/** What a worker of another protocol has written is believed as far as every protocol says the same. */
function decode(text: string, path: string): { readonly past: PastJob; readonly isEnd: boolean } {
  const json = JsonReader.parse(text, path);
  json.integer('version', { min: storedVersion, max: storedVersion });
  const written = json.object('job');
  const [id, object, at] = [written.string('id'), written.string('object'), json.string('at')];
  written.string('startedAt');
  const stored = JSON.parse(text) as { readonly job: JobDto; readonly log: JobLogResult };
  const isSameProtocol = json.integer('protocolVersion', { min: 0, max: 1_000_000 }) === protocolVersion;
  const { result, members } = stored.job;
  const past: JobDto = {
    ...without(stored.job, 'canPause', 'canRetry', 'result', 'members'),
    ...(isSameProtocol && result !== undefined && { result }),
    ...(isSameProtocol && members !== undefined && { members }),
  };
  if (past.finishedAt !== undefined) return { past: { job: past, log: stored.log }, isEnd: true };
  const error = new AppError('WORKER_LOST', `${object}: the background worker ended in the midst of it`, {
    object,
    remedy: 'Start it again: what it had taken is given back, and nothing is stored twice',
  });
  const line = { at, level: 'error', text: error.message } as const;
  return {
    past: {
      job: { ...past, id, state: 'failed', finishedAt: at, error: toWireError(error) },
      log: { ...stored.log, lines: [...stored.log.lines, line] },
    },
    isEnd: false,
  };
}

function without<Key extends keyof JobDto>(job: JobDto, ...keys: readonly Key[]): Omit<JobDto, Key> {
  const left = Object.entries(job).filter(([key]) => !keys.some(omitted => omitted === key));
  return Object.fromEntries(left) as unknown as Omit<JobDto, Key>;
}
