import { createHash } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Random } from '../../../base/random.ts';
import type { JournalledLease, LeaseJournal, RepositoryLockRecord } from '../../journal/leaseJournal.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { LocalHost } from '../localHost.ts';
import type { LockHolder } from '../locks.ts';
import type { ObjectStore } from '../objectStore.ts';
import { sealLock, unsealLock, type LockClaim } from './lockFile.ts';

const maxFileBytes = 65_536;

export interface LockStoreDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly repositoryId: string;
  readonly host: LocalHost;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A lock file that exists, or may exist, and is in the journal. */
export interface WrittenLock {
  readonly id: string;
  /** The time it carries. */
  readonly time: Date;
  readonly lease: JournalledLease<RepositoryLockRecord>;
}

/** Lock files, each in the journal before it is in the repository and longer than it. */
export class LockStore {
  readonly #deps: LockStoreDeps;

  constructor(deps: LockStoreDeps) {
    this.#deps = deps;
  }

  async list(signal: AbortSignal): Promise<LockHolder[]> {
    const holders: LockHolder[] = [];
    for await (const { id } of this.#deps.store.list('lock', signal)) {
      const holder = await this.#read(id, signal);
      if (holder !== undefined) holders.push(holder);
    }
    return holders;
  }

  async write(claim: LockClaim, journal: LeaseJournal, signal: AbortSignal): Promise<WrittenLock> {
    const { store, sealer, host, clock, random, repositoryId } = this.#deps;
    const time = clock.now();
    const sealed = sealLock(claim, time, host, sealer, random);
    const id = createHash('sha256').update(sealed).digest('hex');
    const lease = await journal.record<RepositoryLockRecord>({
      kind: 'repository-lock',
      repositoryId,
      location: store.location,
      lockId: id,
    });
    try {
      await store.put({ kind: 'lock', id }, sealed, signal);
    } catch (error) {
      // The store may have it all the same: the connection may have broken after the last byte.
      await this.remove({ id, time, lease });
      throw error;
    }
    return { id, time, lease };
  }

  async exists(id: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#deps.store.sizeBytes({ kind: 'lock', id }, signal);
      return true;
    } catch (error) {
      if (AppError.is(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }

  /**
   * Removes a lock of this process. If the store does not let go of it, the journal keeps it for the next start:
   * whoever gives a lock back has finished already, and is not to fail over this.
   */
  async remove({ id, lease }: WrittenLock): Promise<void> {
    try {
      await this.removeFile(id, new AbortController().signal);
      await lease.settle();
    } catch (error) {
      this.#deps.logger.warn('a repository lock could not be removed', {
        repository: this.#deps.store.location,
        lock: id,
        problem: error instanceof Error ? error.message : String(error),
      });
    }
  }

  async removeFile(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#deps.store.remove({ kind: 'lock', id }, signal);
    } catch (error) {
      if (!AppError.is(error, 'NOT_FOUND')) throw error;
    }
  }

  /** Undefined for a lock that was removed meanwhile, or that nobody can read: no living client leaves such. */
  async #read(id: string, signal: AbortSignal): Promise<LockHolder | undefined> {
    const { store, sealer, host, clock, logger } = this.#deps;
    try {
      const sealed = await store.get({ kind: 'lock', id }, maxFileBytes, signal);
      return await unsealLock(sealed, id, clock.now(), host, sealer);
    } catch (error) {
      if (AppError.is(error, 'NOT_FOUND')) return undefined;
      if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
      logger.warn('a repository lock cannot be read', {
        repository: store.location,
        lock: id,
        problem: error.message,
      });
      return undefined;
    }
  }
}
