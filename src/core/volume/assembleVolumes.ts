import { joinBtrfsDevices } from './btrfsDevices.ts';
import { addLogicalVolumes } from './lvm/logicalVolumes.ts';
import { addMdArrays } from './md/arrays.ts';
import type { VolumeListing } from './volume.ts';

/**
 * Puts together what lies on several volumes: arrays, on them logical volumes, on those file systems of several devices.
 * What is made is listed with the disk its first byte lies on; what cannot be put together is told as a problem.
 * @param listings  of all disks of a VM, of one moment
 */
export async function assembleVolumes(
  listings: readonly VolumeListing[],
  signal: AbortSignal,
): Promise<VolumeListing[]> {
  const withArrays = await addMdArrays(listings, signal);
  const withLogicalVolumes = await addLogicalVolumes(withArrays, signal);
  return await joinBtrfsDevices(withLogicalVolumes, signal);
}
