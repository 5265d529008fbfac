import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { LabVm } from '../model/labVm.ts';
import { Snapshot, type FrozenDisk } from '../model/snapshot.ts';
import { VimFault } from '../soap/vimFault.ts';
import type { LabContext } from '../labContext.ts';
import { instanceOf, startVmTask, type MethodCall, type MethodTable } from './methodCall.ts';
import { vmOf } from './vmMethods.ts';

export const snapshotMethods: MethodTable = {
  CreateSnapshot_Task: {
    on: 'VirtualMachine',
    answer: call => createSnapshot(call, call.parameters['quiesce'] as boolean),
  },
  CreateSnapshotEx_Task: {
    on: 'VirtualMachine',
    answer: call => createSnapshot(call, call.parameters['quiesceSpec'] !== undefined),
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

function createSnapshot(call: MethodCall, quiesce: boolean): MoRef {
  const { lab, parameters } = call;
  const vm = vmOf(call);
  const options = { descriptionId: 'VirtualMachine.createSnapshot', cancelable: true };
  return startVmTask(call, vm, options, async progress => {
    await progress(10);
    const quiesced = quiesce && vm.powerState === 'poweredOn';
    if (quiesced) requireQuiesced(lab, vm);
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

function requireQuiesced(lab: LabContext, vm: LabVm): void {
  const refused = lab.faults.refuseQuiesce.some(name => name === '*' || name === vm.name);
  if (!refused && vm.toolsRunning) return;
  throw new VimFault(
    'ApplicationQuiesceFault',
    "An error occurred while quiescing the virtual machine. See the virtual machine's event log for details.",
  );
}

/** Everything at one moment: nothing here waits, so no guest write falls in between. */
function takeSnapshot(
  lab: LabContext,
  vm: LabVm,
  wanted: { readonly name: string; readonly description: string; readonly quiesced: boolean },
): Snapshot {
  const disks: FrozenDisk[] = vm.disks
    .filter(chain => !chain.independent)
    .map(chain => ({ chain, position: chain.content.position, link: chain.freeze() }));
  const ref = { type: 'VirtualMachineSnapshot', value: lab.registry.newId('snapshot') };
  const id = vm.nextSnapshotNumber;
  vm.nextSnapshotNumber += 1;
  const createTime = lab.clock.now();
  const settingsThen = structuredClone(vm.settings);
  const snapshot = new Snapshot(ref, {
    id,
    vm: vm.ref,
    ...wanted,
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
    ...wanted,
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
  lab.registry.remove(snapshot.ref);
  const record = lab.snapshotHistory.find(candidate => candidate.snapshotId === snapshot.ref.value);
  if (record !== undefined) record.removeTime = lab.clock.now().toISOString();
}
