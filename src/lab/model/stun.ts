import type { LabContext } from '../labContext.ts';
import type { LabVm } from './labVm.ts';

/**
 * The moment at which a VM's disks are closed and opened again: at power on and off, with snapshots, after moving to
 * another host. Only then does a host begin or end to track changes, whatever the configuration has said since.
 */
export function passStun({ random }: Pick<LabContext, 'random'>, vm: LabVm): void {
  const isWanted = vm.settings['changeTrackingEnabled'] === true;
  for (const { tracking, content } of vm.disks) {
    if (isWanted && !tracking.isActive) tracking.start(content.position, random);
    if (!isWanted) tracking.stop();
  }
}

/** The host of a running VM lost its power: what it had not written of its change tracking is gone, and so all of it is. */
export function losePower(vm: LabVm): void {
  vm.powerState = 'poweredOff';
  vm.bootTime = undefined;
  for (const { tracking } of vm.disks) tracking.stop();
}
