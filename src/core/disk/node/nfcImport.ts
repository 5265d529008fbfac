import { lateAbort } from '../../../base/async/lateAbort.ts';
import { AppError } from '../../../base/errors.ts';
import { randomUuid } from '../../../base/random.ts';
import type { Random } from '../../../base/random.ts';
import type { ImportedVmRecord, JournalledLease, NfcLeaseRecord } from '../../journal/leaseJournal.ts';
import { HttpNfcLease, leaseGrantPatienceMs } from '../../vsphere/httpNfcLease.ts';
import { defaultStallTimeoutMs, upload } from '../../vsphere/node/httpTransfer.ts';
import type { MoRef } from '../../vsphere/schema/moRef.ts';
import type { VimSession } from '../../vsphere/session.ts';
import { waitForTask } from '../../vsphere/task.ts';
import type { Vim } from '../../vsphere/vimCaller.ts';
import type { DiskBlock } from '../../block/diskBlock.ts';
import { writeStreamOptimized } from '../vmdk/streamOptimizedWriter.ts';
import { removeLeftoverImport, restoreTokenKey } from './nfcImportLeftovers.ts';
import type { NfcDeps } from './nfcExport.ts';
import { nfcTransfer, vmdkContentType } from './nfcTransfer.ts';

export interface ImportDeps extends NfcDeps {
  readonly random: Random;
}

export interface ImportRequest {
  readonly vmName: string;
  readonly spec: Vim<'VirtualMachineImportSpec'>;
  readonly resourcePool: MoRef;
  readonly folder: MoRef;
  readonly host?: MoRef;
  readonly disks: readonly ImportedDisk[];
  /** Of the disks' sizes, zeros included. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface ImportedDisk {
  /** `deviceId` of the disk's file item in the answer of CreateImportSpec; the lease names its URL by it. */
  readonly deviceId: string;
  readonly label: string;
  readonly sizeBytes: number;
  /** The content, ascending; called once. What it leaves out is zeros. */
  readonly blocks: (signal: AbortSignal) => AsyncIterable<DiskBlock>;
}

/** A VM that exists with all its disks, but is ours until `commit`: disposal without it destroys the VM. */
export interface ImportedVm extends AsyncDisposable {
  readonly vm: MoRef;
  /**
   * Makes the VM the user's by taking our token out of its configuration. Once the server was asked to, a cancellation
   * comes too late: the call waits for the outcome, so that the VM is never the user's and reported as cancelled.
   */
  commit(signal: AbortSignal): Promise<void>;
}

/**
 * Creates a VM and uploads its disks, one after the other. A random token in its configuration marks it as ours; the
 * token is journalled before the server is asked. On any failure the lease is aborted and what carries the token is
 * destroyed; where that fails too, the journal keeps the entry.
 */
export async function importVirtualMachine(
  session: VimSession,
  request: ImportRequest,
  deps: ImportDeps,
  signal: AbortSignal,
): Promise<ImportedVm> {
  const token = randomUuid(deps.random);
  const { vmName } = request;
  const vcenterId = session.instanceUuid;
  const vmEntry = await deps.journal.record<ImportedVmRecord>({
    kind: 'imported-vm',
    vcenterId,
    vmName,
    token,
  });
  const vm = new PendingVm(session, vmEntry, deps);
  try {
    const record = { kind: 'nfc-lease', vcenterId, vmName, purpose: 'import' } as const;
    const leaseEntry = await deps.journal.record<NfcLeaseRecord>(record);
    const created = await throughLease(session, request, token, { vmEntry, leaseEntry }, deps, signal);
    return vm.imported(created);
  } catch (error) {
    await vm.destroyAfterFailure();
    throw error;
  }
}

interface ImportEntries {
  readonly vmEntry: JournalledLease<ImportedVmRecord>;
  readonly leaseEntry: JournalledLease<NfcLeaseRecord>;
}

async function throughLease(
  session: VimSession,
  request: ImportRequest,
  token: string,
  { vmEntry, leaseEntry }: ImportEntries,
  deps: ImportDeps,
  signal: AbortSignal,
): Promise<MoRef> {
  const { resourcePool, folder, host, vmName } = request;
  const args = { spec: withToken(request.spec, token), folder, ...(host === undefined ? {} : { host }) };
  try {
    const patient = lateAbort(signal, leaseGrantPatienceMs);
    const granted = await session.call('ImportVApp', resourcePool, args, patient);
    await leaseEntry.update({ ...leaseEntry.record, lease: granted.value });
    await using lease = await HttpNfcLease.ready(session, granted, vmName, deps, signal);
    const { entity } = lease.info;
    await vmEntry.update({ ...vmEntry.record, vm: entity.value });
    await uploadDisks(session, lease, request, deps, signal);
    await lease.complete(signal);
    return entity;
  } finally {
    await leaseEntry.settle();
  }
}

function withToken(spec: Vim<'VirtualMachineImportSpec'>, token: string): Vim<'VirtualMachineImportSpec'> {
  const extraConfig = [...(spec.configSpec.extraConfig ?? []), { key: restoreTokenKey, value: token }];
  return { ...spec, _type: 'VirtualMachineImportSpec', configSpec: { ...spec.configSpec, extraConfig } };
}

async function uploadDisks(
  session: VimSession,
  lease: HttpNfcLease,
  { disks, vmName, onProgress }: ImportRequest,
  { clock, endpoint, stallTimeoutMs = defaultStallTimeoutMs }: ImportDeps,
  signal: AbortSignal,
): Promise<void> {
  const either = AbortSignal.any([signal, lease.lost]);
  const totalBytes = disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let finishedBytes = 0;
  const advance = (offsetBytes: number) => {
    lease.percent = totalBytes === 0 ? 100 : (100 * (finishedBytes + offsetBytes)) / totalBytes;
    onProgress?.(finishedBytes + offsetBytes, totalBytes);
  };
  for (const disk of disks) {
    const name = `${vmName} ${disk.label}`;
    const device = deviceOf(lease, disk, name);
    const transfer = await nfcTransfer(session, lease.info, device, name, endpoint, either);
    const blocks = observed(disk.blocks(either), advance);
    const vmdk = writeStreamOptimized(disk.sizeBytes, blocks, {}, either);
    const body = {
      method: 'POST',
      contentType: vmdkContentType,
      lengthBytes: undefined,
      bytes: vmdk,
    } as const;
    try {
      await upload(transfer, body, { clock, stallTimeoutMs }, either);
    } catch (error) {
      // What ended the lease explains the broken connection, not the other way round.
      throw lease.lost.aborted ? lease.lost.reason : error;
    }
    finishedBytes += disk.sizeBytes;
    advance(0);
  }
}

async function* observed(
  blocks: AsyncIterable<DiskBlock>,
  advance: (offsetBytes: number) => void,
): AsyncGenerator<DiskBlock, void, undefined> {
  for await (const block of blocks) {
    advance(block.offsetBytes);
    yield block;
  }
}

function deviceOf(
  lease: HttpNfcLease,
  { deviceId }: ImportedDisk,
  name: string,
): Vim<'HttpNfcLeaseDeviceUrl'> {
  const device = lease.info.deviceUrl?.find(({ importKey }) => importKey === deviceId);
  if (device !== undefined) return device;
  throw new AppError('UNSUPPORTED_FORMAT', `${name}: the server does not say where to send this disk`, {
    object: name,
  });
}

class PendingVm {
  readonly #session: VimSession;
  readonly #entry: JournalledLease<ImportedVmRecord>;
  readonly #deps: ImportDeps;
  #isSettled = false;

  constructor(session: VimSession, entry: JournalledLease<ImportedVmRecord>, deps: ImportDeps) {
    this.#session = session;
    this.#entry = entry;
    this.#deps = deps;
  }

  imported(vm: MoRef): ImportedVm {
    return {
      vm,
      commit: async signal => await this.#commit(vm, signal),
      [Symbol.asyncDispose]: async () => await this.#destroy(),
    };
  }

  /** After a failed import the failure is what the caller must see. */
  async destroyAfterFailure(): Promise<void> {
    try {
      await this.#destroy();
    } catch (error) {
      this.#deps.logger.error('a half imported VM may be left over; it stays in the journal', {
        vm: this.#entry.record.vmName,
        error: String(error),
      });
    }
  }

  async #commit(vm: MoRef, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const outcome = AbortSignal.timeout(commitTimeoutMs);
    // An empty value removes the key.
    const spec = { extraConfig: [{ key: restoreTokenKey, value: '' }] };
    const task = await this.#session.call('ReconfigVM_Task', vm, { spec }, outcome);
    await waitForTask(
      this.#session,
      task,
      { what: 'completing the VM', object: this.#entry.record.vmName },
      outcome,
    );
    this.#isSettled = true;
    await this.#entry.settle();
  }

  async #destroy(): Promise<void> {
    if (this.#isSettled) return;
    await removeLeftoverImport(
      this.#session,
      this.#entry.record,
      this.#deps,
      AbortSignal.timeout(cleanUpTimeoutMs),
    );
    this.#isSettled = true;
    await this.#entry.settle();
  }
}

const cleanUpTimeoutMs = 30 * 60_000;
const commitTimeoutMs = 10 * 60_000;
