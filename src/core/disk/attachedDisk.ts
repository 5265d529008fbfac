import { retry, type RetryPolicy } from '../../base/async/retry.ts';
import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { HotAddedDiskRecord, JournalledLease, LeaseJournal } from '../journal/leaseJournal.ts';
import { VimFaultError } from '../vsphere/faults.ts';
import { requirePrivileges } from '../vsphere/privileges/requirePrivileges.ts';
import { readObject } from '../vsphere/propertyCollector.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import type { VimSession } from '../vsphere/session.ts';
import { waitForTask } from '../vsphere/task.ts';
import { isVim, type Vim } from '../vsphere/vimCaller.ts';
import { freeDiskPlace } from './freeDiskPlace.ts';

export interface AttachRequest {
  /** The VM that gets the disk: the one in which this program runs. */
  readonly proxy: { readonly ref: MoRef; readonly name: string };
  /** As the snapshot's configuration has it. */
  readonly backing: { readonly type: string; readonly fileName: string };
}

export interface AttachDeps {
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  readonly logger: Logger;
}

const privileges = ['VirtualMachine.Config.AddExistingDisk', 'VirtualMachine.Config.RemoveDisk'];

/** Whatever is written to such a disk is dropped when it is detached: the files of the backed up VM stay what they are. */
const diskMode = 'independent_nonpersistent';

/** Another job may change the same VM at the same time. */
const patience: RetryPolicy = { attempts: 6, firstDelayMs: 500, factor: 2 };

const detachTimeoutMs = 5 * 60_000;

/**
 * Attaches a snapshot's disk to a VM, so that the guest there can read it. It is in the journal before the server is asked.
 * Disposal detaches it, and works after the signal was aborted; if it fails, it rejects and the journal keeps the entry.
 * @throws PERMISSION, before anything is done, for an account that could not detach it; CONFLICT if the VM has no place left,
 *   or has the file already; what the server says
 */
export async function attachDisk(
  session: VimSession,
  { proxy, backing }: AttachRequest,
  deps: AttachDeps,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  await requirePrivileges(session, proxy, privileges, 'attach a disk and detach it again', signal);
  const devices = await devicesOf(session, proxy.ref, signal);
  if (devices.some(device => hasFile(device, backing.fileName)))
    throw new AppError('CONFLICT', `${proxy.name} has a disk with the file ${backing.fileName} already`, {
      object: proxy.name,
      remedy: 'Find out in the vSphere client who has attached it, and detach it without deleting its files',
    });
  const entry = await deps.journal.record<HotAddedDiskRecord>({
    kind: 'hot-added-disk',
    vcenterId: session.instanceUuid,
    vm: proxy.ref.value,
    vmName: proxy.name,
    fileName: backing.fileName,
  });
  try {
    await retry({ ...patience, when: isBusyOrTaken }, deps.clock, signal, async () => {
      await attach(session, proxy, backing, signal);
    });
  } catch (error) {
    await tryToGiveBack(session, entry, deps);
    throw error;
  }
  return { [Symbol.asyncDispose]: async () => await giveBack(session, entry, deps) };
}

/** The disk of the record is the VM's no longer, and its files are as they were. Nothing is done if that is so. */
export async function detachDisk(
  session: VimSession,
  record: HotAddedDiskRecord,
  { clock, logger }: Pick<AttachDeps, 'clock' | 'logger'>,
  signal: AbortSignal,
): Promise<void> {
  const vm = { type: 'VirtualMachine', value: record.vm };
  await retry({ ...patience, when: isBusy }, clock, signal, async () => {
    try {
      const attached = (await devicesOf(session, vm, signal)).filter(
        device => hasFile(device, record.fileName) && backingOf(device).diskMode === diskMode,
      );
      if (attached.length === 0) return;
      logger.info('detaching a disk', { vm: record.vmName, file: record.fileName });
      const deviceChange = attached.map(device => ({
        _type: 'VirtualDeviceConfigSpec' as const,
        operation: 'remove' as const,
        device,
      }));
      await reconfigure(session, vm, record.vmName, deviceChange, 'detaching the disk', signal);
    } catch (error) {
      // With the VM its disks are nobody's.
      if (!VimFaultError.isFault(error, 'ManagedObjectNotFound')) throw error;
    }
  });
}

async function giveBack(
  session: VimSession,
  entry: JournalledLease<HotAddedDiskRecord>,
  deps: AttachDeps,
): Promise<void> {
  await detachDisk(session, entry.record, deps, AbortSignal.timeout(detachTimeoutMs));
  await entry.settle();
}

/** After a failure the failure is what the caller must see; what could not be given back stays in the journal. */
async function tryToGiveBack(
  session: VimSession,
  entry: JournalledLease<HotAddedDiskRecord>,
  deps: AttachDeps,
): Promise<void> {
  try {
    await giveBack(session, entry, deps);
  } catch (error) {
    deps.logger.error('a disk may still be attached; it stays in the journal', {
      vm: entry.record.vmName,
      file: entry.record.fileName,
      error: String(error),
    });
  }
}

async function attach(
  session: VimSession,
  { ref, name }: AttachRequest['proxy'],
  { type, fileName }: AttachRequest['backing'],
  signal: AbortSignal,
): Promise<void> {
  const place = freeDiskPlace(await devicesOf(session, ref, signal));
  if (place === undefined)
    throw new AppError('CONFLICT', `${name} has no place left for another SCSI disk`, {
      object: name,
      remedy: 'Add a SCSI controller to it',
    });
  const device = {
    _type: 'VirtualDisk',
    key: -1,
    ...place,
    capacityInKB: 0,
    backing: { _type: type, fileName, diskMode },
  } as Vim<'VirtualDisk'>;
  const add = { _type: 'VirtualDeviceConfigSpec', operation: 'add', device } as const;
  await reconfigure(session, ref, name, [add], 'attaching the disk', signal);
}

async function reconfigure(
  session: VimSession,
  vm: MoRef,
  object: string,
  deviceChange: readonly Vim<'VirtualDeviceConfigSpec'>[],
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const task = await session.call('ReconfigVM_Task', vm, { spec: { deviceChange } }, signal);
  await waitForTask(session, task, { what, object }, signal);
}

async function devicesOf(
  session: VimSession,
  vm: MoRef,
  signal: AbortSignal,
): Promise<readonly Vim<'VirtualDevice'>[]> {
  const path = 'config.hardware.device';
  const { [path]: devices } = await readObject(session, 'VirtualMachine', vm, [path], signal);
  return devices ?? [];
}

/** The backings of disks share these fields by name, not by type. */
interface DiskFile {
  readonly fileName?: string;
  readonly diskMode?: string;
  readonly parent?: DiskFile;
}

/** What is written to a disk of a running VM that keeps nothing goes to a file of its own, which stands on the attached one. */
function hasFile(device: Vim<'VirtualDevice'>, fileName: string): boolean {
  for (let backing: DiskFile | undefined = backingOf(device); backing !== undefined; backing = backing.parent)
    if (backing.fileName === fileName) return true;
  return false;
}

function backingOf(device: Vim<'VirtualDevice'>): DiskFile {
  return isVim(device, 'VirtualDisk') ? ((device.backing ?? {}) as DiskFile) : {};
}

/** Disks that are attached side by side may want the same place. */
function isBusyOrTaken(error: unknown): boolean {
  return isBusy(error) || VimFaultError.isFault(error, 'InvalidDeviceSpec');
}

function isBusy(error: unknown): boolean {
  return VimFaultError.isFault(error, 'TaskInProgress', 'ConcurrentAccess') || isRetryable(error);
}

function isRetryable(error: unknown): boolean {
  return AppError.is(error) && error.retryable;
}
