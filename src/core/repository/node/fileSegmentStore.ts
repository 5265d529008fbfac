import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { toAppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import { placeDurably } from '../../../base/node/durableFile.ts';
import { fileError } from '../../../base/node/fileErrors.ts';
import { toHex, type Random } from '../../../base/random.ts';
import type {
  IndexLimits,
  IndexSegment,
  SegmentContent,
  SegmentStore,
  SegmentStores,
} from '../indexSegment.ts';
import { openSegment } from './fileIndexSegment.ts';
import { namesIn } from './files.ts';
import { writeSegment } from './segmentWriter.ts';

const suffix = '.segment';
/** A file that is being written by nobody any more. */
const maxAgeMs = 24 * 60 * 60 * 1000;

export interface FileSegmentsDeps {
  /** Of all repositories; each has a folder in it. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** For `RepositoryDeps`: the indexes of repositories in folders of their own. */
export function fileSegmentStores(
  deps: FileSegmentsDeps,
  limits: IndexLimits = {},
): (repositoryId: string) => SegmentStores {
  return repositoryId => ({
    kept: new KeptSegments(repositoryId, deps),
    scratch: new ScratchSegments(repositoryId, deps),
    limits,
  });
}

/** What is kept: `<random>.segment` files, each of them in place as a whole or not at all. */
class KeptSegments implements SegmentStore {
  readonly #folder: string;
  readonly #repositoryId: string;
  readonly #deps: FileSegmentsDeps;

  constructor(repositoryId: string, deps: FileSegmentsDeps) {
    this.#folder = join(deps.folder, repositoryId);
    this.#repositoryId = repositoryId;
    this.#deps = deps;
  }

  async open(signal: AbortSignal): Promise<readonly IndexSegment[]> {
    const segments: IndexSegment[] = [];
    for (const name of (await namesIn(this.#folder)) ?? []) {
      signal.throwIfAborted();
      const path = join(this.#folder, name);
      if (!name.endsWith(suffix)) await this.#removeIfOld(path);
      else {
        const segment = await this.#openOne(path);
        if (segment !== undefined) segments.push(segment);
      }
    }
    return segments;
  }

  async write(content: SegmentContent, signal: AbortSignal): Promise<IndexSegment> {
    const path = join(this.#folder, `${toHex(this.#deps.random.bytes(8))}${suffix}`);
    await placeDurably(path, { mode: 0o600, replace: false }, async file => {
      await writeSegment(file, this.#repositoryId, content, signal);
    });
    return await openSegment(await openFile(path), path, this.#repositoryId);
  }

  /** What cannot be used goes: it can be made again. */
  async #openOne(path: string): Promise<IndexSegment | undefined> {
    let file: FileHandle | undefined;
    try {
      file = await openFile(path);
      return await openSegment(file, path, this.#repositoryId);
    } catch (error) {
      const { code, message } = toAppError(error);
      await file?.close();
      // Another process has put it into a larger one.
      if (code === 'NOT_FOUND') return undefined;
      this.#deps.logger.warn('a part of the kept index is made anew', { problem: message });
      if (code === 'CORRUPT_DATA') await rm(path, { force: true });
      return undefined;
    }
  }

  async #removeIfOld(path: string): Promise<void> {
    try {
      const { mtimeMs } = await stat(path);
      if (this.#deps.clock.now().getTime() - mtimeMs > maxAgeMs) await rm(path, { force: true });
    } catch {
      // It has gone meanwhile, or will next time.
    }
  }
}

/** What goes with the process: files that have no name any more as soon as they are open. */
class ScratchSegments implements SegmentStore {
  readonly #folder: string;
  readonly #repositoryId: string;
  readonly #random: Random;

  constructor(repositoryId: string, { folder, random }: FileSegmentsDeps) {
    this.#folder = join(folder, repositoryId);
    this.#repositoryId = repositoryId;
    this.#random = random;
  }

  async open(): Promise<readonly IndexSegment[]> {
    return await Promise.resolve([]);
  }

  async write(content: SegmentContent, signal: AbortSignal): Promise<IndexSegment> {
    const path = join(this.#folder, `${toHex(this.#random.bytes(8))}.scratch`);
    let file: FileHandle | undefined;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      file = await open(path, 'wx+', 0o600);
      await rm(path);
      await writeSegment(file, this.#repositoryId, content, signal);
      return await openSegment(file, path, this.#repositoryId);
    } catch (error) {
      await file?.close();
      throw fileError(path, error);
    }
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw fileError(path, error);
  }
}
