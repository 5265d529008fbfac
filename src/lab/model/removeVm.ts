import type { LabContext } from '../labContext.ts';
import type { LabVm } from './labVm.ts';

/** Takes a VM with its snapshots out of the inventory. Its disks stay readable through the control API. */
export function removeVm(lab: LabContext, vm: LabVm): void {
  for (const snapshot of vm.snapshots) {
    lab.registry.remove(snapshot.ref);
    const record = lab.snapshotHistory.find(candidate => candidate.snapshotId === snapshot.ref.value);
    if (record !== undefined) record.removeTime ??= lab.clock.now().toISOString();
  }
  lab.retiredVms.push(vm);
  lab.registry.remove(vm.ref);
}
