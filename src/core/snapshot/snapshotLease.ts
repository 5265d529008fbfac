import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { randomUuid } from '../../base/random.ts';
import type { Random } from '../../base/random.ts';
import type { VmIdentity } from '../inventory/listVirtualMachines.ts';
import type { SnapshotFacts } from '../inventory/snapshotTree.ts';
import { virtualDisks } from '../inventory/virtualDisk.ts';
import type { VirtualDiskFacts } from '../inventory/virtualDisk.ts';
import type { JournalledLease, LeaseJournal, SnapshotLeaseRecord } from '../journal/leaseJournal.ts';
import { requirePrivileges } from '../vsphere/privileges/requirePrivileges.ts';
import { readObject } from '../vsphere/propertyCollector.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import type { VimSession } from '../vsphere/session.ts';
import { waitForTask } from '../vsphere/task.ts';
import type { Vim } from '../vsphere/vimCaller.ts';
import { createSnapshot } from './createSnapshot.ts';
import type { QuiesceRequest } from './createSnapshot.ts';
import { findByToken, removeSnapshotByToken } from './removeSnapshot.ts';
import { formatMarker } from './snapshotMarker.ts';

export interface SnapshotOptions {
  /** As the vSphere client shows it. */
  readonly name: string;
  /** What the snapshot is taken for: stands in its description, one word. */
  readonly job: string;
  readonly quiesce: QuiesceRequest;
  /** After that long the snapshot is left over, whoever asks; longer than any backup takes. */
  readonly validForMs: number;
  readonly onProgress?: (percent: number) => void;
}

export interface SnapshotDeps {
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const snapshotPrivileges = ['VirtualMachine.State.CreateSnapshot', 'VirtualMachine.State.RemoveSnapshot'];

/** Removing a snapshot copies back what was written meanwhile; on a busy VM that takes hours. */
const removalTimeoutMs = 12 * 60 * 60_000;

/** A snapshot of a VM that is removed, and proven gone, at disposal. */
export interface SnapshotLease extends AsyncDisposable {
  readonly vm: VmIdentity;
  readonly snapshot: MoRef;
  readonly token: string;
  /** As the server lists it, with its own time and whether it quiesced the guest. */
  readonly facts: SnapshotFacts;
  /** The VM's configuration at the moment of the snapshot. */
  readonly config: Vim<'VirtualMachineConfigInfo'>;
  /** The disks of that configuration, independent ones included: those hold no frozen state. */
  readonly disks: readonly VirtualDiskFacts[];
}

/**
 * Takes a snapshot. Its token is journalled before the server is asked, so that it can be found and removed whatever
 * happens to this process. Disposal works after the signal was aborted; if it fails, it rejects and the journal keeps
 * the entry for a later clean-up.
 * @throws QUIESCE_FAILED if the guest could not be quiesced as requested: no weaker snapshot is taken instead; PERMISSION,
 *         before anything is done, for an account that could not remove it
 */
export async function openSnapshot(
  session: VimSession,
  vm: VmIdentity,
  options: SnapshotOptions,
  deps: SnapshotDeps,
  signal: AbortSignal,
): Promise<SnapshotLease> {
  await requirePrivileges(session, vm, snapshotPrivileges, 'take a snapshot and remove it again', signal);
  const token = randomUuid(deps.random);
  const expiresAt = new Date(deps.clock.now().getTime() + options.validForMs);
  const { installationId, machineId } = deps.journal;
  const owner = { token, installationId, machineId, vm: vm.ref.value, job: options.job, expiresAt };
  const description = formatMarker(owner);
  const entry = await deps.journal.record<SnapshotLeaseRecord>({
    kind: 'snapshot',
    vcenterId: session.instanceUuid,
    vm: vm.ref.value,
    vmName: vm.name,
    token,
  });
  const lease = new OpenSnapshot(session, vm, token, entry, deps);
  try {
    const task = await createSnapshot(session, vm, { ...options, description }, signal);
    const { onProgress } = options;
    const what = { what: 'creating the snapshot', object: vm.name };
    await waitForTask(session, task, onProgress === undefined ? what : { ...what, onProgress }, signal);
    return await lease.verified(signal);
  } catch (error) {
    await giveBack(lease, deps.logger);
    throw error;
  }
}

/** After a failed creation the failure is what the caller must see; a failed clean-up stays in the journal. */
async function giveBack(lease: OpenSnapshot, logger: Logger): Promise<void> {
  try {
    await lease.remove();
  } catch (error) {
    logger.error('a snapshot may be left over; it stays in the journal', {
      vm: lease.vm.name,
      error: String(error),
    });
  }
}

class OpenSnapshot {
  readonly vm: VmIdentity;
  readonly #session: VimSession;
  readonly #token: string;
  readonly #entry: JournalledLease<SnapshotLeaseRecord>;
  readonly #deps: SnapshotDeps;

  constructor(
    session: VimSession,
    vm: VmIdentity,
    token: string,
    entry: JournalledLease<SnapshotLeaseRecord>,
    deps: SnapshotDeps,
  ) {
    this.#session = session;
    this.vm = vm;
    this.#token = token;
    this.#entry = entry;
    this.#deps = deps;
  }

  /** Looks at what the server has made: it must be listed under our token. */
  async verified(signal: AbortSignal): Promise<SnapshotLease> {
    const { name } = this.vm;
    const facts = await findByToken(this.#session, this.vm, { token: this.#token }, signal);
    if (facts === undefined) {
      throw new AppError('CONFLICT', `${name}: the server reports success but lists no snapshot of ours`, {
        object: name,
        retryable: true,
      });
    }
    await this.#entry.update({ ...this.#entry.record, snapshot: facts.ref.value });
    const { config } = await readObject(
      this.#session,
      'VirtualMachineSnapshot',
      facts.ref,
      ['config'],
      signal,
    );
    if (config === undefined)
      throw new AppError('CONFLICT', `${name}: the snapshot has no configuration`, { object: name });
    return {
      vm: this.vm,
      snapshot: facts.ref,
      token: this.#token,
      facts,
      config,
      disks: virtualDisks(config),
      [Symbol.asyncDispose]: async () => await this.remove(),
    };
  }

  async remove(): Promise<void> {
    const signal = AbortSignal.timeout(removalTimeoutMs);
    const { token, snapshot } = this.#entry.record;
    await removeSnapshotByToken(this.#session, this.vm, { token, snapshot }, this.#deps, signal);
    await this.#entry.settle();
  }
}
