import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { LabVm } from '../model/labVm.ts';
import { Snapshot, type FrozenDisk } from '../model/snapshot.ts';
import { unsupportedDevice } from '../guest/guestPresets.ts';
import { markMounted } from '../guest/mountMark.ts';
import { type Quiesced, quiesceGuest, QuiesceRefusal, type QuiesceWish } from '../guest/quiesce.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { invalidArgument, VimFault } from '../soap/vimFault.ts';
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
  RemoveSnapshot_Task: { on: 'VirtualMachineSnapshot', answer: removeSnapshot },
  RemoveAllSnapshots_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.removeAllSnapshots', cancelable: false };
      return startVmTask(call, vm, options, async progress => {
        await progress(30);
        for (const gone of vm.snapshots.toReversed()) dropSnapshot(call.lab, vm, gone);
        await progress(90);
      });
    },
  },
  ConsolidateVMDisks_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.consolidateDisks', cancelable: false };
      return startVmTask(call, vm, options, async progress => {
        await progress(50);
        vm.consolidationNeeded = false;
      });
    },
  },
};

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
    const quiesced = wish === undefined || vm.powerState !== 'poweredOn' ? undefined : quiesce(lab, vm, wish);
    await showMounts(vm, quiesced);
    await progress(60);
    const snapshot = takeSnapshot(lab, vm, {
      name: parameters['name'] as string,
      description: (parameters['description'] ?? '') as string,
      quiesced,
    });
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
    for (const complaint of quiesced.complaints) lab.events.add('VmMessageWarningEvent', vm, complaint);
    return quiesced;
  } catch (error) {
    if (error instanceof QuiesceRefusal) lab.events.add('VmMessageErrorEvent', vm, error.eventText);
    throw error;
  }
}

/** Everything at one moment: nothing here waits, so no guest write falls in between. */
function takeSnapshot(
  lab: LabContext,
  vm: LabVm,
  wanted: {
    readonly name: string;
    readonly description: string;
    readonly quiesced: Quiesced | undefined;
  },
): Snapshot {
  const disks: FrozenDisk[] = vm.disks
    .filter(chain => !chain.independent)
    .map(chain => ({ chain, position: chain.content.position, link: chain.freeze() }));
  const ref = { type: 'VirtualMachineSnapshot', value: lab.registry.newId('snapshot') };
  const id = vm.nextSnapshotNumber;
  vm.nextSnapshotNumber += 1;
  const createTime = lab.clock.now();
  const settingsThen = structuredClone(vm.settings);
  const { name, description } = wanted;
  const quiesced = wanted.quiesced?.isListed ?? false;
  const manifest = wanted.quiesced?.manifest;
  const manifestName = manifest?.name(vm.name, id);
  if (manifest !== undefined && manifestName !== undefined)
    lab.datastores.addToVm(vm, manifestName, manifest.content, 'snapshotManifestList');
  const snapshot = new Snapshot(ref, {
    id,
    vm: vm.ref,
    ...{ name, description, quiesced, manifestName },
    backupManifest: manifestName === undefined ? undefined : `${vm.home.path}${manifestName}`,
    createTime,
    powerState: vm.powerState,
    disks,
    describeConfig: frozen => ({ ...vm.describeConfig(frozen), ...settingsThen }),
  });
  vm.snapshots.at(-1)?.setChild(snapshot);
  vm.snapshots.push(snapshot);
  lab.snapshotHistory.push({
    vm: vm.name,
    vmId: vm.ref.value,
    snapshotId: ref.value,
    ...{ name, description, quiesced },
    createTime: createTime.toISOString(),
    removeTime: undefined,
    disks: disks.map(({ chain, position }) => ({ deviceKey: chain.key, position })),
  });
  return lab.registry.add(snapshot);
}

function removeSnapshot(call: MethodCall): MoRef {
  const { lab, parameters } = call;
  const snapshot = instanceOf(call.self, Snapshot);
  const vm = instanceOf(lab.registry.get(snapshot.facts.vm), LabVm);
  const options = { descriptionId: 'vm.Snapshot.remove', cancelable: false };
  return startVmTask(call, vm, options, async progress => {
    await progress(30);
    const first = vm.snapshots.indexOf(snapshot);
    const removed = parameters['removeChildren'] === true ? vm.snapshots.slice(first) : [snapshot];
    // From the newest: each is then the last but for its own delta.
    for (const gone of removed.toReversed()) dropSnapshot(lab, vm, gone);
    await progress(90);
  });
}

function dropSnapshot(lab: LabContext, vm: LabVm, snapshot: Snapshot): void {
  const index = vm.snapshots.indexOf(snapshot);
  vm.snapshots.splice(index, 1);
  vm.snapshots[index - 1]?.setChild(vm.snapshots[index]);
  for (const { chain, link } of snapshot.facts.disks) chain.merge(link);
  if (snapshot.facts.manifestName !== undefined) lab.datastores.removeFromVm(vm, snapshot.facts.manifestName);
  lab.registry.remove(snapshot.ref);
  const record = lab.snapshotHistory.find(candidate => candidate.snapshotId === snapshot.ref.value);
  if (record !== undefined) record.removeTime = lab.clock.now().toISOString();
}
