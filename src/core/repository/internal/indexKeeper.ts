import { createHash } from 'node:crypto';
import { Semaphore } from '../../../base/async/semaphore.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Random } from '../../../base/random.ts';
import { GiB, MiB } from '../../../base/units.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { BlobIndex, BlobLocation, BlobType, FiledBlobIndex, PackOfFile } from '../blobIndex.ts';
import { recordsOf } from '../blobRecord.ts';
import type { ObjectStore } from '../objectStore.ts';
import { encodeIndex, type PackContents } from './indexFile.ts';
import { loadPacksOfFile } from './indexFiles.ts';
import { maxBlobsPerIndexFile } from './indexFileWriter.ts';
import { dropMissingPacks } from './outlivedIndexFiles.ts';
import { sealJson } from './unpacked.ts';
import { wholePack } from './wholePack.ts';

/** A crash costs at most what was sent in this time: it is sent again, unless its packs are found (`adoptFound`). */
const writeEveryMs = 10 * 60 * 1000;

/**
 * … and at most this part of what was stored since the last flush. Few large index files are better for everybody who
 * opens the repository, hence the least; the most is what a next run can be expected to read of packs that are found.
 */
const unwrittenShare = 0.04;
const leastUnwrittenBytes = 256 * MiB;
const mostUnwrittenBytes = 4 * GiB;

export interface IndexKeeperDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Whether, since it was last asked, there was a time in which others were free to remove packs. Asked before and after an
   * index file is written.
   * @throws AppError CONFLICT if they are now
   */
  readonly locksLapsed: (signal: AbortSignal) => Promise<boolean>;
  /** Told that packs were missing after such a time: whatever was decided by the index has to be decided again. */
  readonly onPacksLost: (reason: AppError) => Promise<void>;
  readonly logger: Logger;
  /** Of what index files name, as far as it is known from before. The keeper disposes of it. */
  readonly filed: FiledBlobIndex;
  /** An index in memory, without entries. */
  readonly emptyIndex: () => BlobIndex;
  /** Told of an index file that cannot be read, which is then passed over; without it, that is an error. */
  readonly onDamagedFile?: (id: string, problem: AppError) => void;
}

/** Keeps the index of blobs in step with the index files: reads those of others, writes those for new packs. */
export class IndexKeeper implements AsyncDisposable {
  readonly #deps: IndexKeeperDeps;
  readonly #filed: FiledBlobIndex;
  readonly #oneChange = new Semaphore(1);
  /** Index files that cannot be read, if that is to be borne. */
  readonly #passedOver = new Set<string>();
  /** Durable packs that no index file names yet. */
  #unwritten: PackContents[] = [];
  /** Their blobs. */
  #unfiled: BlobIndex;
  #oldestUnwrittenMs = 0;
  #unwrittenBytes = 0;
  /** Of packs taken in since the last flush. */
  #takenInBytes = 0;
  /** Others may have removed packs that the index names. */
  #unverified = false;

  constructor(deps: IndexKeeperDeps) {
    this.#deps = deps;
    this.#filed = deps.filed;
    this.#unfiled = deps.emptyIndex();
  }

  async lookup(type: BlobType, id: BlobId, signal: AbortSignal): Promise<BlobLocation | undefined> {
    const unfiled = await this.#unfiled.lookup(type, id, signal);
    if (unfiled !== undefined) return unfiled;
    try {
      return await this.#filed.lookup(type, id, signal);
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA', 'UNREACHABLE')) throw error;
      this.#deps.logger.warn('a part of the kept index is made anew', { problem: error.message });
      await this.refresh(signal);
      return await this.#filed.lookup(type, id, signal);
    }
  }

  /** Reads what others have written since, and forgets what index files said that have gone, for then packs have too. */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#oneChange.use(signal, async () => await this.#refresh(signal));
  }

  /** Index files that count now. */
  get fileIds(): ReadonlySet<string> {
    return this.#filed.fileIds;
  }

  /** Whether any of these index files has gone: whoever removes packs removes what names them first. */
  async hasLost(fileIds: ReadonlySet<string>, signal: AbortSignal): Promise<boolean> {
    if (fileIds.size === 0) return false;
    const listed = await this.#listed(signal);
    return [...fileIds].some(id => !listed.has(id));
  }

  /** Takes a durable pack in, and writes an index file when it is time for one. */
  async add(pack: PackContents, signal: AbortSignal): Promise<void> {
    await this.#oneChange.use(signal, async () => {
      if (!this.#unwritten.some(({ packId }) => packId === pack.packId)) {
        await this.#unfiled.add(pack.packId, pack.blobs, signal);
        if (this.#unwritten.length === 0) this.#oldestUnwrittenMs = this.#deps.clock.monotonicMs();
        this.#unwritten.push(pack);
        const packBytes = pack.blobs.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
        this.#unwrittenBytes += packBytes;
        this.#takenInBytes += packBytes;
      }
      if (this.#isTimeToWrite()) await this.#write(signal);
    });
  }

  #isTimeToWrite(): boolean {
    const ageMs = this.#deps.clock.monotonicMs() - this.#oldestUnwrittenMs;
    const share = unwrittenShare * this.#takenInBytes;
    const worthBytes = Math.min(mostUnwrittenBytes, Math.max(leastUnwrittenBytes, share));
    return (
      ageMs >= writeEveryMs ||
      this.#unwrittenBytes >= worthBytes ||
      blobsIn(this.#unwritten) >= maxBlobsPerIndexFile
    );
  }

  /**
   * Takes in whole packs that no index file names: what a killed process had stored. To be called under a lock.
   * @returns how many there were
   */
  async adoptFound(signal: AbortSignal): Promise<number> {
    return await this.#oneChange.use(signal, async () => {
      await this.#refresh(signal);
      const { store, sealer } = this.#deps;
      const named = new Set<string>();
      for await (const packId of this.#filed.packIds(signal)) named.add(packId);
      for (const { packId } of this.#unwritten) named.add(packId);
      const before = this.#unwritten.length;
      for await (const { id: packId, sizeBytes } of store.list('pack', signal)) {
        if (named.has(packId)) continue;
        const blobs = await wholePack(store, sealer, packId, sizeBytes, signal);
        if (blobs === undefined) continue;
        await this.#unfiled.add(packId, blobs, signal);
        this.#unwritten.push({ packId, blobs });
      }
      const found = this.#unwritten.length - before;
      if (found > 0) await this.#write(signal);
      return found;
    });
  }

  /**
   * Makes index files name every pack taken in so far.
   * @throws AppError CONFLICT if others have removed packs that the index names
   */
  async flush(signal: AbortSignal): Promise<void> {
    await this.#oneChange.use(signal, async () => {
      await this.#write(signal);
      this.#takenInBytes = 0;
    });
  }

  /**
   * Proves that nothing has been removed that the index names.
   * @throws AppError CONFLICT if it has
   */
  async verify(signal: AbortSignal): Promise<void> {
    await this.#oneChange.use(signal, async () => await this.#verifyAfterLapse([], signal));
  }

  /** For a lock taken when none was held: what no index file names yet was free to be removed before. */
  async forgetRemovedPacks(signal: AbortSignal): Promise<void> {
    await this.#oneChange.use(signal, async () => {
      const kept: PackContents[] = [];
      for (const pack of this.#unwritten) if (await this.#exists(pack.packId, signal)) kept.push(pack);
      if (kept.length < this.#unwritten.length) await this.#setUnwritten(kept, signal);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#filed[Symbol.asyncDispose]();
  }

  /** New files first: what they took over from those that have gone is found all the time. */
  async #refresh(signal: AbortSignal): Promise<void> {
    const listed = await this.#listed(signal);
    await this.#readNew(listed, signal);
    await this.#filed.keepOnly(listed, signal);
    await this.#filed.settle(signal);
    // Putting it in order reads what was on disk, and may find it damaged.
    await this.#readNew(listed, signal);
  }

  async #readNew(listed: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const known = this.#filed.fileIds;
    for (const id of listed) if (!known.has(id) && !this.#passedOver.has(id)) await this.#read(id, signal);
  }

  async #setUnwritten(packs: PackContents[], signal: AbortSignal): Promise<void> {
    const unfiled = this.#deps.emptyIndex();
    for (const { packId, blobs } of packs) await unfiled.add(packId, blobs, signal);
    this.#unwritten = packs;
    this.#unfiled = unfiled;
  }

  async #listed(signal: AbortSignal): Promise<Set<string>> {
    const listed = new Set<string>();
    for await (const { id } of this.#deps.store.list('index', signal)) listed.add(id);
    return listed;
  }

  async #read(id: string, signal: AbortSignal): Promise<void> {
    const { store, sealer, onDamagedFile } = this.#deps;
    try {
      await this.#filed.addFile(id, await loadPacksOfFile(store, sealer, id, signal), signal);
    } catch (error) {
      // Replaced by another client since it was listed; the next refresh sees that it has gone.
      if (AppError.is(error, 'NOT_FOUND')) return;
      if (onDamagedFile === undefined || !AppError.is(error, 'CORRUPT_DATA')) throw error;
      this.#passedOver.add(id);
      onDamagedFile(id, error);
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { store, sealer, random } = this.#deps;
    await this.#verifyAfterLapse([], signal);
    const written: string[] = [];
    while (this.#unwritten.length > 0) {
      const packs = this.#nextFile();
      const sealed = await sealJson(encodeIndex(packs), sealer, random);
      const id = createHash('sha256').update(sealed).digest('hex');
      await store.put({ kind: 'index', id }, sealed, signal);
      written.push(id);
      await this.#filed.addFile(id, packs.map(packOfFile), signal);
      await this.#setUnwritten(this.#unwritten.slice(packs.length), signal);
    }
    this.#unwrittenBytes = 0;
    // A request that is on its way outlives a sleep: what it names may have gone before it arrived.
    if (written.length > 0) await this.#verifyAfterLapse(written, signal);
  }

  /** @param written  index files that may name what has gone */
  async #verifyAfterLapse(written: readonly string[], signal: AbortSignal): Promise<void> {
    try {
      if (await this.#deps.locksLapsed(signal)) this.#unverified = true;
    } catch (error) {
      if (AppError.is(error, 'CONFLICT'))
        await dropMissingPacks(written, this.#deps, new AbortController().signal);
      throw error;
    }
    if (this.#unverified) await this.#verifyPacks(written, signal);
  }

  /** Forgets packs that the index names and the store no longer has; there being any is an error. */
  async #verifyPacks(written: readonly string[], signal: AbortSignal): Promise<void> {
    const { store, onPacksLost } = this.#deps;
    const present = new Set<string>();
    for await (const { id } of store.list('pack', signal)) present.add(id);
    let missing = 0;
    const unwritten = this.#unwritten.filter(({ packId }) => present.has(packId));
    missing += this.#unwritten.length - unwritten.length;
    for await (const packId of this.#filed.packIds(signal)) if (!present.has(packId)) missing += 1;
    if (missing === 0) {
      this.#unverified = false;
      return;
    }
    const reason = new AppError(
      'CONFLICT',
      `${store.location}: ${missing} packs were removed by others while the lock had lapsed`,
      {
        object: store.location,
        remedy: 'Run the backup again; what is still stored is not sent again',
        retryable: true,
      },
    );
    await dropMissingPacks(written, this.#deps, signal);
    await this.#setUnwritten(unwritten, signal);
    await this.#refresh(signal);
    this.#unverified = false;
    // Last of all: it ends the signal of every job.
    await onPacksLost(reason);
    throw reason;
  }

  async #exists(packId: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#deps.store.sizeBytes({ kind: 'pack', id: packId }, signal);
      return true;
    } catch (error) {
      if (AppError.is(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }

  #nextFile(): readonly PackContents[] {
    let blobs = 0;
    const end = this.#unwritten.findIndex(pack => (blobs += pack.blobs.length) > maxBlobsPerIndexFile);
    return end === -1 ? this.#unwritten : this.#unwritten.slice(0, Math.max(1, end));
  }
}

function blobsIn(packs: readonly PackContents[]): number {
  return packs.reduce((sum, { blobs }) => sum + blobs.length, 0);
}

function packOfFile({ packId, blobs }: PackContents): PackOfFile {
  return { packId, records: recordsOf(blobs) };
}
