import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { applySettings } from '../model/configSpec.ts';
import { applyHardware, planHardware } from '../model/hardwareSpec.ts';
import { LabTask } from '../model/labTask.ts';
import { LabVm } from '../model/labVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { removeVm } from '../model/removeVm.ts';
import { invalidPowerState, VimFault } from '../soap/vimFault.ts';
import { instanceOf, startVmTask, type MethodCall, type MethodTable } from './methodCall.ts';

const shutdownMs = 50;

export const vmMethods: MethodTable = {
  PowerOnVM_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.powerOn', cancelable: false };
      return startVmTask(call, vm, options, async progress => {
        if (vm.powerState === 'poweredOn') throw invalidPowerState('poweredOff', vm.powerState);
        await progress(50);
        vm.powerState = 'poweredOn';
        vm.bootTime = call.lab.clock.now();
        call.lab.events.add('VmPoweredOnEvent', vm, `${vm.name} is powered on`);
      });
    },
  },
  PowerOffVM_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.powerOff', cancelable: false };
      return startVmTask(call, vm, options, async progress => {
        if (vm.powerState === 'poweredOff') throw invalidPowerState('poweredOn', vm.powerState);
        await progress(50);
        vm.powerState = 'poweredOff';
        vm.wasSwitchedOff = true;
        vm.bootTime = undefined;
        call.lab.events.add('VmPoweredOffEvent', vm, `${vm.name} is powered off`);
      });
    },
  },
  ShutdownGuest: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      if (vm.powerState === 'poweredOff') throw invalidPowerState('poweredOn', vm.powerState);
      if (!vm.toolsRunning)
        throw new VimFault('ToolsUnavailable', 'VMware Tools are not running in the guest.');
      // The call only asks: the guest takes a moment, and nobody is told when it has ended.
      void call.lab.clock.sleep(shutdownMs, AbortSignal.any([])).then(() => {
        vm.powerState = 'poweredOff';
        vm.bootTime = undefined;
        call.lab.registry.changed(vm.ref);
      });
    },
  },
  ReconfigVM_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const { lab } = call;
      const vm = vmOf(call);
      const spec = call.parameters['spec'] as PlainObject;
      const options = { descriptionId: 'VirtualMachine.reconfigure', cancelable: false };
      return startVmTask(call, vm, options, async progress => {
        await progress(30);
        const hardware = planHardware(vm.devices, vm.disks, spec);
        await applyHardware(lab, vm, hardware);
        applySettings(vm.settings, spec);
        vm.settings['modified'] = lab.clock.now();
        vm.settings['changeVersion'] = lab.clock.now().toISOString();
      });
    },
  },
  Destroy_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.destroy', cancelable: false };
      return startVmTask(call, vm, options, async progress => {
        if (vm.powerState === 'poweredOn') throw invalidPowerState('poweredOff', vm.powerState);
        await progress(50);
        removeVm(call.lab, vm);
      });
    },
  },
  Rename_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.rename', cancelable: false };
      return startVmTask(call, vm, options, async progress => {
        await progress(50);
        vm.settings['name'] = call.parameters['newName'];
      });
    },
  },
  CancelTask: {
    on: 'Task',
    answer: ({ self }) => {
      instanceOf(self, LabTask).cancel();
    },
  },
  FindAllByUuid: { on: 'SearchIndex', answer: findByUuid },
  FindByUuid: { on: 'SearchIndex', answer: call => findByUuid(call)[0] },
  FindByInventoryPath: { on: 'SearchIndex', answer: findByPath },
};

/** The VM a method is called on. */
export function vmOf({ self }: MethodCall): LabVm {
  return instanceOf(self, LabVm);
}

function findByUuid({ lab, parameters }: MethodCall): MoRef[] {
  if (parameters['vmSearch'] !== true) return [];
  const field = parameters['instanceUuid'] === true ? 'instanceUuid' : 'uuid';
  const wanted = String(parameters['uuid']).toLowerCase();
  const vms = [...lab.registry.instancesOf(LabVm)];
  return vms.filter(vm => String(vm.settings[field]).toLowerCase() === wanted).map(vm => vm.ref);
}

/** Walks down from the root folder; the path begins with the datacenter, for instance "Lab/vm/Production/web01". */
function findByPath({ lab, parameters }: MethodCall): MoRef | undefined {
  const steps = String(parameters['inventoryPath'])
    .split('/')
    .filter(step => step !== '');
  let found: MoRef | undefined = lab.inventory.rootFolder;
  for (const step of steps) {
    const children: readonly MoRef[] = childrenOf(lab.registry.get(found));
    found = children.find(child => lab.registry.get(child).property('name') === decodeURIComponent(step));
    if (found === undefined) return undefined;
  }
  return found;
}

function childrenOf(object: { readonly ref: MoRef; property(name: string): unknown }): readonly MoRef[] {
  const names =
    object.ref.type === 'Datacenter'
      ? ['vmFolder', 'hostFolder', 'datastoreFolder', 'networkFolder']
      : object.ref.type === 'Folder'
        ? ['childEntity']
        : [];
  return names.flatMap(name => object.property(name) as MoRef | MoRef[]);
}
