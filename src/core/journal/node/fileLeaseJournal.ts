import { mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../../../base/clock.ts';
import { type AppError, CorruptDataError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import type { Logger } from '../../../base/logger.ts';
import { syncFolder, writeFileDurably } from '../../../base/node/durableFile.ts';
import { fileError, systemErrorCode } from '../../../base/node/fileErrors.ts';
import { type Random, randomUuid, toHex } from '../../../base/random.ts';
import type { JournalledLease, Lease, LeaseJournal, LeftoverLease } from '../leaseJournal.ts';
import { decodeStoredLease, encodeStoredLease } from '../leaseRecord.ts';
import { holdOwnerLock, isOwnerAlive, machineId, type OwnerLock, removeOwnerSocket } from './ownerLock.ts';

export interface FileLeaseJournalDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface OwnerRecord {
  readonly machine: string;
  readonly address: string;
}

/**
 * The journal as files, one folder per owner (= running process), one file per lease:
 * ```
 * installation.json
 * owners/<owner>.sock            exists while the owner lives
 * owners/<owner>/owner.json      machine and socket
 * owners/<owner>/<lease>.json    one lease
 * ```
 * A leftover changes hands by renaming its file into the folder of the new owner, which only one can win.
 */
export async function openFileLeaseJournal(
  folder: string,
  deps: FileLeaseJournalDeps,
): Promise<LeaseJournal & AsyncDisposable> {
  const owners = join(folder, 'owners');
  await mkdir(owners, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(owners, error);
  });
  const installationId = await readInstallationId(join(folder, 'installation.json'), deps.random);
  const ownerId = toHex(deps.random.bytes(8));
  const lock = await holdOwnerLock(owners, ownerId);
  const record: OwnerRecord = { machine: await machineId(), address: lock.address };
  await writeFileDurably(join(owners, ownerId, ownerFile), `${JSON.stringify(record)}\n`);
  return new FileLeaseJournal(owners, ownerId, record.machine, lock, installationId, deps);
}

const ownerFile = 'owner.json';

class FileLeaseJournal implements LeaseJournal, AsyncDisposable {
  readonly installationId: string;
  readonly machineId: string;
  readonly #owners: string;
  readonly #ownerId: string;
  readonly #lock: OwnerLock;
  readonly #deps: FileLeaseJournalDeps;

  constructor(
    owners: string,
    ownerId: string,
    machine: string,
    lock: OwnerLock,
    installationId: string,
    deps: FileLeaseJournalDeps,
  ) {
    this.#owners = owners;
    this.#ownerId = ownerId;
    this.machineId = machine;
    this.#lock = lock;
    this.installationId = installationId;
    this.#deps = deps;
  }

  async record<L extends Lease>(lease: L): Promise<JournalledLease<L>> {
    const id = toHex(this.#deps.random.bytes(8));
    const recordedAt = this.#deps.clock.now();
    await writeFileDurably(this.#leasePath(id), encodeStoredLease({ recordedAt, lease }));
    return this.#journalled(id, recordedAt, lease);
  }

  async takeOverLeftovers(): Promise<readonly LeftoverLease[]> {
    const leftovers: LeftoverLease[] = [];
    for (const ownerId of await this.#otherOwners()) {
      if (await this.#isProvenDead(ownerId)) leftovers.push(...(await this.#takeOver(ownerId)));
    }
    return leftovers;
  }

  async openLeases(): Promise<readonly Lease[]> {
    const leases: Lease[] = [];
    for (const ownerId of [this.#ownerId, ...(await this.#otherOwners())]) {
      const folder = join(this.#owners, ownerId);
      for (const name of (await readdir(folder).catch(() => [])).filter(isJson)) {
        if (name === ownerFile) continue;
        const path = join(folder, name);
        try {
          leases.push(decodeStoredLease(await readFile(path, 'utf8'), path).lease);
        } catch (error) {
          // Settled a moment ago, or taken over by another process; damaged ones are told elsewhere.
          if (systemErrorCode(error) !== 'ENOENT' && !(error instanceof CorruptDataError))
            throw fileError(path, error);
        }
      }
    }
    return leases;
  }

  async damagedRecords(): Promise<readonly AppError[]> {
    const problems: AppError[] = [];
    for (const ownerId of await this.#otherOwners()) {
      const folder = join(this.#owners, ownerId);
      for (const name of (await readdir(folder).catch(() => [])).filter(isJson)) {
        const path = join(folder, name);
        try {
          if (name === ownerFile) await readOwnerRecord(path);
          else decodeStoredLease(await readFile(path, 'utf8'), path);
        } catch (error) {
          if (error instanceof CorruptDataError) problems.push(damagedRecord(path, error));
        }
      }
    }
    return problems;
  }

  /** Leases that are still unsettled stay behind: they are leftovers from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
    await removeOwnerFolder(join(this.#owners, this.#ownerId));
  }

  #journalled<L extends Lease>(id: string, recordedAt: Date, record: L): JournalledLease<L> {
    const path = this.#leasePath(id);
    let current = record;
    return {
      id,
      get record() {
        return current;
      },
      update: async next => {
        await writeFileDurably(path, encodeStoredLease({ recordedAt, lease: next }));
        current = next;
      },
      settle: async () => {
        await rm(path, { force: true });
        await syncFolder(join(this.#owners, this.#ownerId));
      },
    };
  }

  async #otherOwners(): Promise<string[]> {
    const entries = await readdir(this.#owners, { withFileTypes: true });
    return entries
      .filter(entry => entry.isDirectory() && entry.name !== this.#ownerId)
      .map(entry => entry.name);
  }

  async #isProvenDead(ownerId: string): Promise<boolean> {
    const owner = await readOwnerRecord(join(this.#owners, ownerId, ownerFile)).catch((error: unknown) => {
      // Nobody can prove the death of an owner whose record is damaged.
      if (error instanceof CorruptDataError) return undefined;
      throw error;
    });
    // No record yet: the owner is about to write it, and has no leases before that.
    if (owner === undefined) return false;
    return owner.machine === this.machineId && !(await isOwnerAlive(owner.address));
  }

  async #takeOver(ownerId: string): Promise<LeftoverLease[]> {
    const from = join(this.#owners, ownerId);
    const leftovers: LeftoverLease[] = [];
    for (const name of await readdir(from).catch(() => [])) {
      if (!isJson(name) || name === ownerFile) continue;
      const leftover = await this.#takeOverLease(join(from, name), name);
      if (leftover !== undefined) leftovers.push(leftover);
    }
    const owner = await readOwnerRecord(join(from, ownerFile));
    if (owner !== undefined) await removeOwnerSocket(owner.address);
    await removeOwnerFolder(from);
    return leftovers;
  }

  async #takeOverLease(path: string, name: string): Promise<LeftoverLease | undefined> {
    const id = name.slice(0, -'.json'.length);
    try {
      const { lease, recordedAt } = decodeStoredLease(await readFile(path, 'utf8'), path);
      await rename(path, this.#leasePath(id));
      return { lease: this.#journalled(id, recordedAt, lease), recordedAt };
    } catch (error) {
      // Another process was faster: the lease is in its hands now.
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      if (!(error instanceof CorruptDataError)) throw fileError(path, error);
      this.#deps.logger.debug('a lease record cannot be read and is left in place', { path });
      return undefined;
    }
  }

  #leasePath(id: string): string {
    return join(this.#owners, this.#ownerId, `${id}.json`);
  }
}

async function readInstallationId(path: string, random: Random): Promise<string> {
  const existing = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw fileError(path, error);
  });
  if (existing === undefined) {
    const installationId = randomUuid(random);
    await writeFileDurably(path, `${JSON.stringify({ version: 1, installationId })}\n`);
    return installationId;
  }
  try {
    return JsonReader.parse(existing, path).string('installationId');
  } catch (cause) {
    throw new CorruptDataError(`${path} holds no installation id`, {
      object: path,
      remedy: 'Remove the file; leftover snapshots of this installation must then be removed by hand',
      cause,
    });
  }
}

async function readOwnerRecord(path: string): Promise<OwnerRecord | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const owner = JsonReader.parse(text, path);
  return { machine: owner.string('machine'), address: owner.string('address') };
}

function isJson(name: string): boolean {
  return name.endsWith('.json');
}

function damagedRecord(path: string, { message }: CorruptDataError): CorruptDataError {
  return new CorruptDataError(message, {
    object: path,
    remedy: 'Remove by hand what the backup or restore has left on the server, then remove this file',
  });
}

/** Removes the folder of an owner without leases; one that still holds leases stays. */
async function removeOwnerFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined || names.some(name => name.endsWith('.json') && name !== ownerFile)) return;
  for (const name of names) await rm(join(folder, name), { force: true });
  await rmdir(folder).catch(() => undefined);
}
