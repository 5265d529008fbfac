import { defined } from '../../../base/assert.ts';
import { CancelledError } from '../../../base/errors.ts';
import {
  compareRecords,
  maxPackNumber,
  packNumberAt,
  recordWords,
  setPackNumber,
  sortKeyAt,
} from '../blobRecord.ts';
import type { IndexSegment, PackEntry, SegmentContent } from '../indexSegment.ts';

/** Some milliseconds of work, then others run. */
const recordsAtOnce = 4096;
const gone = maxPackNumber;

/** Several segments as one, without what counts no more. In memory are some pages and a number for each pack. */
export function mergedSegments(
  segments: readonly IndexSegment[],
  isLive: (fileId: string) => boolean,
): SegmentContent {
  const fileIds = [...new Set(segments.flatMap(({ files }) => [...files.keys()]).filter(isLive))];
  const newNumbers: Uint32Array[] = [];
  return {
    maxRecords: segments.reduce((sum, { files }) => sum + liveRecords(files, isLive), 0),
    fileIds,
    packs: signal => livePacks(segments, isLive, newNumbers, signal),
    records: signal => mergedRecords(segments, newNumbers, signal),
  };
}

export function liveRecords(files: ReadonlyMap<string, number>, isLive: (fileId: string) => boolean): number {
  let count = 0;
  for (const [fileId, records] of files) if (isLive(fileId)) count += records;
  return count;
}

async function* livePacks(
  segments: readonly IndexSegment[],
  isLive: (fileId: string) => boolean,
  newNumbers: Uint32Array[],
  signal: AbortSignal,
): AsyncGenerator<PackEntry, void, undefined> {
  let next = 0;
  for (const segment of segments) {
    let numbers = new Uint32Array(1024);
    let count = 0;
    for await (const pack of segment.packs(signal)) {
      if (count === numbers.length) {
        const grown = new Uint32Array(count * 2);
        grown.set(numbers);
        numbers = grown;
      }
      const live = isLive(pack.fileId);
      numbers[count] = live ? next++ : gone;
      count += 1;
      if (live) yield pack;
    }
    newNumbers.push(numbers);
  }
}

async function* mergedRecords(
  segments: readonly IndexSegment[],
  newNumbers: readonly Uint32Array[],
  signal: AbortSignal,
): AsyncGenerator<Uint32Array, void, undefined> {
  const cursors: Cursor[] = [];
  for (const [index, segment] of segments.entries()) {
    const cursor = new Cursor(segment.records(signal), defined(newNumbers[index], 'pack numbers'));
    if (await cursor.fill()) cursors.push(cursor);
  }
  cursors.sort(compareCursors);
  const merged = new Uint32Array(recordsAtOnce * recordWords);
  let length = 0;
  for (let first = cursors[0]; first !== undefined; first = cursors[0]) {
    if (first.copyTo(merged, length)) length += recordWords;
    if (length === merged.length) {
      if (signal.aborted) throw new CancelledError();
      yield merged;
      length = 0;
    }
    if (first.advance() || (await first.fill())) sink(cursors);
    else cursors.shift();
  }
  yield merged.subarray(0, length);
}

/** Moves the first cursor to where it belongs; there are few of them. */
function sink(cursors: Cursor[]): void {
  const moved = defined(cursors[0], 'cursor');
  let at = 0;
  for (let next = cursors[1]; next !== undefined && compareCursors(moved, next) > 0; next = cursors[at + 1]) {
    cursors[at] = next;
    at += 1;
  }
  cursors[at] = moved;
}

/** Where a merge stands in one segment. */
class Cursor {
  words: Uint32Array = new Uint32Array(0);
  at = 0;
  key = 0;
  readonly #source: AsyncIterator<Uint32Array>;
  readonly #newNumbers: Uint32Array;

  constructor(source: AsyncIterable<Uint32Array>, newNumbers: Uint32Array) {
    this.#source = source[Symbol.asyncIterator]();
    this.#newNumbers = newNumbers;
  }

  /** @returns false at the end of what is in memory */
  advance(): boolean {
    this.at += recordWords;
    if (this.at >= this.words.length) return false;
    this.key = sortKeyAt(this.words, this.at);
    return true;
  }

  /** @returns false at the end of the segment */
  async fill(): Promise<boolean> {
    do {
      const next = await this.#source.next();
      if (next.done === true) return false;
      this.words = next.value;
    } while (this.words.length === 0);
    this.at = 0;
    this.key = sortKeyAt(this.words, 0);
    return true;
  }

  /** @returns false if the record counts no more */
  copyTo(target: Uint32Array, at: number): boolean {
    const packNumber = this.#newNumbers[packNumberAt(this.words, this.at)];
    if (packNumber === undefined || packNumber === gone) return false;
    for (let offset = 0; offset < recordWords; offset += 1)
      target[at + offset] = this.words[this.at + offset] ?? 0;
    setPackNumber(target, at, packNumber);
    return true;
  }
}

function compareCursors(a: Cursor, b: Cursor): number {
  return a.key - b.key || compareRecords(a.words, a.at, b.words, b.at);
}
