import type { LeaseJournal } from '../journal/leaseJournal.ts';

export interface LockRequest {
  /** `shared` to read and to add; `exclusive` to remove snapshots, packs or keys. */
  readonly mode: 'shared' | 'exclusive';
  /** The instance UUID of the VM to be backed up: no two holders work on the same one. */
  readonly vmId?: string;
  /** Written to before the lock is taken, so that the next start finds what a crash left. */
  readonly journal: LeaseJournal;
  /**
   * Only for a shared lock: it is given as soon as it is written, and settles meanwhile. For whoever has something to
   * prepare that can be taken back, and waits with everything else for `settled`.
   */
  readonly isEarly?: boolean;
}

/** A lock on a repository, kept fresh until it is disposed of; disposing removes it from the repository. */
export interface RepositoryLock extends AsyncDisposable {
  readonly mode: 'shared' | 'exclusive';
  /**
   * Aborted, with the reason, once the lock cannot be kept: somebody else has taken the repository after this one
   * was not refreshed for too long. Join it with the job's own signal.
   */
  readonly lost: AbortSignal;
  /**
   * Whether it is lost because somebody else was writing a lock at the same moment: both have given way, and whoever asks
   * again may get it.
   */
  readonly isContested: boolean;
  /**
   * Resolves as soon as it is certain that nobody else was writing a lock at the same moment; at once but for an early
   * lock. Restore points and index files wait for it by themselves.
   * @throws CONFLICT naming the other, or what became of the lock since
   */
  settled(signal: AbortSignal): Promise<void>;
}

/** Who holds a lock in a repository. */
export interface LockHolder {
  readonly id: string;
  readonly exclusive: boolean;
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  /** Written or last refreshed. */
  readonly time: Date;
  readonly vmId?: string;
  /** Its holder is proven gone: not refreshed for 30 minutes, or of a process of this host that no longer runs. */
  readonly stale: boolean;
}
