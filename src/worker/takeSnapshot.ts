import type { VmIdentity } from '../core/inventory/listVirtualMachines.ts';
import { flattenSnapshots, type SnapshotFacts } from '../core/inventory/snapshotTree.ts';
import { createSnapshot, type NewSnapshot } from '../core/snapshot/createSnapshot.ts';
import { readObject } from '../core/vsphere/propertyCollector.ts';
import { isMoRef, type MoRef, sameMoRef } from '../core/vsphere/schema/moRef.ts';
import type { VimSession } from '../core/vsphere/session.ts';
import { waitForTask } from '../core/vsphere/task.ts';
import { AppError } from '../base/errors.ts';

/** How long a cancelled creation may take to end: quiescing gives up after 15 minutes. */
const cancellationTimeoutMs = 20 * 60_000;

/** Removing what was created a moment ago copies back next to nothing. */
const removalTimeoutMs = 60 * 60_000;

/**
 * Takes a snapshot that stays. If it is cancelled, it waits until the server has ended its task too, and removes the
 * snapshot if that had been created after all.
 * @throws QUIESCE_FAILED if the guest could not be brought to rest as requested
 */
export async function takeSnapshot(
  session: VimSession,
  vm: VmIdentity,
  wanted: NewSnapshot,
  signal: AbortSignal,
): Promise<SnapshotFacts> {
  const task = await createSnapshot(session, vm, wanted, signal);
  const what = { what: 'creating the snapshot', object: vm.name };
  let created: unknown;
  try {
    created = await waitForTask(session, task, what, signal);
  } catch (error) {
    if (signal.aborted) await removeIfCreated(session, vm, task);
    throw error;
  }
  const { snapshot } = await readObject(session, 'VirtualMachine', vm.ref, ['snapshot'], signal);
  const facts = flattenSnapshots(snapshot).find(({ ref }) => isMoRef(created) && sameMoRef(ref, created));
  if (facts !== undefined) return facts;
  throw new AppError('CONFLICT', `${vm.name}: the server reports success but does not list the snapshot`, {
    object: vm.name,
    remedy: 'Look in the vSphere client whether somebody has removed it',
  });
}

async function removeIfCreated(session: VimSession, vm: VmIdentity, task: MoRef): Promise<void> {
  const what = { what: 'creating the snapshot', object: vm.name };
  const created = await waitForTask(session, task, what, AbortSignal.timeout(cancellationTimeoutMs)).catch(
    // How a creation fails that nobody wants any more is of no interest.
    () => undefined,
  );
  if (!isMoRef(created)) return;
  const signal = AbortSignal.timeout(removalTimeoutMs);
  const args = { removeChildren: false, consolidate: true };
  const removal = await session.call('RemoveSnapshot_Task', created, args, signal);
  await waitForTask(session, removal, { what: 'removing the snapshot', object: vm.name }, signal);
}
