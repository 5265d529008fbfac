import type { FileHandle } from 'node:fs/promises';
import { defined } from '../../../base/assert.ts';
import { packNumberAt, prefixAt, recordWords, word } from '../blobRecord.ts';
import type { SegmentContent } from '../indexSegment.ts';
import {
  addToFilter,
  bytesOf,
  checksumOf,
  closePage,
  encodeDirectory,
  encodeHeader,
  filterWordsFor,
  packsPerPage,
  packWords,
  pageBytes,
  recordsPerPage,
} from './segmentFile.ts';

/** Written at once. */
const bufferedPages = 64;
const pageWords = pageBytes / 4;

/** Writes a segment file; the header, without which it is none, comes last. */
export async function writeSegment(
  file: FileHandle,
  repositoryId: string,
  content: SegmentContent,
  signal: AbortSignal,
): Promise<void> {
  const pages = new PageWriter(file, 1);
  const { fileIds } = content;
  const fileNumbers = new Map(fileIds.map((fileId, number) => [fileId, number]));
  const filesOfPacks = new NumberList();
  for await (const { packId, fileId } of content.packs(signal)) {
    const fileNumber = defined(fileNumbers.get(fileId), 'index file');
    if (pages.isFull) await pages.flush();
    const at = pages.next(packsPerPage, packWords);
    Buffer.from(pages.words.buffer).write(packId, at * 4, 'hex');
    pages.words[at + packWords - 1] = fileNumber;
    filesOfPacks.push(fileNumber);
  }
  pages.endPage();
  const fileOfPack = filesOfPacks.words;
  if (pages.isFull) await pages.flush();

  const filter = new Uint32Array(filterWordsFor(content.maxRecords));
  const recordsOfFiles = new Uint32Array(fileIds.length);
  const fences = new NumberList();
  let recordCount = 0;
  for await (const records of content.records(signal)) {
    for (let from = 0; from < records.length; from += recordWords) {
      if (pages.isFull) await pages.flush();
      const at = pages.next(recordsPerPage, recordWords);
      if (recordCount % recordsPerPage === 0) fences.push(prefixAt(records, from));
      for (let offset = 0; offset < recordWords; offset += 1)
        pages.words[at + offset] = word(records, from + offset);
      const fileNumber = word(fileOfPack, packNumberAt(records, from));
      recordsOfFiles[fileNumber] = word(recordsOfFiles, fileNumber) + 1;
      addToFilter(filter, records, from);
      recordCount += 1;
    }
  }
  pages.endPage();
  await pages.flush();

  const directory = encodeDirectory(fences.words, fileIds, recordsOfFiles, filter);
  await writeWhole(file, bytesOf(directory), pages.nextPage * pageBytes);
  const layout = {
    ...{ recordCount, packCount: filesOfPacks.words.length, fileCount: fileIds.length },
    filterWords: filter.length,
  };
  await writeWhole(file, bytesOf(encodeHeader(layout, checksumOf(directory), repositoryId)), 0);
}

/** Fills pages with items of one size, and writes many at once. */
class PageWriter {
  /** One more than is written at once: the page that was begun. */
  readonly words = new Uint32Array(((bufferedPages + 1) * pageBytes) / 4);
  /** The first that is not written yet. */
  nextPage: number;
  readonly #file: FileHandle;
  #wholePages = 0;
  #itemsInPage = 0;

  constructor(file: FileHandle, firstPage: number) {
    this.#file = file;
    this.nextPage = firstPage;
  }

  /** Then it has to be flushed before the next item. */
  get isFull(): boolean {
    return this.#wholePages === bufferedPages;
  }

  /** Where in `words` the next item goes. */
  next(itemsPerPage: number, itemWords: number): number {
    if (this.#itemsInPage === itemsPerPage) this.endPage();
    this.#itemsInPage += 1;
    return this.#wholePages * pageWords + (this.#itemsInPage - 1) * itemWords;
  }

  endPage(): void {
    if (this.#itemsInPage === 0) return;
    const at = this.#wholePages * pageWords;
    closePage(this.words.subarray(at, at + pageWords));
    this.#itemsInPage = 0;
    this.#wholePages += 1;
  }

  async flush(): Promise<void> {
    const written = this.words.subarray(0, this.#wholePages * pageWords);
    await writeWhole(this.#file, bytesOf(written), this.nextPage * pageBytes);
    this.words.copyWithin(0, written.length, written.length + pageWords);
    this.words.fill(0, pageWords);
    if (this.#itemsInPage === 0) this.words.fill(0);
    this.nextPage += this.#wholePages;
    this.#wholePages = 0;
  }
}

class NumberList {
  #words = new Uint32Array(1024);
  #count = 0;

  get words(): Uint32Array {
    return this.#words.subarray(0, this.#count);
  }

  push(value: number): void {
    if (this.#count === this.#words.length) {
      const grown = new Uint32Array(this.#count * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[this.#count] = value;
    this.#count += 1;
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offsetBytes + done);
    done += bytesWritten;
  }
}
