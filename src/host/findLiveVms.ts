import { toAppError } from '../base/errors.ts';
import { listedVms } from '../client/listedVms.ts';
import type { VmRef } from '../protocol/vm.ts';
import type { Host } from './host.ts';
import { sentence } from './model/errorText.ts';

/** The VMs with an instance UUID on all vCenters that can be reached; copies of a VM may share it. */
export async function findLiveVms(
  host: Host,
  instanceUuid: string,
  signal: AbortSignal,
): Promise<readonly VmRef[]> {
  const found: VmRef[] = [];
  for (const { name: vcenter } of host.known.vcenters()) {
    try {
      await host.places.vcenter(vcenter, signal);
      for (const vm of await listedVms(host.worker, vcenter, signal))
        if (vm.instanceUuid === instanceUuid) found.push({ vcenter, id: vm.id, name: vm.name });
    } catch (error) {
      // One that cannot be reached must not hide the VM on another one.
      signal.throwIfAborted();
      host.log.warn(sentence(toAppError(error)));
    }
  }
  return found;
}
