import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { LabContext } from '../labContext.ts';
import { VimFault } from '../soap/vimFault.ts';
import { Lease } from './lease.ts';
import type { LabVm } from './labVm.ts';
import { passStun } from './stun.ts';

/** Whether a host is one of those of the VM's cluster. */
export function isHostOf({ registry }: LabContext, vm: LabVm, host: MoRef): boolean {
  const cluster = registry.get(vm.home.host).property('parent') as MoRef;
  const hosts = registry.get(cluster).property('host') as readonly MoRef[];
  return hosts.some(({ value }) => value === host.value);
}

/** A VM goes on running on another host of its cluster. */
export function moveToHost(lab: LabContext, vm: LabVm, host: MoRef, userName: string): void {
  const sourceHost = { name: String(lab.registry.get(vm.home.host).property('name')), host: vm.home.host };
  vm.home = { ...vm.home, host };
  passStun(lab, vm);
  lab.guestTransfers.forget(vm);
  const fields = { sourceHost };
  lab.events.addOfVm(vm, 'VmMigratedEvent', `was migrated from ${sourceHost.name}`, { userName, fields });
  lab.registry.changed();
}

/** The leases on a VM that was moved from under them: their host knows it no longer. */
export function failLeases(lab: LabContext, vm: LabVm): void {
  for (const lease of lab.registry.instancesOf(Lease))
    if (lease.request.vm.value === vm.ref.value)
      lease.fail(new VimFault('InvalidState', 'The virtual machine is no longer on the host of the lease.'));
}
