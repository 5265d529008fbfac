import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { applyHardware, planHardware } from '../model/hardwareSpec.ts';
import { isHostOf, moveToHost } from '../model/moveVm.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { relocateVm } from '../model/relocateVm.ts';
import { planRelocation } from '../model/relocationPlan.ts';
import { invalidArgument, VimFault } from '../soap/vimFault.ts';
import { startVmTask, type MethodCall, type MethodTable } from './methodCall.ts';
import { requireUnlockedFiles } from './snapshotMethods.ts';
import { vmOf } from './vmMethods.ts';

/** What moves VMs. */
export const placementMethods: MethodTable = {
  MigrateVM_Task: {
    on: 'VirtualMachine',
    answer: call => {
      const vm = vmOf(call);
      const host = (call.parameters['host'] ?? vm.home.host) as MoRef;
      if (!isHostOf(call.lab, vm, host)) throw invalidArgument('host');
      const options = { descriptionId: 'VirtualMachine.migrate', cancelable: true };
      return startVmTask(call, vm, options, async progress => {
        await progress(50);
        moveToHost(call.lab, vm, host, call.session.userName);
      });
    },
  },
  RelocateVM_Task: { on: 'VirtualMachine', answer: relocate },
};

function relocate(call: MethodCall): MoRef {
  const { lab, parameters } = call;
  const vm = vmOf(call);
  const spec = parameters['spec'] as PlainObject;
  if (vm.connectionState !== 'connected')
    throw new VimFault('InvalidState', 'The operation is not allowed in the current state.');
  // What does not go together is refused at once; what is free may change until the files move.
  planRelocation(lab, vm, spec);
  const options = { descriptionId: 'VirtualMachine.relocate', cancelable: true };
  return startVmTask(call, vm, options, async (progress, _, tell) => {
    for (const percent of [10, 40, 70, 90]) await progress(percent);
    requireUnlockedFiles(lab, vm);
    const plan = planRelocation(lab, vm, spec);
    const source = placesOf(call, vm.home);
    // The network cards, which may find other networks where the VM goes.
    const deviceChange = spec['deviceChange'];
    if (deviceChange !== undefined)
      await applyHardware(lab, vm, planHardware(vm.devices, vm.disks, { deviceChange }));
    const movesFiles = plan.home !== undefined || plan.disks.some(({ target }) => target !== undefined);
    relocateVm(lab, vm, plan);
    const isMigration = vm.powerState === 'poweredOn' && !movesFiles;
    tell(
      isMigration ? 'VmMigratedEvent' : 'VmRelocatedEvent',
      `was ${isMigration ? 'migrated' : 'relocated'} from ${source.sourceHost.name}, ${source.sourceDatastore.name}`,
      source,
    );
  });
}

function placesOf(
  { lab }: MethodCall,
  { host, datastore }: { readonly host: MoRef; readonly datastore: MoRef },
): {
  sourceHost: { name: string; host: MoRef };
  sourceDatastore: { name: string; datastore: MoRef };
} {
  const nameOf = (ref: MoRef) => String(lab.registry.get(ref).property('name'));
  return {
    sourceHost: { name: nameOf(host), host },
    sourceDatastore: { name: nameOf(datastore), datastore },
  };
}
