import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { parseDatastorePath } from '../datastore/datastorePath.ts';
import { applySettings } from '../model/configSpec.ts';
import { applyHardware, planHardware } from '../model/hardwareSpec.ts';
import { LabTask } from '../model/labTask.ts';
import { LabVm } from '../model/labVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { registerVm } from '../model/registerVm.ts';
import { removeVm } from '../model/removeVm.ts';
import { passStun } from '../model/stun.ts';
import { unregisterVm } from '../model/unregisterVm.ts';
import { invalidArgument, invalidPowerState, VimFault } from '../soap/vimFault.ts';
import { instanceOf, startTask, startVmTask, type MethodCall, type MethodTable } from './methodCall.ts';

const shutdownMs = 50;

export const vmMethods: MethodTable = {
  PowerOnVM_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.powerOn', cancelable: false };
      return startVmTask(call, vm, options, async (progress, _, tell) => {
        if (vm.powerState === 'poweredOn') throw invalidPowerState('poweredOff', vm.powerState);
        await progress(50);
        vm.powerState = 'poweredOn';
        vm.bootTime = call.lab.clock.now();
        passStun(call.lab, vm);
        tell('VmPoweredOnEvent', 'is powered on');
      });
    },
  },
  PowerOffVM_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.powerOff', cancelable: false };
      return startVmTask(call, vm, options, async (progress, _, tell) => {
        if (vm.powerState === 'poweredOff') throw invalidPowerState('poweredOn', vm.powerState);
        await progress(50);
        vm.powerState = 'poweredOff';
        vm.wasSwitchedOff = true;
        vm.bootTime = undefined;
        passStun(call.lab, vm);
        tell('VmPoweredOffEvent', 'is powered off');
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
        passStun(call.lab, vm);
        call.lab.events.addOfVm(vm, 'VmGuestShutdownEvent', 'was shut down by its guest', { userName: '' });
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
      return startVmTask(call, vm, options, async (progress, _, tell) => {
        await progress(30);
        const hardware = planHardware(vm.devices, vm.disks, spec);
        await applyHardware(lab, vm, hardware);
        applySettings(vm.settings, spec);
        // Of a VM that is off, nothing has the disks open.
        if (vm.powerState === 'poweredOff') passStun(lab, vm);
        vm.settings['modified'] = lab.clock.now();
        vm.settings['changeVersion'] = lab.clock.now().toISOString();
        tell('VmReconfiguredEvent', 'is reconfigured', { configSpec: spec });
      });
    },
  },
  Destroy_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.destroy', cancelable: false };
      return startVmTask(call, vm, options, async (progress, _, tell) => {
        if (vm.powerState === 'poweredOn') throw invalidPowerState('poweredOff', vm.powerState);
        await progress(50);
        tell('VmRemovedEvent', 'is removed');
        removeVm(call.lab, vm);
      });
    },
  },
  RegisterVM_Task: {
    on: 'Folder',
    answer: call => {
      const { lab, self, parameters } = call;
      const text = parameters['path'] as string;
      const place = parseDatastorePath(text);
      if (place === undefined || !place.path.endsWith('.vmx'))
        throw new VimFault('InvalidDatastorePath', `Invalid datastore path '${text}'.`, {
          datastorePath: text,
        });
      const resourcePool = parameters['pool'] as MoRef | undefined;
      if (resourcePool === undefined && parameters['asTemplate'] !== true) throw invalidArgument('pool');
      const options = { descriptionId: 'Folder.registerVm', cancelable: false, entity: self.ref };
      return startTask(call, { ...options, entityName: String(self.property('name')) }, async progress => {
        await progress(30);
        const vm = await registerVm(lab, {
          place,
          folder: self.ref,
          resourcePool: resourcePool ?? lab.inventory.resourcePool,
          host: parameters['host'] as MoRef | undefined,
          name: parameters['name'] as string | undefined,
          asTemplate: parameters['asTemplate'] as boolean,
        });
        lab.events.addOfVm(vm, 'VmRegisteredEvent', 'is registered', { userName: call.session.userName });
        return vm.ref;
      });
    },
  },
  UnregisterVM: {
    on: 'VirtualMachine',
    answer: async call => {
      const vm = vmOf(call);
      vm.assertUnlocked();
      if (vm.powerState === 'poweredOn') throw invalidPowerState('poweredOff', vm.powerState);
      call.lab.events.addOfVm(vm, 'VmRemovedEvent', 'is removed', { userName: call.session.userName });
      await unregisterVm(call.lab, vm);
    },
  },
  Rename_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const options = { descriptionId: 'VirtualMachine.rename', cancelable: false };
      return startVmTask(call, vm, options, async (progress, _, tell) => {
        await progress(50);
        const names = { oldName: vm.name, newName: call.parameters['newName'] };
        vm.settings['name'] = names.newName;
        tell('VmRenamedEvent', `was ${names.oldName}`, names);
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
