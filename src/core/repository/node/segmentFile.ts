import type { FileHandle } from 'node:fs/promises';
// As a whole: an import by name fails on a Node that is too old before anybody can say so.
import zlib from 'node:zlib';
import { defined } from '../../../base/assert.ts';
import { CorruptDataError } from '../../../base/errors.ts';
import { readAt } from '../../../base/node/readAt.ts';
import { recordWords, word } from '../blobRecord.ts';

/*
 * A segment file: pages of 4 KiB, each with a CRC-32 of its own at its end, and a directory that is held in memory.
 *
 *   page 0       header: magic number, version, counts, CRC-32 of the directory, id of the repository
 *   then         pages of packs: id (32 bytes) and number of the index file that names it (4), by number
 *   then         pages of records (`blobRecord.ts`), ascending
 *   at the end   directory: for each page of records the first 32 bits of its first id; for each index file its id and
 *                how many records are from it; a Bloom filter of the ids
 *
 * Words are in the order of this machine; the magic number of another one reads as none.
 */
export const pageBytes = 4096;
const pageWords = pageBytes / 4;
export const recordsPerPage = Math.floor((pageWords - 1) / recordWords);
/** Id and number of the index file. */
export const packWords = 9;
export const packsPerPage = Math.floor((pageWords - 1) / packWords);
const fileWords = 9;

const magic = 0x5842_4951;
const version = 1;
const headerWords = 16;

export interface SegmentLayout {
  readonly recordCount: number;
  readonly packCount: number;
  readonly fileCount: number;
  readonly filterWords: number;
}

/** Everything of a segment that is held in memory: six bits a blob and a little. */
export interface SegmentDirectory {
  readonly layout: SegmentLayout;
  readonly fences: Uint32Array;
  /** By their numbers. */
  readonly fileIds: readonly string[];
  readonly recordsOfFiles: readonly number[];
  readonly filter: Uint32Array;
}

export function packPagesOf({ packCount }: Pick<SegmentLayout, 'packCount'>): number {
  return Math.ceil(packCount / packsPerPage);
}

export function recordPagesOf({ recordCount }: Pick<SegmentLayout, 'recordCount'>): number {
  return Math.ceil(recordCount / recordsPerPage);
}

/** Puts the checksum at the end of a page. */
export function closePage(page: Uint32Array): void {
  page[pageWords - 1] = zlib.crc32(bytesOf(page.subarray(0, pageWords - 1)));
}

/** @throws CorruptDataError for a page that is not as it was written, or is not there */
export async function readPages(
  file: FileHandle,
  path: string,
  first: number,
  count: number,
): Promise<Uint32Array> {
  const pages = new Uint32Array(count * pageWords);
  const readBytes = await readAt(file, first * pageBytes, bytesOf(pages));
  for (let at = 0; at < pages.length; at += pageWords) {
    const sum = zlib.crc32(bytesOf(pages.subarray(at, at + pageWords - 1)));
    if (readBytes === pages.byteLength && sum === pages[at + pageWords - 1]) continue;
    const offsetBytes = first * pageBytes + at * 4;
    throw new CorruptDataError(`${path}: damaged at byte ${offsetBytes}`, { object: path, offsetBytes });
  }
  return pages;
}

/** Records without what fills up their pages. */
export function* recordsIn(pages: Uint32Array, count: number): Generator<Uint32Array, void, undefined> {
  for (let at = 0, left = count; left > 0; at += pageWords, left -= recordsPerPage)
    yield pages.subarray(at, at + Math.min(left, recordsPerPage) * recordWords);
}

/** The page that begins with the first record at or after which an id with this prefix can lie. */
export function firstPageFor(fences: Uint32Array, prefix: number): number {
  let [low, high] = [0, fences.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (word(fences, middle) < prefix) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

export function filterWordsFor(recordCount: number): number {
  // Eight bits a blob: one of forty ids that are not there costs a page.
  return Math.max(1, Math.min(2 ** 27 - 1, Math.ceil(recordCount / 4)));
}

export function addToFilter(filter: Uint32Array, words: Uint32Array, at: number): void {
  const bits = filter.length * 32;
  for (let round = 0; round < filterRounds; round += 1) {
    const bit = filterBit(words, at, round, bits);
    filter[bit >>> 5] = word(filter, bit >>> 5) | (1 << (bit & 31));
  }
}

export function mayHave(filter: Uint32Array, words: Uint32Array): boolean {
  const bits = filter.length * 32;
  for (let round = 0; round < filterRounds; round += 1) {
    const bit = filterBit(words, 0, round, bits);
    if ((word(filter, bit >>> 5) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

const filterRounds = 4;

/** Ids are hashes: their words are as good as other hashes of them. */
function filterBit(words: Uint32Array, at: number, round: number, bits: number): number {
  return ((word(words, at + 2) + Math.imul(round, word(words, at + 3) | 1)) >>> 0) % bits;
}

export function encodeHeader(layout: SegmentLayout, directorySum: number, repositoryId: string): Uint32Array {
  const page = new Uint32Array(pageWords);
  const { recordCount, packCount, fileCount, filterWords } = layout;
  page.set([magic, version, recordCount, packCount, fileCount, filterWords, directorySum]);
  Buffer.from(page.buffer).write(repositoryId, headerWords * 4, 'hex');
  closePage(page);
  return page;
}

export function encodeDirectory(
  fences: Uint32Array,
  fileIds: readonly string[],
  recordsOfFiles: Uint32Array,
  filter: Uint32Array,
): Uint32Array {
  const directory = new Uint32Array(fences.length + fileIds.length * fileWords + filter.length);
  directory.set(fences);
  const bytes = Buffer.from(directory.buffer);
  for (const [number, fileId] of fileIds.entries()) {
    const at = fences.length + number * fileWords;
    bytes.write(fileId, at * 4, 'hex');
    directory[at + 8] = word(recordsOfFiles, number);
  }
  directory.set(filter, fences.length + fileIds.length * fileWords);
  return directory;
}

export function checksumOf(words: Uint32Array): number {
  return zlib.crc32(bytesOf(words));
}

/** @throws CorruptDataError for anything but a whole segment file of this version and repository */
export async function readDirectory(
  file: FileHandle,
  path: string,
  repositoryId: string,
): Promise<SegmentDirectory> {
  const header = await readPages(file, path, 0, 1);
  const unusable = (problem: string) => new CorruptDataError(`${path}: ${problem}`, { object: path });
  if (header[0] !== magic || header[1] !== version) throw unusable('not of this version');
  const owner = Buffer.from(header.buffer).toString('hex', headerWords * 4, headerWords * 4 + 32);
  if (owner !== repositoryId) throw unusable('of another repository');
  const [recordCount = 0, packCount = 0, fileCount = 0, filterWords = 0, sum = 0] = header.subarray(2);
  const layout: SegmentLayout = { recordCount, packCount, fileCount, filterWords };
  const recordPages = recordPagesOf(layout);
  const start = (1 + packPagesOf(layout) + recordPages) * pageBytes;
  const directoryBytes = (recordPages + fileCount * fileWords + filterWords) * 4;
  const { size } = await file.stat();
  if (size !== start + directoryBytes) throw unusable(`${size} bytes, expected ${start + directoryBytes}`);
  const directory = new Uint32Array(directoryBytes / 4);
  await readAt(file, start, bytesOf(directory));
  if (checksumOf(directory) !== sum) throw unusable('its directory is damaged');
  const files = directory.subarray(recordPages, recordPages + fileCount * fileWords);
  const numbers = Array.from({ length: fileCount }, (_, number) => number * fileWords);
  return {
    layout,
    fences: directory.subarray(0, recordPages),
    fileIds: numbers.map(at => hexAt(files, at)),
    recordsOfFiles: numbers.map(at => defined(files[at + 8], 'count')),
    filter: directory.subarray(recordPages + files.length),
  };
}

/** An id of 32 bytes. */
export function hexAt(words: Uint32Array, at: number): string {
  return Buffer.from(words.buffer, words.byteOffset + at * 4, 32).toString('hex');
}

export function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
