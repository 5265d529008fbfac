import type { RepositoryLockRecord } from '../journal/leaseJournal.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { BlobTarget } from '../codec/sealingPool.ts';
import type { ProgressListener } from '../../base/progress.ts';
import type { Secret } from '../../base/secret.ts';
import type { AuditEvent, AuditListing } from './audit.ts';
import type { BlobType } from './blobIndex.ts';
import type { CheckOptions, CheckResult } from './check.ts';
import type { PruneOptions, Pruning } from './prune.ts';
import type { KeyEntry, KeyId } from './keys.ts';
import type { RepairOptions, RepairPlan, RepairResult } from './repair.ts';
import type { LockHolder, LockRequest, RepositoryLock } from './locks.ts';
import type { Snapshot, SnapshotEntry, SnapshotId } from './snapshot.ts';
import type { Tree } from './tree.ts';

/**
 * An open repository: the only door to its packs, indexes, snapshots and locks. Safe for any number of jobs at once.
 *
 * Reading needs no lock, but only a lock keeps others from removing what is being read. Writing needs one, taken from
 * this very handle. Disposing stops the sealing pool; what was not flushed is lost, as in a crash, and harmless.
 *
 * Every method may throw what the object store throws (UNREACHABLE, STORAGE_FULL, PERMISSION, CANCELLED).
 */
export interface Repository extends AsyncDisposable {
  /** 64 hexadecimal digits, the same for every client of the repository. */
  readonly id: string;
  /** For people: a folder, a URL without credentials. */
  readonly location: string;

  /** What its store has room for; undefined where the store cannot tell. */
  freeBytes(signal: AbortSignal): Promise<number | undefined>;

  /**
   * Takes a lock and then looks at the repository anew, so that nothing pruned in the meantime is referred to.
   * @throws CONFLICT naming who holds it since when
   */
  lock(request: LockRequest, signal: AbortSignal): Promise<RepositoryLock>;
  /** Everyone who has a lock; unreadable lock files are left out and logged. */
  listLocks(signal: AbortSignal): Promise<readonly LockHolder[]>;
  /** Removes the locks of holders proven gone, never a live one. @returns how many there were */
  removeStaleLocks(signal: AbortSignal): Promise<number>;
  /** Removes what a crashed owner left and the journal has handed over. Nothing left to remove is success. */
  removeLeftoverLock(record: RepositoryLockRecord, signal: AbortSignal): Promise<void>;
  /**
   * Names whole packs that no index file names, so that what a killed backup had stored is not stored again. Packs of a
   * backup that runs elsewhere are named once more by it, which changes nothing.
   * @param lock  taken from this handle
   * @returns how many there were
   */
  adoptFoundPacks(lock: RepositoryLock, signal: AbortSignal): Promise<number>;

  /** Passwords that open the repository; key files that cannot be read are left out and logged. */
  listKeys(signal: AbortSignal): Promise<readonly KeyEntry[]>;
  /** The key that a password opens, if it opens any. */
  findKey(password: Secret, signal: AbortSignal): Promise<KeyEntry | undefined>;
  /** Another password for the same repository. @param lock  taken from this handle */
  addKey(request: NewKey, lock: RepositoryLock, signal: AbortSignal): Promise<KeyId>;
  /**
   * The password no longer opens the repository. Whoever had it and a copy of its key file keeps access to what is
   * stored and will be: it opens the same master key.
   * @param prefix  of its id
   * @param lock  an exclusive one, taken from this handle
   * @throws NOT_FOUND; CONFLICT for the key this handle was opened with
   */
  removeKey(prefix: string, lock: RepositoryLock, signal: AbortSignal): Promise<KeyId>;
  /** Puts another password in the place of the one this handle was opened with. @param lock  an exclusive one */
  changePassword(password: Secret, lock: RepositoryLock, signal: AbortSignal): Promise<KeyId>;

  /**
   * Stores a blob unless the repository has it, or is about to. Resolves when it is hashed, sealed and has its place
   * in a pack, and waits while too many packs are on their way to the store; durable after `flush`.
   * Takes `plain` over: the caller does not touch it again, for its memory may move to another thread.
   * @throws INVALID_INPUT for zero bytes; what the uploads of earlier packs have thrown, once too many are waiting
   *   for another try
   */
  saveBlob(type: BlobType, plain: Uint8Array, signal: AbortSignal): Promise<SavedBlob>;
  /** Encodes deterministically: equal trees are one blob, whoever saved them. */
  saveTree(tree: Tree, signal: AbortSignal): Promise<SavedBlob>;
  /** Makes everything saved so far durable: packs first, then the index that refers to them. */
  flush(signal: AbortSignal): Promise<void>;

  /** Whether the blob is stored and durable, or will be with the next `flush`. */
  hasBlob(type: BlobType, id: BlobId, signal: AbortSignal): Promise<boolean>;
  /**
   * The blob's plain bytes, the caller's own; MAC, length and SHA-256 verified.
   * @throws NOT_FOUND if no index has it; CorruptDataError
   */
  loadBlob(type: BlobType, id: BlobId, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  loadTree(id: BlobId, signal: AbortSignal): Promise<Tree>;
  /**
   * Writes data blobs to where their bytes belong, in the order in which they lie in packs: the way for whole disks.
   * Verified like those of `loadBlob`. What failed may still be had from there, which also says what is wrong with it.
   * @param wanted  each blob once
   */
  unpackBlobs(
    wanted: readonly WantedBlob[],
    target: BlobTarget,
    signal: AbortSignal,
  ): AsyncIterable<UnpackedBlobs>;

  /**
   * Flushes, then writes the snapshot: the one moment at which it exists.
   * @param lock  taken from this handle; if it lapsed (the machine slept) every pack is first looked for
   * @throws CONFLICT if the lock was lost, or somebody pruned while it had lapsed
   */
  saveSnapshot(snapshot: Snapshot, lock: RepositoryLock, signal: AbortSignal): Promise<SnapshotId>;
  /** Each snapshot once, in no particular order. */
  listSnapshots(signal: AbortSignal): AsyncIterable<SnapshotEntry>;
  loadSnapshot(id: SnapshotId, signal: AbortSignal): Promise<Snapshot>;
  /**
   * The one snapshot whose id begins with `prefix`.
   * @throws NOT_FOUND; CONFLICT listing the candidates
   */
  findSnapshot(prefix: string, signal: AbortSignal): Promise<SnapshotId>;
  /**
   * Removes the snapshot alone; its blobs stay until a prune.
   * @param lock  an exclusive one, taken from this handle
   */
  removeSnapshot(id: SnapshotId, lock: RepositoryLock, signal: AbortSignal): Promise<void>;

  /** Writes down what is done with the repository, and by whom: this process. Durable once it resolves. */
  record(event: AuditEvent, signal: AbortSignal): Promise<void>;
  /** Everything written down, in no particular order. */
  listAudit(signal: AbortSignal): AsyncIterable<AuditListing>;

  /**
   * Begins to give back what no snapshot needs: finds out what is used, and what there is to do.
   * @param lock  taken from this handle; a shared one is enough
   * @throws CORRUPT_DATA if it cannot be told what is used, or something used is missing
   */
  startPrune(
    options: PruneOptions,
    lock: RepositoryLock,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<Pruning>;

  /** Looks for what a repair would mend. @param lock  taken from this handle; a shared one is enough */
  planRepair(
    options: RepairOptions,
    lock: RepositoryLock,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<RepairPlan>;
  /**
   * Rescues what is still good out of damaged packs, and makes the index anew from what is there. Nothing that was good is
   * lost by it; blobs that are lost are no longer named, so that the next backup that has the same bytes stores them again.
   * @param lock  an exclusive one, taken from this handle
   */
  repair(
    options: RepairOptions,
    lock: RepositoryLock,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<RepairResult>;

  /**
   * Looks at every index file, pack, snapshot and tree. Damage is a finding, not an error.
   * @param lock  taken from this handle: without one, what others remove meanwhile would count as lost
   */
  check(
    options: CheckOptions,
    lock: RepositoryLock,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<CheckResult>;
}

export interface NewKey {
  readonly password: Secret;
  /** It goes on paper, not into anybody's head. */
  readonly isRecoveryKit: boolean;
}

export interface WantedBlob {
  readonly id: BlobId;
  /** Of its plain bytes. */
  readonly lengthBytes: number;
  /** Where in the target they belong. */
  readonly offsetsBytes: readonly number[];
}

/** Some of the wanted blobs. */
export interface UnpackedBlobs {
  /** Bytes of the target that are written. */
  readonly unpackedBytes: number;
  /** Blobs of which nothing was written. */
  readonly failed: readonly BlobId[];
}

export interface SavedBlob {
  readonly id: BlobId;
  /** What it takes in the repository; 0 if it was known already. */
  readonly storedBytes: number;
  /** For how long it waited because too many packs are on their way to the store. */
  readonly roomWaitMs: number;
  /** The memory that was taken over, with whatever is in it: the caller's again. */
  readonly spent: Uint8Array;
}
