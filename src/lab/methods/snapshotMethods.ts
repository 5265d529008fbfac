import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { parseDatastorePath } from '../datastore/datastorePath.ts';
import { LabVm } from '../model/labVm.ts';
import { Snapshot } from '../model/snapshot.ts';
import {
  consolidateDisks,
  dropSnapshots,
  maxSnapshotLevels,
  revertToSnapshot,
  takeSnapshot,
} from '../model/snapshotTree.ts';
import { unsupportedDevice } from '../guest/guestPresets.ts';
import { writeHold, writeRelease } from '../guest/databaseToken.ts';
import { markMounted } from '../guest/mountMark.ts';
import { type Quiesced, quiesceGuest, QuiesceRefusal, type QuiesceWish } from '../guest/quiesce.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { fileFault, invalidArgument, VimFault } from '../soap/vimFault.ts';
import { isLent } from '../model/borrowedDisk.ts';
import { DiskChain } from '../model/diskChain.ts';
import type { LabContext } from '../labContext.ts';
import { instanceOf, startVmTask, type MethodCall, type MethodTable } from './methodCall.ts';
import { vmOf } from './vmMethods.ts';

export const snapshotMethods: MethodTable = {
  CreateSnapshot_Task: {
    on: 'VirtualMachine',
    answer: call =>
      createSnapshot(call, call.parameters['quiesce'] === true ? { spec: undefined } : undefined),
  },
  CreateSnapshotEx_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const spec = call.parameters['quiesceSpec'] as PlainObject | undefined;
      const timeout = spec?.['timeout'];
      if (typeof timeout === 'number' && (timeout < 5 || timeout > 240))
        throw invalidArgument('quiesceSpec.timeout');
      return createSnapshot(call, spec === undefined ? undefined : { spec });
    },
  },
  RemoveSnapshot_Task: {
    on: 'VirtualMachineSnapshot',
    answer: call => {
      const snapshot = instanceOf(call.self, Snapshot);
      const withChildren = call.parameters['removeChildren'] === true;
      return removeSnapshots(call, vmOfSnapshot(call), 'vm.Snapshot.remove', () =>
        withChildren ? snapshot.branch : [snapshot],
      );
    },
  },
  RemoveAllSnapshots_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      return removeSnapshots(call, vm, 'VirtualMachine.removeAllSnapshots', () => [...vm.snapshots]);
    },
  },
  RevertToSnapshot_Task: {
    on: 'VirtualMachineSnapshot',
    answer: call => revert(call, vmOfSnapshot(call), instanceOf(call.self, Snapshot)),
  },
  RevertToCurrentSnapshot_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      if (vm.currentSnapshot === undefined) throw new VimFault('NotFound', 'The object was not found.');
      return revert(call, vm, vm.currentSnapshot);
    },
  },
  ConsolidateVMDisks_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.consolidateDisks', cancelable: false };
      return startVmTask(call, vm, options, async progress => {
        await progress(50);
        requireUnlockedFiles(call.lab, vm);
        consolidateDisks(call.lab, vm);
        call.lab.events.addExtended(
          vm,
          'com.vmware.vc.VmDiskConsolidatedEvent',
          'info',
          `Virtual machine ${vm.name} disks consolidated successfully.`,
        );
      });
    },
  },
};

function vmOfSnapshot({ lab, self }: MethodCall): LabVm {
  return instanceOf(lab.registry.get(instanceOf(self, Snapshot).facts.vm), LabVm);
}

/** @param wish  undefined: the guest is not asked */
function createSnapshot(call: MethodCall, wish: QuiesceWish | undefined): MoRef {
  const { lab, parameters } = call;
  const vm = vmOf(call);
  const options = { descriptionId: 'VirtualMachine.createSnapshot', cancelable: true };
  return startVmTask(call, vm, options, async progress => {
    await progress(10);
    const device = unsupportedDevice(vm);
    if (device !== undefined) {
      const message = `An error occurred while taking a snapshot: ${device} does not support snapshots.`;
      const fault = { fault: { _type: 'NotSupported' }, localizedMessage: message };
      throw new VimFault('SnapshotIncompatibleDeviceInVm', message, { fault });
    }
    requireLevel(vm);
    requireSpace(lab, vm);
    const quiesced = wish === undefined || vm.powerState !== 'poweredOn' ? undefined : quiesce(lab, vm, wish);
    if (quiesced !== undefined) await writeHold(vm);
    await showMounts(vm, quiesced);
    await progress(60);
    const snapshot = takeSnapshot(lab, vm, {
      name: parameters['name'] as string,
      description: (parameters['description'] ?? '') as string,
      quiesced,
    });
    if (quiesced !== undefined) await writeRelease(vm);
    await progress(95);
    return snapshot.ref;
  });
}

/** Whether the file systems of a guest are in use, their own bytes say. */
async function showMounts(vm: LabVm, quiesced: Quiesced | undefined): Promise<void> {
  if (vm.guest === undefined) return;
  const { excludesLastDisk } = vm.nature.quiescing;
  for (const [index, { content }] of vm.disks.entries()) {
    const isExcluded = excludesLastDisk && index === vm.disks.length - 1;
    const isFrozen = quiesced?.isFrozen === true && !isExcluded;
    await markMounted(content, vm.powerState === 'poweredOn' ? !isFrozen : vm.wasSwitchedOff);
  }
}

function quiesce(lab: LabContext, vm: LabVm, wish: QuiesceWish): Quiesced {
  if (lab.faults.refuseQuiesce.some(name => name === '*' || name === vm.name)) {
    throw new VimFault(
      'ApplicationQuiesceFault',
      "An error occurred while quiescing the virtual machine. See the virtual machine's event log for details.",
    );
  }
  try {
    const quiesced = quiesceGuest(vm, wish);
    for (const complaint of quiesced.complaints)
      lab.events.addMessage(vm, 'VmMessageWarningEvent', complaint);
    return quiesced;
  } catch (error) {
    if (error instanceof QuiesceRefusal) lab.events.addMessage(vm, 'VmMessageErrorEvent', error.eventText);
    throw error;
  }
}

function requireLevel(vm: LabVm): void {
  const levels = Math.max(0, ...vm.disks.map(({ current }) => DiskChain.linksOf(current).length - 1));
  if (levels < maxSnapshotLevels) return;
  throw new VimFault(
    'TooManySnapshotLevels',
    `Snapshot hierarchy is too deep: the virtual machine has ${levels} levels.`,
  );
}

/** What a snapshot takes at once, for each disk: a delta with its tables. */
const smallestDeltaBytes = 16 * 1024 * 1024;

function requireSpace(lab: LabContext, vm: LabVm): void {
  for (const { current } of vm.disks) {
    const datastore = parseDatastorePath(current.fileName)?.datastore ?? '';
    if ((lab.faults.datastoreFreeBytes[datastore] ?? Infinity) >= smallestDeltaBytes) continue;
    throw new VimFault('NoDiskSpace', `Insufficient disk space on datastore '${datastore}'.`, {
      file: current.fileName,
      datastore,
    });
  }
}

function removeSnapshots(
  call: MethodCall,
  vm: LabVm,
  descriptionId: string,
  dropped: () => Snapshot[],
): MoRef {
  const { lab, parameters } = call;
  return startVmTask(call, vm, { descriptionId, cancelable: false }, async progress => {
    await progress(30);
    const gone = dropped();
    // As on a host: the snapshot is gone from the tree although joining its files may fail afterwards.
    dropSnapshots(lab, vm, gone);
    if (vm.consolidationNeeded && (areFilesLocked(lab, vm) || parameters['consolidate'] === false))
      lab.events.addExtended(
        vm,
        'com.vmware.vc.VmDiskConsolidationNeeded',
        'warning',
        `Virtual machine ${vm.name} disks consolidation is needed.`,
      );
    await progress(60);
    if (parameters['consolidate'] === false) return;
    requireUnlockedFiles(lab, vm);
    consolidateDisks(lab, vm, gone);
    await progress(90);
  });
}

/** @throws VimFault FileLocked while somebody, such as a backup proxy, holds the disks */
export function requireUnlockedFiles(lab: LabContext, vm: LabVm): void {
  const [disk] = vm.disks;
  if (areFilesLocked(lab, vm) && disk !== undefined)
    throw fileFault('FileLocked', DiskChain.files(disk.current)[0] ?? '');
}

function areFilesLocked(lab: LabContext, vm: LabVm): boolean {
  return vm.filesLocked || isLent(lab, vm);
}

function revert(call: MethodCall, vm: LabVm, snapshot: Snapshot): MoRef {
  const options = { descriptionId: 'vm.Snapshot.revert', cancelable: false };
  return startVmTask(call, vm, options, async progress => {
    await progress(30);
    requireUnlockedFiles(call.lab, vm);
    await revertToSnapshot(call.lab, vm, snapshot);
    await progress(90);
  });
}
