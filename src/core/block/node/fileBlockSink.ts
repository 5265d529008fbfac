import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { assert } from '../../../base/assert.ts';
import { placeNew, requireAbsent, syncFolder, temporaryName } from '../../../base/node/durableFile.ts';
import { fileError } from '../../../base/node/fileErrors.ts';
import { openDirect } from '../../../base/node/sharedFiles.ts';
import type { SharedFile } from '../../../base/sharedFile.ts';
import { begin, type BlockSink } from '../blockSource.ts';
import { isZero } from '../zeros.ts';

/** What is looked at to leave holes; a multiple of every file system's block. */
const pageBytes = 64 * 1024;
/** Pages whose state is kept together: 1 GiB of the disk in 2 KiB of memory, only where something was written. */
const pagesPerRegion = 16 * 1024;

/**
 * A raw disk image under construction: sparse, under a temporary name in the target's folder. `commit` makes it
 * durable and gives it its name; disposing an uncommitted sink removes it. So `path` never holds half a disk.
 * @param path  must not exist, neither now nor at `commit`; missing folders are created
 * @throws CONFLICT if something is there already, STORAGE_FULL, PERMISSION and the other meanings of `fileError`
 */
export async function createFileBlockSink(path: string, sizeBytes: number): Promise<FileBlockSink> {
  await requireAbsent(path);
  const temporaryPath = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporaryPath, 'wx', 0o600);
    const direct = await openDirect(temporaryPath);
    const sink = new TemporaryFileSink(path, temporaryPath, file, direct, sizeBytes);
    try {
      await file.truncate(sizeBytes);
    } catch (error) {
      await sink[Symbol.asyncDispose]();
      throw error;
    }
    return sink;
  } catch (error) {
    throw fileError(path, error);
  }
}

/** A sink that threads may write themselves. */
export interface FileBlockSink extends BlockSink, AsyncDisposable {
  /**
   * Its file, for writers that leave out zeros only where nothing was written before. They have ended before `commit`, or
   * before it is disposed of.
   */
  readonly file: SharedFile;
}

class TemporaryFileSink implements FileBlockSink {
  readonly sizeBytes: number;
  readonly #path: string;
  readonly #temporaryPath: string;
  readonly #file: FileHandle;
  readonly #direct: FileHandle | undefined;
  /** Threads write where they like: from then on every page may have been written. */
  #isShared = false;
  /** One bit per page, by region: whether anything was ever written there, so that zeros must be written, too. */
  readonly #written = new Map<number, Uint8Array>();
  #state: 'open' | 'committed' | 'disposed' = 'open';

  constructor(
    path: string,
    temporaryPath: string,
    file: FileHandle,
    direct: FileHandle | undefined,
    sizeBytes: number,
  ) {
    this.#path = path;
    this.#temporaryPath = temporaryPath;
    this.#file = file;
    this.#direct = direct;
    this.sizeBytes = sizeBytes;
  }

  get file(): SharedFile {
    this.#isShared = true;
    return { path: this.#path, descriptor: this.#file.fd, directDescriptor: this.#direct?.fd };
  }

  async write(offsetBytes: number, source: Uint8Array, signal: AbortSignal): Promise<void> {
    begin(this.#path, this.sizeBytes, offsetBytes, source, signal);
    assert(this.#state === 'open', 'a sink is written before it is committed');
    const endBytes = offsetBytes + source.byteLength;
    let runStart = offsetBytes;
    for (let pageStart = offsetBytes; pageStart < endBytes;) {
      const pageEnd = Math.min(endBytes, pageStart - (pageStart % pageBytes) + pageBytes);
      const page = source.subarray(pageStart - offsetBytes, pageEnd - offsetBytes);
      if (!this.#isWritten(pageStart) && isZero(page)) {
        await this.#writeRun(runStart, source.subarray(runStart - offsetBytes, pageStart - offsetBytes));
        runStart = pageEnd;
      }
      pageStart = pageEnd;
    }
    await this.#writeRun(runStart, source.subarray(runStart - offsetBytes));
  }

  async commit(signal: AbortSignal): Promise<void> {
    begin(this.#path, this.sizeBytes, 0, new Uint8Array(0), signal);
    assert(this.#state === 'open', 'a sink is committed once');
    try {
      await this.#file.sync();
      await this.#close();
      await placeNew(this.#temporaryPath, this.#path);
      this.#state = 'committed';
      await syncFolder(dirname(this.#path));
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'disposed';
    // Closing again after a failed commit is harmless.
    await this.#close();
    await rm(this.#temporaryPath, { force: true });
  }

  async #close(): Promise<void> {
    await this.#direct?.close();
    await this.#file.close();
  }

  async #writeRun(offsetBytes: number, run: Uint8Array): Promise<void> {
    if (run.byteLength === 0) return;
    this.#markWritten(offsetBytes, run.byteLength);
    try {
      for (let doneBytes = 0; doneBytes < run.byteLength;) {
        const left = run.byteLength - doneBytes;
        doneBytes += (await this.#file.write(run, doneBytes, left, offsetBytes + doneBytes)).bytesWritten;
      }
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  #isWritten(offsetBytes: number): boolean {
    if (this.#isShared) return true;
    const page = Math.floor(offsetBytes / pageBytes);
    const inRegion = page % pagesPerRegion;
    const bits = this.#written.get(Math.floor(page / pagesPerRegion));
    return ((bits?.[inRegion >> 3] ?? 0) & (1 << (inRegion & 7))) !== 0;
  }

  #markWritten(offsetBytes: number, lengthBytes: number): void {
    const last = Math.floor((offsetBytes + lengthBytes - 1) / pageBytes);
    for (let page = Math.floor(offsetBytes / pageBytes); page <= last; page += 1) {
      const region = Math.floor(page / pagesPerRegion);
      const inRegion = page % pagesPerRegion;
      const bits = this.#written.get(region) ?? new Uint8Array(pagesPerRegion / 8);
      bits[inRegion >> 3] = (bits[inRegion >> 3] ?? 0) | (1 << (inRegion & 7));
      this.#written.set(region, bits);
    }
  }
}
