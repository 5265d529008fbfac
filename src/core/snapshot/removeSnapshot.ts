import { retry } from '../../base/async/retry.ts';
import type { RetryPolicy } from '../../base/async/retry.ts';
import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { VmIdentity } from '../inventory/listVirtualMachines.ts';
import { flattenSnapshots } from '../inventory/snapshotTree.ts';
import type { SnapshotFacts } from '../inventory/snapshotTree.ts';
import type { SnapshotLeaseRecord } from '../journal/leaseJournal.ts';
import { VimFaultError } from '../vsphere/faults.ts';
import { readObject } from '../vsphere/propertyCollector.ts';
import type { VimSession } from '../vsphere/session.ts';
import { waitForTask } from '../vsphere/task.ts';
import { parseMarker } from './snapshotMarker.ts';

export interface RemovalDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Another task on the VM, or a file still locked by the last reader, is over soon. */
const removalRetries: RetryPolicy = { attempts: 6, firstDelayMs: 2_000, factor: 2 };

/**
 * A process may die after the server has granted it a transfer lease and before it knows which. Nobody can abort that
 * lease; the server ends it by itself after 300 s without progress, and until then the VM is busy.
 */
const leftoverRetries: RetryPolicy = { ...removalRetries, attempts: 9 };

/** `gone`: there was no such snapshot any more, or no such VM. */
export type Removal = 'removed' | 'gone';

/**
 * Removes a snapshot a dead process has left behind, if it still exists. Nothing but the snapshot whose description
 * carries the record's token is touched. The caller settles the record once this has resolved.
 */
export async function removeLeftoverSnapshot(
  session: VimSession,
  record: SnapshotLeaseRecord,
  deps: RemovalDeps,
  signal: AbortSignal,
): Promise<Removal> {
  const vm: VmIdentity = { ref: { type: 'VirtualMachine', value: record.vm }, name: record.vmName };
  return await removeSnapshotByToken(session, vm, record, deps, signal, leftoverRetries);
}

/**
 * Removes the snapshot that carries the token, with retries, proves that it is gone, and consolidates the disks if
 * the server says that this is needed.
 */
export async function removeSnapshotByToken(
  session: VimSession,
  vm: VmIdentity,
  wanted: WantedSnapshot,
  deps: RemovalDeps,
  signal: AbortSignal,
  retries = removalRetries,
): Promise<Removal> {
  try {
    let removal: Removal = 'gone';
    await retry(retries, deps.clock, signal, async attempt => {
      await waitForSnapshotTasks(session, vm, signal);
      const snapshot = await findByToken(session, vm, wanted, signal);
      if (snapshot === undefined) return;
      deps.logger.debug('removing the snapshot', { vm: vm.name, snapshot: snapshot.ref.value, attempt });
      await removeOnce(session, vm, snapshot, signal);
      removal = 'removed';
      await proveGone(session, vm, wanted, signal);
    });
    await consolidateIfNeeded(session, vm, deps, signal);
    return removal;
  } catch (error) {
    if (isVmGone(error, vm)) return 'gone';
    throw error;
  }
}

/** A snapshot by the token in its description, and by its id once that is known. */
export type WantedSnapshot = Pick<SnapshotLeaseRecord, 'token'> & {
  readonly snapshot?: string | undefined;
};

/**
 * The snapshot of the VM that carries the token; undefined if there is none.
 * @throws CONFLICT if several carry it and it is not known which of them is meant: somebody has copied the description
 */
export async function findByToken(
  session: VimSession,
  vm: VmIdentity,
  { token, snapshot: id }: WantedSnapshot,
  signal: AbortSignal,
): Promise<SnapshotFacts | undefined> {
  const { snapshot } = await readObject(session, 'VirtualMachine', vm.ref, ['snapshot'], signal);
  const marked = flattenSnapshots(snapshot).filter(
    ({ description }) => parseMarker(description)?.token === token,
  );
  // What carries the token and another id is somebody else's, with a copy of the text.
  if (id !== undefined) return marked.find(({ ref }) => ref.value === id);
  if (marked.length <= 1) return marked[0];
  throw new AppError('CONFLICT', `${vm.name}: ${marked.length} snapshots carry the mark of the same backup`, {
    object: vm.name,
    remedy: 'Change the description of the one that somebody else has taken',
  });
}

async function removeOnce(
  session: VimSession,
  vm: VmIdentity,
  { ref }: SnapshotFacts,
  signal: AbortSignal,
): Promise<void> {
  try {
    const task = await session.call(
      'RemoveSnapshot_Task',
      ref,
      { removeChildren: false, consolidate: true },
      signal,
    );
    await waitForTask(session, task, { what: 'removing the snapshot', object: vm.name }, signal);
  } catch (error) {
    // Somebody else was faster; whether the snapshot is gone is proven next.
    if (!VimFaultError.isFault(error, 'ManagedObjectNotFound')) throw error;
  }
}

async function proveGone(
  session: VimSession,
  vm: VmIdentity,
  wanted: WantedSnapshot,
  signal: AbortSignal,
): Promise<void> {
  if ((await findByToken(session, vm, wanted, signal)) === undefined) return;
  throw new AppError(
    'CONFLICT',
    `${vm.name}: the server reports the snapshot as removed but still lists it`,
    {
      object: vm.name,
      retryable: true,
    },
  );
}

async function consolidateIfNeeded(
  session: VimSession,
  vm: VmIdentity,
  { logger }: RemovalDeps,
  signal: AbortSignal,
): Promise<void> {
  const path = 'runtime.consolidationNeeded';
  const isNeeded = async () =>
    (await readObject(session, 'VirtualMachine', vm.ref, [path], signal))[path] === true;
  if (!(await isNeeded())) return;
  logger.warn('the disks need consolidation', { vm: vm.name });
  const task = await session.call('ConsolidateVMDisks_Task', vm.ref, {}, signal);
  await waitForTask(session, task, { what: 'consolidating the disks', object: vm.name }, signal);
  if (!(await isNeeded())) return;
  throw new AppError('CONFLICT', `${vm.name}: the disks still need consolidation`, {
    object: vm.name,
    remedy: 'Look for what locks the files of the VM, then consolidate in the vSphere client',
  });
}

/**
 * Waits for creations of snapshots that still run: a snapshot whose creation was interrupted on our side may appear
 * later, and would then be overlooked.
 */
async function waitForSnapshotTasks(session: VimSession, vm: VmIdentity, signal: AbortSignal): Promise<void> {
  const { recentTask } = await readObject(session, 'VirtualMachine', vm.ref, ['recentTask'], signal);
  for (const task of recentTask ?? []) {
    try {
      const info = await readObject(session, 'Task', task, ['info.state', 'info.descriptionId'], signal);
      const state = info['info.state'];
      const isCreation = /createSnapshot/i.test(info['info.descriptionId'] ?? '');
      if (!isCreation || (state !== 'running' && state !== 'queued')) continue;
      await waitForTask(session, task, { what: 'creating the snapshot', object: vm.name }, signal);
    } catch (error) {
      // How the task ended is its owner's business, and old tasks disappear.
      if (!(error instanceof VimFaultError) && !AppError.is(error, 'NOT_FOUND')) throw error;
    }
  }
}

function isVmGone(error: unknown, vm: VmIdentity): boolean {
  if (!VimFaultError.isFault(error, 'ManagedObjectNotFound')) return false;
  return 'obj' in error.fault && (error.fault.obj as { value?: string }).value === vm.ref.value;
}
