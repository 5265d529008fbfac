import { isVim, type Vim } from '../vsphere/vimCaller.ts';

/** A place for a disk on a controller of a VM. */
export interface DiskPlace {
  readonly controllerKey: number;
  readonly unitNumber: number;
}

/** Of every SCSI bus; paravirtual ones of newer hardware have more, which nobody needs here. */
const unitCount = 16;
/** Where the controller itself sits. */
const usualControllerUnit = 7;

/**
 * The first free place on a SCSI controller, the only kind that every guest lets disks be attached to while it runs.
 * Controllers that are shared with other VMs are passed over.
 */
export function freeDiskPlace(devices: readonly Vim<'VirtualDevice'>[]): DiskPlace | undefined {
  for (const controller of devices) {
    if (!isVim(controller, 'VirtualSCSIController') || controller.sharedBus !== 'noSharing') continue;
    const taken = new Set([
      controller.scsiCtlrUnitNumber ?? usualControllerUnit,
      ...devices
        .filter(({ controllerKey }) => controllerKey === controller.key)
        .map(device => device.unitNumber),
    ]);
    for (let unitNumber = 0; unitNumber < unitCount; unitNumber += 1)
      if (!taken.has(unitNumber)) return { controllerKey: controller.key, unitNumber };
  }
  return undefined;
}
