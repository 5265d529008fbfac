import type { Clock } from '../../base/clock.ts';
import type { CredentialSource } from '../../base/credentialSource.ts';
import { type AppError, toAppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { never } from '../../base/assert.ts';
import { detachDisk } from '../disk/attachedDisk.ts';
import { abortLeftoverLease } from '../disk/node/nfcExport.ts';
import { removeLeftoverImport } from '../disk/node/nfcImportLeftovers.ts';
import { GuestSession } from '../guestops/guestSession.ts';
import type { GuestFileRecord, JournalledLease, Lease, LeaseJournal } from '../journal/leaseJournal.ts';
import type { Repository } from '../repository/repository.ts';
import { underLock } from '../repository/underLock.ts';
import { removeLeftoverSnapshot } from '../snapshot/removeSnapshot.ts';
import { VimFaultError } from '../vsphere/faults.ts';
import type { VimSession } from '../vsphere/session.ts';
import { giveBackGuestFile } from './restoreToGuest/guestTemporaryFile.ts';

export interface GuardDeps {
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The session of the server with that instance UUID; undefined if none is configured. Called once per leftover. */
  readonly sessionOf: (vcenterId: string) => Promise<VimSession | undefined>;
  readonly repositoryOf: (repositoryId: string) => Promise<Repository | undefined>;
  /** The password of the guest's account that left the file; undefined if it is not known here. */
  readonly guestPasswordOf: (record: GuestFileRecord) => CredentialSource | undefined;
  /** Called before each leftover is given back, which takes minutes where a server must first end a lease by itself. */
  readonly onStep?: (lease: Lease) => void;
}

/** What became of one leftover. */
export interface GuardedLease {
  readonly lease: Lease;
  readonly recordedAt: Date;
  /**
   * `removed`: given back, or proven to be gone. `waiting`: its server or repository is not configured here, or the
   * password of the guest's account is not known. `failed`: it will be tried again at the next start.
   */
  readonly outcome: 'removed' | 'waiting' | 'failed';
  readonly problem: AppError | undefined;
}

/** A VM cannot lose its snapshot while a lease holds it or its disks are another VM's, too: those go first. */
const order: readonly Lease['kind'][] = [
  'guest-temporary-file',
  'hot-added-disk',
  'nfc-lease',
  'imported-vm',
  'snapshot',
  'repository-lock',
];

/**
 * Gives back what processes that died have left behind. Nothing is touched but what the journal names, and of that only
 * what carries our token. Each leftover is tried, whatever becomes of the others.
 */
export async function guard(deps: GuardDeps, signal: AbortSignal): Promise<readonly GuardedLease[]> {
  const leftovers = await deps.journal.takeOverLeftovers();
  const guarded: GuardedLease[] = [];
  for (const kind of order) {
    for (const { lease, recordedAt } of leftovers.filter(leftover => leftover.lease.record.kind === kind)) {
      signal.throwIfAborted();
      deps.onStep?.(lease.record);
      guarded.push({ lease: lease.record, recordedAt, ...(await giveBack(lease, deps, signal)) });
    }
  }
  return guarded;
}

async function giveBack(
  lease: JournalledLease,
  deps: GuardDeps,
  signal: AbortSignal,
): Promise<Pick<GuardedLease, 'outcome' | 'problem'>> {
  try {
    if (!(await giveBackRecord(lease.record, deps, signal)))
      return { outcome: 'waiting', problem: undefined };
    await lease.settle();
    return { outcome: 'removed', problem: undefined };
  } catch (error) {
    return { outcome: 'failed', problem: toAppError(error) };
  }
}

/** @returns false if there is no way to the server or repository */
async function giveBackRecord(record: Lease, deps: GuardDeps, signal: AbortSignal): Promise<boolean> {
  if (record.kind === 'repository-lock') {
    const repository = await deps.repositoryOf(record.repositoryId);
    if (repository === undefined) return false;
    await repository.removeLeftoverLock(record, signal);
    await adoptFoundPacks(repository, deps, signal);
    return true;
  }
  const session = await deps.sessionOf(record.vcenterId);
  if (session === undefined) return false;
  switch (record.kind) {
    case 'guest-temporary-file':
      return await giveBackLeftoverFile(session, record, deps, signal);
    case 'snapshot':
      await removeLeftoverSnapshot(session, record, deps, signal);
      return true;
    case 'hot-added-disk':
      await detachDisk(session, record, deps, signal);
      return true;
    case 'nfc-lease':
      await abortLeftoverLease(session, record);
      return true;
    case 'imported-vm':
      await removeLeftoverImport(session, record, deps, signal);
      return true;
    default:
      return never(record);
  }
}

/** Whoever held the lock may have stored packs that nothing names yet. Without them the next backup stores them again. */
async function adoptFoundPacks(
  repository: Repository,
  { journal, logger }: GuardDeps,
  signal: AbortSignal,
): Promise<void> {
  try {
    const count = await underLock(
      repository,
      { mode: 'shared', journal },
      signal,
      async (lock, held) => await repository.adoptFoundPacks(lock, held),
    );
    logger.info('packs of a killed process are used again', { repository: repository.location, count });
  } catch (error) {
    signal.throwIfAborted();
    logger.warn('packs of a killed process are not used again', { problem: toAppError(error).message });
  }
}

async function giveBackLeftoverFile(
  session: VimSession,
  record: GuestFileRecord,
  deps: GuardDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const source = deps.guestPasswordOf(record);
  if (source === undefined) return false;
  const vm = { ref: { type: 'VirtualMachine', value: record.vm }, name: record.vmName };
  try {
    const guest = await GuestSession.open(session, vm, { user: record.user, source }, signal);
    await giveBackGuestFile(guest, record, deps.clock, signal);
  } catch (error) {
    // With the VM its files are gone.
    if (!VimFaultError.isFault(error, 'ManagedObjectNotFound')) throw error;
  }
  return true;
}

/** A leftover in words. */
export function describeLease(lease: Lease): string {
  switch (lease.kind) {
    case 'snapshot':
      return `snapshot of ${lease.vmName}`;
    case 'nfc-lease':
      return `${lease.purpose} lease of ${lease.vmName}`;
    case 'imported-vm':
      return `half restored VM ${lease.vmName}`;
    case 'hot-added-disk':
      return `disk ${lease.fileName}, attached to ${lease.vmName} to be read`;
    case 'guest-temporary-file':
      return `temporary file ${lease.path} of ${lease.user} in the guest of ${lease.vmName}`;
    case 'repository-lock':
      return `lock in ${lease.location}`;
    default:
      return never(lease);
  }
}
