import { createHash, type Hash } from 'node:crypto';

import { AppError, CorruptDataError, toAppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { toHex, type Random } from '../../../base/random.ts';
import { folderOf, joinedBelow, nameOf, suffixedName } from '../../guestops/guestPaths.ts';
import type { GuestAttributes, GuestNode, GuestSession } from '../../guestops/guestSession.ts';
import { type GuestTransferDeps, hashInGuest, uploadToGuest } from '../../guestops/node/guestTransfer.ts';
import type { GuestFileRecord, JournalledLease, LeaseJournal } from '../../journal/leaseJournal.ts';
import { attributeDifferences } from './attributes.ts';
import {
  asideSuffix,
  assertRestorable,
  type GuestRestorePlan,
  type PlannedFile,
  type PlannedFolder,
} from './guestRestorePlan.ts';
import { giveBackGuestFile } from './guestTemporaryFile.ts';
import { sentBytes } from './planGuestRestore.ts';

export interface GuestRestoreDeps extends GuestTransferDeps {
  readonly journal: LeaseJournal;
  readonly random: Random;
  readonly logger: Logger;
}

export interface GuestRestoreResult {
  /** Files that were sent or whose owner, permissions or time were set. */
  readonly restoredCount: number;
  /** Files that were there already, all the same. */
  readonly skippedCount: number;
  readonly madeFolderCount: number;
  readonly sentBytes: number;
  /** What was replaced, and under which name it still is. */
  readonly keptAside: readonly { readonly guestPath: string; readonly asidePath: string }[];
  /** What could not be restored or set, and why; everything else is there. */
  readonly problems: readonly string[];
}

/** The exchange of two names, once begun, is not cancelled: it is over in a moment, and half of it is a missing file. */
const exchangeTimeoutMs = 60_000;
const giveBackTimeoutMs = 60_000;

/**
 * Carries out the plan. A file travels to a temporary one beside its place, is read back and compared, gets owner,
 * permissions and time, and takes its place by renaming; what was there is kept aside. The temporary file is journalled
 * before it is written. On any error or cancellation the file in hand is as it was before.
 * @throws the plan's first problem if there is nothing else in it; CONFLICT if the guest's file has changed since the plan was made; what `GuestSession` and transfers throw
 */
export async function executeGuestRestore(
  plan: GuestRestorePlan,
  guest: GuestSession,
  deps: GuestRestoreDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<GuestRestoreResult> {
  assertRestorable(plan);
  await guest.assertMayWrite(signal);
  const restore = new Restore(guest, deps);
  const phase = `Restoring to ${plan.vmName}`;
  let doneBytes = 0;
  onProgress({ phase, doneBytes, totalBytes: plan.totalBytes });
  for (const item of plan.items) {
    signal.throwIfAborted();
    if (item.kind === 'folder') await restore.makeFolder(item, signal);
    else
      await restore.file(
        item,
        sent => {
          onProgress({ phase, doneBytes: doneBytes + sent, totalBytes: plan.totalBytes });
        },
        signal,
      );
    doneBytes += sentBytes(item);
  }
  // Filling a folder changes its time, so folders get theirs last, the inner ones first.
  for (const item of plan.items.toReversed())
    if (item.kind === 'folder') await restore.set(item.guestPath, item.attributes, signal);
  return restore.result(doneBytes);
}

class Restore {
  readonly #guest: GuestSession;
  readonly #deps: GuestRestoreDeps;
  readonly #keptAside: { readonly guestPath: string; readonly asidePath: string }[] = [];
  readonly #problems: string[] = [];
  #restoredCount = 0;
  #skippedCount = 0;
  #madeFolderCount = 0;

  constructor(guest: GuestSession, deps: GuestRestoreDeps) {
    this.#guest = guest;
    this.#deps = deps;
  }

  result(sent: number): GuestRestoreResult {
    return {
      restoredCount: this.#restoredCount,
      skippedCount: this.#skippedCount,
      madeFolderCount: this.#madeFolderCount,
      sentBytes: sent,
      keptAside: this.#keptAside,
      problems: this.#problems,
    };
  }

  async makeFolder({ guestPath, attributes }: PlannedFolder, signal: AbortSignal): Promise<void> {
    try {
      await this.#guest.makeFolder(guestPath, signal);
    } catch (error) {
      // Somebody else has made it meanwhile; that is as good.
      if (AppError.is(error, 'CONFLICT') && (await this.#guest.stat(guestPath, signal))?.kind === 'directory')
        return;
      throw error;
    }
    this.#madeFolderCount += 1;
    // At once, for what it will hold may not be for everybody; its owner must be able to fill it.
    const { uid, gid, mode } = attributes;
    await this.#guest.setAttributes(
      guestPath,
      { ...withoutTime(uid, gid), mode: (mode ?? 0) | 0o700 },
      signal,
    );
  }

  /** Sets attributes and tells what the guest did not take. */
  async set(guestPath: string, attributes: GuestAttributes, signal: AbortSignal): Promise<void> {
    await this.#guest.setAttributes(guestPath, attributes, signal);
    const node = await this.#guest.stat(guestPath, signal);
    if (node === undefined) throw changed(this.#guest, guestPath);
    this.#problems.push(
      ...attributeDifferences(attributes, node).map(difference => `${guestPath}: ${difference}`),
    );
  }

  /** A file that is damaged in the restore point is told and left out; the others come all the same. */
  async file(item: PlannedFile, onSent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    const { action, guestPath, attributes } = item;
    if (action === 'skip') {
      this.#skippedCount += 1;
      return;
    }
    await this.#assertUnchanged(item, signal);
    if (action === 'attributes') await this.set(guestPath, attributes, signal);
    else {
      const damage = await this.#replace(item, onSent, signal);
      if (damage !== undefined) {
        this.#problems.push(`${guestPath}: ${damage.message}`);
        return;
      }
    }
    this.#restoredCount += 1;
  }

  /** @returns what is wrong with the file in the restore point, if that is why it was not restored */
  async #replace(
    item: PlannedFile,
    onSent: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<AppError | undefined> {
    const { journal, random } = this.#deps;
    const { vm, user, vcenterId } = this.#guest;
    const path = joinedBelow(folderOf(item.guestPath), `.quiesce-${toHex(random.bytes(8))}.tmp`);
    const entry = await journal.record<GuestFileRecord>({
      kind: 'guest-temporary-file',
      vcenterId,
      vm: vm.ref.value,
      vmName: vm.name,
      user,
      path,
    });
    const source = new HashedSource(item, onSent, signal);
    try {
      const bytes = source.read();
      await uploadToGuest(
        this.#guest,
        path,
        { sizeBytes: item.stat.sizeBytes, bytes, mode: 0o600 },
        this.#deps,
        signal,
      );
      await this.#verify(path, source.sha256(), signal);
      await this.#setOnTemporary(item, path, signal);
      await this.#exchange(item, entry, signal);
    } catch (error) {
      await this.#giveBack(entry);
      if (source.failure !== undefined && AppError.is(source.failure, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT'))
        return source.failure;
      throw error;
    }
    await entry.settle();
    return undefined;
  }

  async #verify(path: string, expected: string, signal: AbortSignal): Promise<void> {
    const found = await hashInGuest(this.#guest, path, this.#deps, signal);
    if (found === expected) return;
    const { name } = this.#guest.vm;
    throw new CorruptDataError(`${name}: what arrived in the guest is not what was sent`, {
      object: name,
      retryable: true,
      remedy: 'Try again',
    });
  }

  async #setOnTemporary(
    { guestPath, attributes }: PlannedFile,
    path: string,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#guest.setAttributes(path, attributes, signal);
    const node = await this.#guest.stat(path, signal);
    if (node === undefined) throw changed(this.#guest, path);
    this.#problems.push(
      ...attributeDifferences(attributes, node).map(difference => `${guestPath}: ${difference}`),
    );
  }

  async #exchange(
    item: PlannedFile,
    entry: JournalledLease<GuestFileRecord>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#assertUnchanged(item, signal);
    const { guestPath, live } = item;
    const exchange = AbortSignal.timeout(exchangeTimeoutMs);
    if (live === undefined) {
      await this.#guest.rename(entry.record.path, guestPath, exchange);
      return;
    }
    const suffix = asideSuffix(this.#deps.clock.now());
    const asidePath = joinedBelow(folderOf(guestPath), suffixedName(nameOf(guestPath), suffix));
    await entry.update({ ...entry.record, target: guestPath, aside: asidePath });
    await this.#guest.rename(guestPath, asidePath, exchange);
    await this.#guest.rename(entry.record.path, guestPath, exchange);
    this.#keptAside.push({ guestPath, asidePath });
  }

  /** Between plan and execution somebody may have written the file, which must not be lost. */
  async #assertUnchanged({ guestPath, live }: PlannedFile, signal: AbortSignal): Promise<void> {
    const now = await this.#guest.stat(guestPath, signal);
    if (!isSameNode(live, now)) throw changed(this.#guest, guestPath);
  }

  /** The failure is what the caller must see; what cannot be given back stays in the journal. */
  async #giveBack(entry: JournalledLease<GuestFileRecord>): Promise<void> {
    try {
      await giveBackGuestFile(
        this.#guest,
        entry.record,
        this.#deps.clock,
        AbortSignal.timeout(giveBackTimeoutMs),
      );
      await entry.settle();
    } catch (error) {
      this.#deps.logger.error('a temporary file may be left in the guest; it stays in the journal', {
        vm: this.#guest.vm.name,
        path: entry.record.path,
        error: toAppError(error).message,
      });
    }
  }
}

/** The file's bytes on their way, hashed. */
class HashedSource {
  /** What the restore point's file system threw, if it did. */
  failure: AppError | undefined;
  readonly #item: PlannedFile;
  readonly #onSent: (bytes: number) => void;
  readonly #signal: AbortSignal;
  readonly #hash: Hash = createHash('sha256');

  constructor(item: PlannedFile, onSent: (bytes: number) => void, signal: AbortSignal) {
    this.#item = item;
    this.#onSent = onSent;
    this.#signal = signal;
  }

  sha256(): string {
    return this.#hash.digest('hex');
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    const { location, stat } = this.#item;
    let sentBytes = 0;
    try {
      for await (const piece of location.fileSystem.readFile(stat.node, { offsetBytes: 0 }, this.#signal)) {
        this.#hash.update(piece);
        yield piece;
        sentBytes += piece.length;
        this.#onSent(sentBytes);
      }
    } catch (error) {
      this.failure = toAppError(error);
      throw this.failure;
    }
  }
}

function isSameNode(planned: GuestNode | undefined, now: GuestNode | undefined): boolean {
  return (
    planned?.kind === now?.kind &&
    planned?.sizeBytes === now?.sizeBytes &&
    planned?.modifiedAt?.getTime() === now?.modifiedAt?.getTime()
  );
}

function changed({ vm }: GuestSession, guestPath: string): AppError {
  return new AppError('CONFLICT', `${vm.name}: ${guestPath} has changed since the plan was made`, {
    object: vm.name,
    remedy: 'Look at the plan again',
  });
}

function withoutTime(uid: number | undefined, gid: number | undefined): GuestAttributes {
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
}
