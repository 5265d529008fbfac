import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { defined } from '../../../base/assert.ts';
import { LoadingCache } from '../../../base/async/loadingCache.ts';
import { CancelledError } from '../../../base/errors.ts';
import { fileError } from '../../../base/node/fileErrors.ts';
import type { BlobLocation, BlobType } from '../blobIndex.ts';
import { hasId, locationAt, packNumberAt, prefixAt, recordWords, typeAt, word } from '../blobRecord.ts';
import type { IndexSegment, PackEntry } from '../indexSegment.ts';
import {
  firstPageFor,
  hexAt,
  mayHave,
  packPagesOf,
  packsPerPage,
  packWords,
  readDirectory,
  readPages,
  recordPagesOf,
  recordsIn,
  recordsPerPage,
  type SegmentDirectory,
} from './segmentFile.ts';

/** Read at once by whoever reads all of them. */
const pagesAtOnce = 64;

/** 1 MiB a segment. */
const maxCachedPages = 256;

/** @throws CorruptDataError for anything but a whole segment file of this version and repository */
export async function openSegment(
  file: FileHandle,
  path: string,
  repositoryId: string,
): Promise<IndexSegment> {
  return new FileIndexSegment(file, path, await readDirectory(file, path, repositoryId));
}

/** A segment in a file, of which only the directory is held in memory. */
class FileIndexSegment implements IndexSegment {
  readonly files: ReadonlyMap<string, number>;
  readonly recordCount: number;
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #directory: SegmentDirectory;
  readonly #firstRecordPage: number;
  readonly #cache: LoadingCache<number, Uint32Array>;
  #isDamaged = false;
  #holds = 1;

  constructor(file: FileHandle, path: string, directory: SegmentDirectory) {
    const { layout, fileIds, recordsOfFiles } = directory;
    this.files = new Map(fileIds.map((fileId, number) => [fileId, recordsOfFiles[number] ?? 0]));
    this.recordCount = layout.recordCount;
    this.#file = file;
    this.#path = path;
    this.#directory = directory;
    this.#firstRecordPage = 1 + packPagesOf(layout);
    this.#cache = new LoadingCache(maxCachedPages, async page => await readPages(file, path, page, 1));
  }

  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  async lookup(
    type: BlobType,
    id: Uint32Array,
    isLive: (fileId: string) => boolean,
    signal: AbortSignal,
  ): Promise<BlobLocation | undefined> {
    const { fences, filter } = this.#directory;
    if (!mayHave(filter, id)) return undefined;
    const prefix = prefixAt(id, 0);
    for (let page = firstPageFor(fences, prefix); page < fences.length; page += 1) {
      if (word(fences, page) > prefix) break;
      const words = await this.#page(this.#firstRecordPage + page, signal);
      const end = this.#recordsInPage(page) * recordWords;
      for (let at = 0; at < end; at += recordWords) {
        if (words[at] !== id[0] || !hasId(words, at, id) || typeAt(words, at) !== type) continue;
        const pack = await this.#pack(packNumberAt(words, at), signal);
        if (isLive(pack.fileId)) return locationAt(words, at, pack.packId);
      }
    }
    return undefined;
  }

  async *packs(signal: AbortSignal): AsyncGenerator<PackEntry, void, undefined> {
    const { layout } = this.#directory;
    const pageCount = packPagesOf(layout);
    let left = layout.packCount;
    for (let page = 0; page < pageCount; page += 1) {
      const words = await this.#pages(1 + page, 1, signal);
      for (let at = 0; at < packsPerPage && left > 0; at += 1, left -= 1) yield this.#packAt(words, at);
    }
  }

  async *records(signal: AbortSignal): AsyncGenerator<Uint32Array, void, undefined> {
    const { layout } = this.#directory;
    const pageCount = recordPagesOf(layout);
    for (let page = 0; page < pageCount; page += pagesAtOnce) {
      const count = Math.min(pagesAtOnce, pageCount - page);
      const pages = await this.#pages(this.#firstRecordPage + page, count, signal);
      yield* recordsIn(pages, Math.min(count * recordsPerPage, layout.recordCount - page * recordsPerPage));
    }
  }

  hold(): Disposable {
    this.#holds += 1;
    return { [Symbol.dispose]: () => void this.#letGo() };
  }

  async close(): Promise<void> {
    await this.#letGo();
  }

  async remove(): Promise<void> {
    // Before it is closed: who still reads it has it open, also on Windows.
    await rm(this.#path, { force: true }).catch(() => undefined);
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    this.#holds -= 1;
    if (this.#holds === 0) await this.#file.close().catch(() => undefined);
  }

  #recordsInPage(page: number): number {
    return Math.min(recordsPerPage, this.recordCount - page * recordsPerPage);
  }

  async #pack(packNumber: number, signal: AbortSignal): Promise<PackEntry> {
    const page = 1 + Math.floor(packNumber / packsPerPage);
    const words = await this.#page(page, signal);
    return this.#packAt(words, packNumber % packsPerPage);
  }

  #packAt(words: Uint32Array, index: number): PackEntry {
    const at = index * packWords;
    const fileId = this.#directory.fileIds[word(words, at + packWords - 1)];
    return { packId: hexAt(words, at), fileId: defined(fileId, 'index file') };
  }

  async #page(page: number, signal: AbortSignal): Promise<Uint32Array> {
    return await this.#reading(async () => await this.#cache.get(page, signal));
  }

  async #pages(first: number, count: number, signal: AbortSignal): Promise<Uint32Array> {
    if (signal.aborted) throw new CancelledError();
    return await this.#reading(async () => await readPages(this.#file, this.#path, first, count));
  }

  async #reading(read: () => Promise<Uint32Array>): Promise<Uint32Array> {
    try {
      return await read();
    } catch (error) {
      const typed = fileError(this.#path, error);
      if (typed.code !== 'CANCELLED') this.#isDamaged = true;
      throw typed;
    }
  }
}
