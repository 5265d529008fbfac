import { joinBtrfsDevices } from './btrfsDevices.ts';
import { addDynamicVolumes } from './ldm/dynamicVolumes.ts';
import { addDecryptedVolumes } from './luks/decryptedVolumes.ts';
import type { VolumeKeys } from './luks/volumeKeys.ts';
import { addLogicalVolumes } from './lvm/logicalVolumes.ts';
import { addMdArrays } from './md/arrays.ts';
import type { VolumeListing } from './volume.ts';

/**
 * Puts together what lies on several volumes: dynamic volumes of Windows, arrays, on them logical volumes, on those file systems of several devices.
 * Encrypted volumes whose key is known are opened, below logical volumes and in them. What is made is listed with the disk its first byte lies on; what cannot be put together is told as a problem.
 * @param listings  of all disks of a VM, of one moment
 * @param keys      without them encrypted volumes stay closed
 */
export async function assembleVolumes(
  listings: readonly VolumeListing[],
  signal: AbortSignal,
  keys?: VolumeKeys,
): Promise<VolumeListing[]> {
  const withDynamic = await addDynamicVolumes(listings, signal);
  const withArrays = await addMdArrays(withDynamic, signal);
  const decrypted = await addDecryptedVolumes(withArrays, keys, signal);
  const withLogicalVolumes = await addLogicalVolumes(decrypted, signal);
  const known = new Set(decrypted.flatMap(({ volumes }) => volumes));
  const decryptedAgain = await addDecryptedVolumes(withLogicalVolumes, keys, signal, known);
  return await joinBtrfsDevices(decryptedAgain, signal);
}
