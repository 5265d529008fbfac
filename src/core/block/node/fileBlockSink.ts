import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { assert } from '../../../base/assert.ts';
import { placeNew, requireAbsent, syncFolder, temporaryName } from '../../../base/node/durableFile.ts';
import { fileError } from '../../../base/node/fileErrors.ts';
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
export async function createFileBlockSink(
  path: string,
  sizeBytes: number,
): Promise<BlockSink & AsyncDisposable> {
  await requireAbsent(path);
  const temporaryPath = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporaryPath, 'wx', 0o600);
    const sink = new FileBlockSink(path, temporaryPath, file, sizeBytes);
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

class FileBlockSink implements BlockSink, AsyncDisposable {
  readonly sizeBytes: number;
  readonly #path: string;
  readonly #temporaryPath: string;
  readonly #file: FileHandle;
  /** One bit per page, by region: whether anything was ever written there, so that zeros must be written, too. */
  readonly #written = new Map<number, Uint8Array>();
  #state: 'open' | 'committed' | 'disposed' = 'open';

  constructor(path: string, temporaryPath: string, file: FileHandle, sizeBytes: number) {
    this.#path = path;
    this.#temporaryPath = temporaryPath;
    this.#file = file;
    this.sizeBytes = sizeBytes;
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
      await this.#file.close();
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
    await this.#file.close();
    await rm(this.#temporaryPath, { force: true });
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
