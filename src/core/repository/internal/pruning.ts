import { AppError } from '../../../base/errors.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import type { Random } from '../../../base/random.ts';
import { sealOverheadBytes } from '../../codec/sealer.ts';
import type { SealingPool } from '../../codec/sealingPool.ts';
import type { PackedBlob } from '../blobIndex.ts';
import type { RepositoryLock } from '../locks.ts';
import type { ObjectName } from '../objectStore.ts';
import type { PruneOptions, PrunePlan, Pruning, SweepResult } from '../prune.ts';
import { assertStillAlone, type HeldLock } from './heldLock.ts';
import { loadIndexFile } from './indexFiles.ts';
import { IndexFileWriter } from './indexFileWriter.ts';
import type { IndexKeeper } from './indexKeeper.ts';
import { dropMissingPacks } from './outlivedIndexFiles.ts';
import { readStoredPackHeader } from './pack.ts';
import type { PackWriter } from './packWriter.ts';
import { findPackUse, isUnneeded, type PackUse, type PackUseDeps, type RepositoryUse } from './packUse.ts';
import { planPrune, totalOf } from './prunePlan.ts';
import { UsedBlobs, type UsedBlobsDeps } from './usedBlobs.ts';

export interface PruningDeps extends UsedBlobsDeps, PackUseDeps {
  readonly pool: SealingPool;
  readonly random: Random;
  readonly packs: PackWriter;
  readonly index: IndexKeeper;
  /** The lock, if it is one of this handle. */
  readonly own: (lock: RepositoryLock) => HeldLock;
  readonly flush: (signal: AbortSignal) => Promise<void>;
}

/** More index files than this with less in them than that are joined: each costs whoever opens the repository. */
const maxSmallIndexFiles = 16;
const smallIndexBlobs = 10_000;

/** Finds out what is used, and what there is to do. */
export async function startPruning(
  deps: PruningDeps,
  options: PruneOptions,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<Pruning> {
  const [used, places] = [new UsedBlobs(deps), deps.scratchIndex()];
  try {
    await used.markSnapshots(() => onProgress(finding), signal);
    onProgress({ phase: 'Reading the index', doneBytes: 0, totalBytes: undefined });
    const use = await findPackUse(used, places, deps, signal);
    const { plan, repacked } = planPrune(used, use, options);
    return new StoredPruning(deps, used, use, plan, repacked);
  } catch (error) {
    await places[Symbol.asyncDispose]();
    await used[Symbol.asyncDispose]();
    throw error;
  }
}

const finding = { phase: 'Finding what is used', doneBytes: 0, totalBytes: undefined };

class StoredPruning implements Pruning {
  readonly plan: PrunePlan;
  readonly #deps: PruningDeps;
  readonly #used: UsedBlobs;
  /** As of the last look; places change when others store or remove. */
  #use: RepositoryUse;
  readonly #repacked: readonly PackUse[];

  constructor(
    deps: PruningDeps,
    used: UsedBlobs,
    use: RepositoryUse,
    plan: PrunePlan,
    repacked: readonly PackUse[],
  ) {
    this.#deps = deps;
    this.#used = used;
    this.#use = use;
    this.plan = plan;
    this.#repacked = repacked;
  }

  async repack(lock: RepositoryLock, onProgress: ProgressListener, signal: AbortSignal): Promise<void> {
    const wanted = new Set(this.#repacked.map(({ packId }) => packId));
    if (wanted.size === 0) return;
    const { store, sealer, own, flush } = this.#deps;
    let doneBytes = 0;
    const indexIds: string[] = [];
    for await (const { id } of store.list('index', signal)) indexIds.push(id);
    for (const indexId of indexIds) {
      for (const { packId, blobs } of await loadIndexFile(store, sealer, indexId, signal)) {
        if (!wanted.delete(packId)) continue;
        await own(lock).ensureHeld(signal);
        const needed = await this.#neededFrom(packId, blobs, signal);
        if (needed.length === 0) continue;
        await this.#copy(packId, needed, signal);
        doneBytes += needed.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
        onProgress({ phase: 'Copying what is used', doneBytes, totalBytes: this.plan.copiedBytes });
      }
    }
    await flush(signal);
  }

  async sweep(lock: RepositoryLock, onProgress: ProgressListener, signal: AbortSignal): Promise<SweepResult> {
    const { store, index, flush } = this.#deps;
    await this.#assertStillAlone(lock, signal);
    await flush(signal);
    await this.#used.markSnapshots(() => onProgress(finding), signal);
    const use = await this.#lookAgain(signal);
    const unneeded = [...use.packs.values()].filter(isUnneeded);
    const dropped = new Set(unneeded.map(({ packId }) => packId));
    const replaced = await this.#replaceIndexFiles(use, dropped, lock, signal);

    const doomed = [
      ...unneeded
        .filter(({ sizeBytes }) => sizeBytes > 0)
        .map(({ packId, sizeBytes }) => [packId, sizeBytes] as const),
      ...use.unnamed,
    ];
    const totalBytes = totalOf(doomed.map(([, sizeBytes]) => sizeBytes)).sizeBytes;
    let doneBytes = 0;
    for (const [id, sizeBytes] of doomed) {
      await this.#assertStillAlone(lock, signal);
      await removeIfThere(store, { kind: 'pack', id }, signal);
      doneBytes += sizeBytes;
      onProgress({ phase: 'Removing packs', doneBytes, totalBytes });
    }
    await index.refresh(signal);
    return { removedPacks: totalOf(doomed.map(([, sizeBytes]) => sizeBytes)), removedIndexFiles: replaced };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#use.places[Symbol.asyncDispose]();
    await this.#used[Symbol.asyncDispose]();
  }

  async #lookAgain(signal: AbortSignal): Promise<RepositoryUse> {
    const places = this.#deps.scratchIndex();
    try {
      const use = await findPackUse(this.#used, places, this.#deps, signal);
      await this.#use.places[Symbol.asyncDispose]();
      this.#use = use;
      return use;
    } catch (error) {
      await places[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #neededFrom(
    packId: string,
    blobs: readonly PackedBlob[],
    signal: AbortSignal,
  ): Promise<readonly PackedBlob[]> {
    const needed: PackedBlob[] = [];
    for (const blob of blobs) {
      const place = await this.#use.places.lookup(blob.type, blob.id, signal);
      if (place?.packId === packId && place.offsetBytes === blob.offsetBytes) needed.push(blob);
    }
    return needed;
  }

  /** One read from the first needed byte to the last: a store far away charges for each. */
  async #copy(packId: string, blobs: readonly PackedBlob[], signal: AbortSignal): Promise<void> {
    const { store, pool, packs } = this.#deps;
    const first = Math.min(...blobs.map(({ offsetBytes }) => offsetBytes));
    const end = Math.max(...blobs.map(({ offsetBytes, lengthBytes }) => offsetBytes + lengthBytes));
    const bytes = await store.getRange({ kind: 'pack', id: packId }, first, end - first, signal);
    for (const { type, id, offsetBytes, lengthBytes, uncompressedLengthBytes } of blobs) {
      if (packs.find(type, id) !== undefined) continue;
      const sealed = bytes.slice(offsetBytes - first, offsetBytes - first + lengthBytes);
      const compressed = uncompressedLengthBytes !== undefined;
      const plainLengthBytes = uncompressedLengthBytes ?? lengthBytes - sealOverheadBytes;
      // A copy: the pool may give its memory to another thread.
      await pool.unseal(sealed.slice(), { id, compressed, plainLengthBytes }, signal);
      await packs.add(type, { id, sealed, compressed, plainLengthBytes }, signal);
    }
  }

  /** @returns how many index files are gone */
  async #replaceIndexFiles(
    { indexFiles }: RepositoryUse,
    dropped: ReadonlySet<string>,
    lock: RepositoryLock,
    signal: AbortSignal,
  ): Promise<number> {
    const { store, sealer } = this.#deps;
    const small = [...indexFiles].filter(([, blobCount]) => blobCount < smallIndexBlobs).map(([id]) => id);
    const joined = new Set(small.length > maxSmallIndexFiles ? small : []);
    const named = new Set<string>();
    const old: string[] = [];
    for (const id of indexFiles.keys()) {
      const packIds: string[] = [];
      for (const { packId } of await loadIndexFile(store, sealer, id, signal)) packIds.push(packId);
      if (joined.has(id) || packIds.some(packId => dropped.has(packId))) old.push(id);
      else for (const packId of packIds) named.add(packId);
    }
    const writer = new IndexFileWriter(store, sealer, this.#deps.random);
    for (const id of old) {
      for (const pack of await loadIndexFile(store, sealer, id, signal)) {
        if (dropped.has(pack.packId) || named.has(pack.packId)) continue;
        named.add(pack.packId);
        await writer.add(pack, signal);
      }
    }
    await writer.finish(signal);
    try {
      for (const id of old) {
        await this.#assertStillAlone(lock, signal);
        await removeIfThere(store, { kind: 'index', id }, signal);
      }
      await this.#assertStillAlone(lock, signal);
    } catch (error) {
      if (AppError.is(error, 'CONFLICT')) await this.#nameWhatIsThere(writer.written, dropped);
      throw error;
    }
    return old.length;
  }

  /**
   * What was on its way while the machine slept arrived after others had begun to rely on what it takes away, or had removed
   * what it names: every pack that is there is named again, and none that is not.
   */
  async #nameWhatIsThere(written: readonly string[], dropped: ReadonlySet<string>): Promise<void> {
    const { store, sealer, random } = this.#deps;
    const cleanUp = new AbortController().signal;
    await dropMissingPacks(written, this.#deps, cleanUp);
    const writer = new IndexFileWriter(store, sealer, random);
    for await (const { id, sizeBytes } of store.list('pack', cleanUp)) {
      if (!dropped.has(id)) continue;
      const blobs = await headerUnlessDamaged(this.#deps, id, sizeBytes, cleanUp);
      if (blobs !== undefined) await writer.add({ packId: id, blobs }, cleanUp);
    }
    await writer.finish(cleanUp);
  }

  async #assertStillAlone(lock: RepositoryLock, signal: AbortSignal): Promise<void> {
    await assertStillAlone(this.#deps.own(lock), this.#deps.store.location, signal);
  }
}

async function headerUnlessDamaged(
  { store, sealer }: PruningDeps,
  packId: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<readonly PackedBlob[] | undefined> {
  try {
    return await readStoredPackHeader(store, packId, sizeBytes, sealer, signal);
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'NOT_FOUND', 'UNSUPPORTED_FORMAT')) throw error;
    return undefined;
  }
}

async function removeIfThere(
  store: PruningDeps['store'],
  name: ObjectName,
  signal: AbortSignal,
): Promise<void> {
  try {
    await store.remove(name, signal);
  } catch (error) {
    if (!AppError.is(error, 'NOT_FOUND')) throw error;
  }
}
