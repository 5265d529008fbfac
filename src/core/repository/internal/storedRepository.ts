import type { Clock } from '../../../base/clock.ts';
import type { RepositoryLockRecord } from '../../journal/leaseJournal.ts';
import { AppError, CancelledError } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import type { Secret } from '../../../base/secret.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { BlobTarget, HashedBytes, SealingPool } from '../../codec/sealingPool.ts';
import type { AuditEvent, AuditListing } from '../audit.ts';
import { expectedBlob, type BlobIndex, type BlobLocation, type BlobType } from '../blobIndex.ts';
import type { CheckOptions, CheckResult } from '../check.ts';
import type { LockHolder, LockRequest, RepositoryLock } from '../locks.ts';
import type { ObjectStore } from '../objectStore.ts';
import type { PruneOptions, Pruning } from '../prune.ts';
import type { KeyEntry, KeyId } from '../keys.ts';
import type { RepairOptions, RepairPlan, RepairResult } from '../repair.ts';
import type { NewKey, Repository, SavedBlob, UnpackedBlobs, WantedBlob } from '../repository.ts';
import type { Snapshot, SnapshotEntry, SnapshotId } from '../snapshot.ts';
import type { Tree } from '../tree.ts';
import type { AuditLog } from './auditLog.ts';
import { unpackBlobs } from './blobUnpacking.ts';
import { assertStillAlone, takeLock, HeldLock, type HeldLockContext } from './heldLock.ts';
import type { HeldLocks } from './heldLocks.ts';
import type { IndexKeeper } from './indexKeeper.ts';
import type { KeyStore } from './keyStore.ts';
import type { LockStore } from './lockStore.ts';
import type { PackWriter } from './packWriter.ts';
import { startPruning } from './pruning.ts';
import { checkRepository } from './repositoryCheck.ts';
import { executeRepair, planRepair, type RepairDeps } from './repositoryRepair.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { encodeTree, parseTree } from './treeFile.ts';

export interface RepositoryParts {
  readonly id: string;
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  /** An index without entries, of which only a part is in memory. Who asks for one disposes of it. */
  readonly scratchIndex: () => BlobIndex;
  readonly pool: SealingPool;
  readonly keys: KeyStore;
  readonly audit: AuditLog;
  readonly index: IndexKeeper;
  readonly packs: PackWriter;
  readonly locks: LockStore;
  readonly lockContext: HeldLockContext;
  readonly snapshots: SnapshotStore;
  readonly held: HeldLocks;
}

/** Joins the parts of an open repository, and owns the order in which they write. */
export class StoredRepository implements Repository {
  readonly id: string;
  readonly location: string;
  readonly #parts: RepositoryParts;
  readonly #held: HeldLocks;
  /** Blobs between their hash and their place in a pack, by type and id. */
  readonly #inFlight = new Map<string, Promise<Omit<SavedBlob, 'id'>>>();

  constructor(parts: RepositoryParts) {
    this.id = parts.id;
    this.location = parts.store.location;
    this.#parts = parts;
    this.#held = parts.held;
  }

  async freeBytes(signal: AbortSignal): Promise<number | undefined> {
    return await this.#parts.store.freeBytes(signal);
  }

  async lock(request: LockRequest, signal: AbortSignal): Promise<RepositoryLock> {
    const { mode, vmId, journal, isEarly = false } = request;
    if (isEarly && mode === 'exclusive') throw new AppError('INTERNAL', 'an exclusive lock cannot be early');
    const claim = { exclusive: mode === 'exclusive', ...(vmId === undefined ? {} : { vmId }) };
    // Taking a lock means waiting; whoever takes one has something to do.
    this.#parts.pool.prepare();
    const { index } = this.#parts;
    let relyOn: (fileIds: ReadonlySet<string>) => void = () => undefined;
    const relied = new Promise<ReadonlySet<string>>(resolve => (relyOn = resolve));
    const whenSettled = async (settling: AbortSignal) => await index.hasLost(await relied, settling);
    const context = this.#parts.lockContext;
    const lock = await takeLock(claim, journal, context, isEarly ? whenSettled : undefined, signal);
    try {
      await index.refresh(signal);
      if (!this.#held.any()) await index.forgetRemovedPacks(signal);
      relyOn(index.fileIds);
    } catch (error) {
      relyOn(new Set());
      await lock[Symbol.asyncDispose]();
      throw error;
    }
    this.#held.add(lock);
    return lock;
  }

  async listLocks(signal: AbortSignal): Promise<readonly LockHolder[]> {
    return await this.#parts.locks.list(signal);
  }

  async removeStaleLocks(signal: AbortSignal): Promise<number> {
    const stale = (await this.listLocks(signal)).filter(holder => holder.stale);
    for (const { id } of stale) await this.#parts.locks.removeFile(id, signal);
    return stale.length;
  }

  async removeLeftoverLock(record: RepositoryLockRecord, signal: AbortSignal): Promise<void> {
    if (record.repositoryId !== this.id) {
      throw new AppError('INVALID_INPUT', `${this.location}: the lock belongs to ${record.location}`, {
        object: this.location,
      });
    }
    if (record.lockId !== undefined) await this.#parts.locks.removeFile(record.lockId, signal);
  }

  async adoptFoundPacks(lock: RepositoryLock, signal: AbortSignal): Promise<number> {
    await this.#own(lock).ensureHeld(signal);
    return await this.#parts.index.adoptFound(signal);
  }

  async listKeys(signal: AbortSignal): Promise<readonly KeyEntry[]> {
    return await this.#parts.keys.list(signal);
  }

  async findKey(password: Secret, signal: AbortSignal): Promise<KeyEntry | undefined> {
    return await this.#parts.keys.find(password, signal);
  }

  async addKey(
    { password, isRecoveryKit }: NewKey,
    lock: RepositoryLock,
    signal: AbortSignal,
  ): Promise<KeyId> {
    await this.#own(lock).ensureHeld(signal);
    return await this.#parts.keys.add(password, isRecoveryKit, signal);
  }

  async removeKey(prefix: string, lock: RepositoryLock, signal: AbortSignal): Promise<KeyId> {
    await this.#ownExclusive(lock, 'removing a key').ensureHeld(signal);
    return await this.#parts.keys.remove(prefix, signal);
  }

  async changePassword(password: Secret, lock: RepositoryLock, signal: AbortSignal): Promise<KeyId> {
    await this.#ownExclusive(lock, 'changing a password').ensureHeld(signal);
    return await this.#parts.keys.replace(password, signal);
  }

  async saveBlob(type: BlobType, plain: Uint8Array, signal: AbortSignal): Promise<SavedBlob> {
    this.#held.assertAny(this.location);
    // Also what is left of an array whose memory was given away before.
    if (plain.length === 0) throw new AppError('INVALID_INPUT', 'a blob without bytes cannot be stored');
    const hashed = await this.#parts.pool.hash(plain, signal);
    const key = `${type} ${hashed.id}`;
    for (;;) {
      const other = this.#inFlight.get(key);
      if (other === undefined) break;
      if (await succeeds(other)) return { id: hashed.id, storedBytes: 0, roomWaitMs: 0, spent: hashed.plain };
      // Whoever stored the same bytes failed, or was cancelled: that is no reason for this call to.
      if (signal.aborted) throw new CancelledError();
    }
    const work = this.#storeUnlessKnown(type, hashed, signal).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, work);
    return { id: hashed.id, ...(await work) };
  }

  async saveTree(tree: Tree, signal: AbortSignal): Promise<SavedBlob> {
    return await this.saveBlob('tree', encodeTree(tree), signal);
  }

  async flush(signal: AbortSignal): Promise<void> {
    await this.#parts.packs.flush(signal);
    await this.#parts.index.flush(signal);
  }

  async hasBlob(type: BlobType, id: BlobId, signal: AbortSignal): Promise<boolean> {
    return await this.#isKnown(type, id, signal);
  }

  async loadBlob(type: BlobType, id: BlobId, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const { packs, pool, index } = this.#parts;
    const inMemory = packs.find(type, id);
    // A copy: the pack still needs its own.
    if (inMemory !== undefined) return await pool.unseal(inMemory.sealed.slice(), inMemory, signal);
    try {
      const found = await index.lookup(type, id, signal);
      if (found !== undefined) return await this.#loadFrom(found, id, signal);
    } catch (error) {
      // Another client may have moved the blob to a new pack since the index was read.
      if (!AppError.is(error, 'NOT_FOUND')) throw error;
    }
    await index.refresh(signal);
    const found = await index.lookup(type, id, signal);
    if (found !== undefined) return await this.#loadFrom(found, id, signal);
    throw new AppError('NOT_FOUND', `${this.location}: no index has the ${type} blob ${id}`, {
      object: this.location,
      remedy: 'Check the repository; a prune may have been interrupted, or an index file be lost',
    });
  }

  async loadTree(id: BlobId, signal: AbortSignal): Promise<Tree> {
    return parseTree(await this.loadBlob('tree', id, signal), `tree ${id}`);
  }

  unpackBlobs(
    wanted: readonly WantedBlob[],
    target: BlobTarget,
    signal: AbortSignal,
  ): AsyncIterable<UnpackedBlobs> {
    const { store, pool, index } = this.#parts;
    return unpackBlobs(wanted, target, { store, pool, index }, signal);
  }

  async saveSnapshot(snapshot: Snapshot, lock: RepositoryLock, signal: AbortSignal): Promise<SnapshotId> {
    const { snapshots } = this.#parts;
    const held = this.#own(lock);
    await held.ensureHeld(signal);
    await this.flush(signal);
    await this.#verifyUnder(held, signal);
    const id = await snapshots.save(snapshot, signal);
    const cleanUp = new AbortController().signal;
    try {
      // A request that is on its way outlives a sleep: what the snapshot needs may have gone before it arrived.
      await this.#verifyUnder(held, cleanUp);
    } catch (error) {
      await snapshots.remove(id, cleanUp);
      throw error;
    }
    return id;
  }

  listSnapshots(signal: AbortSignal): AsyncIterable<SnapshotEntry> {
    return this.#parts.snapshots.list(signal);
  }

  async loadSnapshot(id: SnapshotId, signal: AbortSignal): Promise<Snapshot> {
    return await this.#parts.snapshots.load(id, signal);
  }

  async findSnapshot(prefix: string, signal: AbortSignal): Promise<SnapshotId> {
    return await this.#parts.snapshots.find(prefix, signal);
  }

  async removeSnapshot(id: SnapshotId, lock: RepositoryLock, signal: AbortSignal): Promise<void> {
    await this.#ownExclusive(lock, 'removing a snapshot').ensureHeld(signal);
    await this.#parts.snapshots.remove(id, signal);
  }

  async record(event: AuditEvent, signal: AbortSignal): Promise<void> {
    await this.#parts.audit.record(event, signal);
  }

  listAudit(signal: AbortSignal): AsyncIterable<AuditListing> {
    return this.#parts.audit.list(signal);
  }

  async startPrune(
    options: PruneOptions,
    lock: RepositoryLock,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<Pruning> {
    await this.#own(lock).ensureHeld(signal);
    await this.#parts.index.refresh(signal);
    const deps = {
      ...this.#parts,
      loadTree: async (id: BlobId, treeSignal: AbortSignal) => await this.loadTree(id, treeSignal),
      own: (stepLock: RepositoryLock) => this.#own(stepLock),
      flush: async (flushSignal: AbortSignal) => await this.flush(flushSignal),
    };
    return await startPruning(deps, options, onProgress, signal);
  }

  async planRepair(
    options: RepairOptions,
    lock: RepositoryLock,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<RepairPlan> {
    await this.#own(lock).ensureHeld(signal);
    return await planRepair(this.#repairDeps(lock), options, onProgress, signal);
  }

  async repair(
    options: RepairOptions,
    lock: RepositoryLock,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<RepairResult> {
    const deps = this.#repairDeps(lock);
    await deps.assertAlone(signal);
    await this.flush(signal);
    const plan = await planRepair(deps, options, onProgress, signal);
    return await executeRepair(plan, deps, options, onProgress, signal);
  }

  async check(
    options: CheckOptions,
    lock: RepositoryLock,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<CheckResult> {
    await this.#own(lock).ensureHeld(signal);
    const loadTree = async (id: BlobId, treeSignal: AbortSignal) => await this.loadTree(id, treeSignal);
    return await checkRepository({ ...this.#parts, loadTree }, options, onProgress, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.packs.close();
    await this.#parts.index[Symbol.asyncDispose]();
    await this.#parts.pool[Symbol.asyncDispose]();
  }

  async #storeUnlessKnown(
    type: BlobType,
    hashed: HashedBytes,
    signal: AbortSignal,
  ): Promise<Omit<SavedBlob, 'id'>> {
    if (await this.#isKnown(type, hashed.id, signal))
      return { storedBytes: 0, roomWaitMs: 0, spent: hashed.plain };
    const { plain: spent, ...blob } = await this.#parts.pool.seal(hashed, signal);
    const { packs, clock } = this.#parts;
    const sealedAtMs = clock.monotonicMs();
    await packs.add(type, blob, signal);
    return { storedBytes: blob.sealed.length, roomWaitMs: clock.monotonicMs() - sealedAtMs, spent };
  }

  async #isKnown(type: BlobType, id: BlobId, signal: AbortSignal): Promise<boolean> {
    const { packs, index } = this.#parts;
    // The pack writer first: it lets go of a blob only when the index has it.
    return packs.find(type, id) !== undefined || (await index.lookup(type, id, signal)) !== undefined;
  }

  async #loadFrom(location: BlobLocation, id: BlobId, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const { store, pool } = this.#parts;
    const { packId, offsetBytes, lengthBytes } = location;
    const sealed = await store.getRange({ kind: 'pack', id: packId }, offsetBytes, lengthBytes, signal);
    return await pool.unseal(sealed, expectedBlob(id, location), signal);
  }

  async #verifyUnder(held: HeldLock, signal: AbortSignal): Promise<void> {
    await held.ensureHeld(signal);
    await this.#parts.index.verify(signal);
  }

  #repairDeps(lock: RepositoryLock): RepairDeps {
    return {
      ...this.#parts,
      flush: async flushSignal => await this.flush(flushSignal),
      assertAlone: async aloneSignal => {
        await assertStillAlone(this.#ownExclusive(lock, 'a repair'), this.location, aloneSignal);
      },
    };
  }

  #ownExclusive(lock: RepositoryLock, what: string): HeldLock {
    const held = this.#own(lock);
    if (held.mode === 'exclusive') return held;
    throw new AppError('INTERNAL', `${what} needs an exclusive lock`);
  }

  #own(lock: RepositoryLock): HeldLock {
    if (lock instanceof HeldLock && this.#held.has(lock)) return lock;
    throw new AppError('INTERNAL', 'a lock of another repository handle was used');
  }
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch {
    return false;
  }
}
