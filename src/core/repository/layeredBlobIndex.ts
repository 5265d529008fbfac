import { setImmediate } from 'node:timers/promises';
import { Semaphore } from '../../base/async/semaphore.ts';
import { CancelledError, toAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { BlobId } from '../codec/blobId.ts';
import type {
  BlobIndex,
  BlobLocation,
  BlobType,
  FiledBlobIndex,
  PackedBlob,
  PackOfFile,
} from './blobIndex.ts';
import { idWordsOf, recordsOf, recordWords } from './blobRecord.ts';
import type { IndexLimits, IndexSegment, SegmentContent, SegmentStore } from './indexSegment.ts';
import { BlobTable } from './internal/blobTable.ts';
import { liveRecords, mergedSegments } from './internal/mergedSegments.ts';

export interface LayeredBlobIndexOptions extends IndexLimits {
  /** Where it goes when it is too large for memory; without one, all of it stays in memory. */
  readonly segments?: SegmentStore;
  readonly logger: Logger;
}

/** A lookup of what is not there asks each one, though nearly always only in memory. */
const maxSegments = 8;
/** As long as many files come one after the other: what is put together once is not put together again. */
const maxSegmentsWhileReading = 64;
/** A segment with more than this share of what counts no more is written anew. */
const maxDeadShare = 0.25;
/** Then others run. */
const maxRecordsAtOnce = 5000;
/** Whatever is added without naming a file. */
const noFile = '0'.repeat(64);

/**
 * An index in layers: what came last in a table in memory, the rest in sorted segments on disk, each of which stands for
 * whole index files. Small repositories never leave memory. A disk that cannot be written costs memory, nothing else.
 */
export class LayeredBlobIndex implements BlobIndex, FiledBlobIndex {
  readonly #store: SegmentStore | undefined;
  readonly #logger: Logger;
  readonly #minRecordsToKeep: number;
  readonly #oneChange = new Semaphore(1);
  /** Files whose blobs count; one that is being added does not yet. */
  readonly #live = new Set<string>([noFile]);
  readonly #isLive = (fileId: string): boolean => this.#live.has(fileId);
  #table = new BlobTable();
  #segments: readonly IndexSegment[] = [];
  #maxRecordsInMemory: number;

  constructor({
    segments,
    logger,
    maxRecordsInMemory = 250_000,
    minRecordsToKeep = 20_000,
  }: LayeredBlobIndexOptions) {
    this.#store = segments;
    this.#logger = logger;
    this.#maxRecordsInMemory = maxRecordsInMemory;
    this.#minRecordsToKeep = minRecordsToKeep;
  }

  /** With what was put on disk before; what cannot be used of it is read again from the index files. */
  static async open(options: LayeredBlobIndexOptions, signal: AbortSignal): Promise<LayeredBlobIndex> {
    const index = new LayeredBlobIndex(options);
    await index.#openSegments(signal);
    return index;
  }

  get fileIds(): ReadonlySet<string> {
    const whole = this.#segments.filter(({ isDamaged }) => !isDamaged);
    const fileIds = [...this.#table.fileIds, ...whole.flatMap(({ files }) => [...files.keys()])];
    return new Set(fileIds.filter(fileId => fileId !== noFile && this.#isLive(fileId)));
  }

  async lookup(type: BlobType, id: BlobId, signal: AbortSignal): Promise<BlobLocation | undefined> {
    if (signal.aborted) throw new CancelledError();
    const words = idWordsOf(id);
    const inMemory = this.#table.find(type, words, this.#isLive);
    if (inMemory !== undefined || this.#segments.length === 0) return inMemory;
    using held = holdAll(this.#segments);
    for (const segment of held.segments) {
      const found = await segment.lookup(type, words, this.#isLive, signal);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async add(packId: string, blobs: readonly PackedBlob[], signal: AbortSignal): Promise<void> {
    await this.#oneChange.use(signal, async () => {
      this.#table.add(noFile, packId, recordsOf(blobs));
      await this.#spillIfLarge(maxSegments, signal);
    });
  }

  async addFile(fileId: string, packs: Iterable<PackOfFile>, signal: AbortSignal): Promise<void> {
    await this.#oneChange.use(signal, async () => {
      if (this.#live.has(fileId) && this.fileIds.has(fileId)) return;
      this.#table.addFile(fileId);
      let recordsAtOnce = 0;
      for (const { packId, records } of packs) {
        this.#table.add(fileId, packId, records);
        recordsAtOnce += records.length / recordWords;
        if (recordsAtOnce < maxRecordsAtOnce) continue;
        recordsAtOnce = 0;
        if (signal.aborted) throw new CancelledError();
        await setImmediate();
      }
      this.#live.add(fileId);
      await this.#spillIfLarge(maxSegmentsWhileReading, signal);
    });
  }

  async keepOnly(fileIds: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    await this.#oneChange.use(signal, async () => {
      for (const fileId of this.#live)
        if (fileId !== noFile && !fileIds.has(fileId)) this.#live.delete(fileId);
      if (![...this.#table.fileIds].every(this.#isLive))
        this.#table = await this.#table.keeping(this.#isLive, signal);
    });
  }

  async settle(signal: AbortSignal): Promise<void> {
    await this.#oneChange.use(signal, async () => {
      if (this.#store === undefined) return;
      if (this.#table.recordCount >= this.#minRecordsToKeep) await this.#spill(signal);
      await this.#mergeIfMany(maxSegments, signal);
      for (const segment of this.#segments) {
        if (segment.isDamaged && this.#isReplaced(segment)) await this.#replace([segment], []);
        else if (!segment.isDamaged && isMostlyDead(segment, this.#isLive))
          await this.#merge([segment], signal);
      }
    });
  }

  async *packIds(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const table = this.#table;
    using held = holdAll(this.#segments);
    for (const { packId, fileId } of table.packs) if (this.#isLive(fileId)) yield packId;
    for (const segment of held.segments)
      for await (const { packId, fileId } of segment.packs(signal)) if (this.#isLive(fileId)) yield packId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const segments = this.#segments;
    this.#segments = [];
    for (const segment of segments) await segment.close();
  }

  /** Largest first; what others stand for already is left of a crash, or another process was faster. */
  async #openSegments(signal: AbortSignal): Promise<void> {
    if (this.#store === undefined) return;
    const found = await this.#store.open(signal);
    const segments: IndexSegment[] = [];
    for (const segment of found.toSorted((a, b) => b.recordCount - a.recordCount)) {
      if ([...segment.files.keys()].some(this.#isLive)) {
        await segment.remove();
        continue;
      }
      for (const fileId of segment.files.keys()) this.#live.add(fileId);
      segments.push(segment);
    }
    this.#segments = segments;
  }

  async #spillIfLarge(most: number, signal: AbortSignal): Promise<void> {
    if (this.#store === undefined || this.#table.recordCount < this.#maxRecordsInMemory) return;
    await this.#spill(signal);
    await this.#mergeIfMany(most, signal);
  }

  /** The table as a new segment. It is in use until that is there, so that nothing is ever not found. */
  async #spill(signal: AbortSignal): Promise<void> {
    const segment = await this.#write(this.#table.sorted(this.#isLive), signal);
    if (segment === undefined) {
      // Not with each of the next blobs again.
      this.#maxRecordsInMemory = this.#table.recordCount * 2;
      return;
    }
    this.#segments = [...this.#segments, segment];
    this.#table = new BlobTable();
  }

  async #mergeIfMany(most: number, signal: AbortSignal): Promise<void> {
    const whole = this.#segments.filter(({ isDamaged }) => !isDamaged);
    if (whole.length > most) await this.#merge(smallest(whole), signal);
  }

  async #merge(segments: readonly IndexSegment[], signal: AbortSignal): Promise<void> {
    const content = mergedSegments(segments, this.#isLive);
    if (content.maxRecords === 0) {
      await this.#replace(segments, []);
      return;
    }
    const merged = await this.#write(content, signal);
    if (merged !== undefined) await this.#replace(segments, [merged]);
  }

  async #replace(old: readonly IndexSegment[], replacements: readonly IndexSegment[]): Promise<void> {
    this.#segments = [...this.#segments.filter(segment => !old.includes(segment)), ...replacements];
    for (const segment of old) await segment.remove();
  }

  async #write(content: SegmentContent, signal: AbortSignal): Promise<IndexSegment | undefined> {
    try {
      return await this.#store?.write(content, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#logger.warn('the index of blobs stays in memory', { problem: toAppError(error).message });
      return undefined;
    }
  }

  /** Whether everything it stands for is known from elsewhere, or counts no more. */
  #isReplaced({ files }: IndexSegment): boolean {
    const known = this.fileIds;
    return [...files.keys()].every(fileId => known.has(fileId) || !this.#isLive(fileId));
  }
}

function holdAll(
  segments: readonly IndexSegment[],
): Disposable & { readonly segments: readonly IndexSegment[] } {
  const holds = segments.map(segment => segment.hold());
  return {
    segments,
    [Symbol.dispose]: () => {
      for (const hold of holds) hold[Symbol.dispose]();
    },
  };
}

function isMostlyDead({ files, recordCount }: IndexSegment, isLive: (fileId: string) => boolean): boolean {
  return liveRecords(files, isLive) < recordCount * (1 - maxDeadShare);
}

/** Two at least, and from there on as long as the next one is no larger than all before it together. */
function smallest(segments: readonly IndexSegment[]): readonly IndexSegment[] {
  const ascending = segments.toSorted((a, b) => a.recordCount - b.recordCount);
  let together = 0;
  const end = ascending.findIndex(({ recordCount }, index) => {
    if (index >= 2 && recordCount > together) return true;
    together += recordCount;
    return false;
  });
  return end === -1 ? ascending : ascending.slice(0, end);
}
