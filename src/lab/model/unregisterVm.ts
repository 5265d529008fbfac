import { bytesOf, type FileBytes } from '../datastore/datastoreFile.ts';
import { parseDatastorePath } from '../datastore/datastorePath.ts';
import { filesOfVm } from '../datastore/vmFiles.ts';
import type { LabContext } from '../labContext.ts';
import type { LabVm } from './labVm.ts';
import { removeVm } from './removeVm.ts';

/** Takes a VM out of the inventory and leaves its files where they are. */
export async function unregisterVm(lab: LabContext, vm: LabVm): Promise<void> {
  const kept = new Map<string, FileBytes>();
  for (const { path, layoutType, bytes } of filesOfVm(vm)) {
    if (layoutType === 'diskExtent' || layoutType === 'diskDescriptor' || bytes.read === undefined) continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of bytes.read(0, bytes.sizeBytes)) pieces.push(piece);
    kept.set(path, bytesOf(Buffer.concat(pieces)));
  }
  for (const chain of vm.disks) {
    for (const { facts } of vm.snapshots)
      for (const frozen of facts.disks) if (frozen.chain === chain) chain.release(frozen.link);
    lab.datastores.keepDisk(chain);
  }
  removeVm(lab, vm);
  for (const [path, bytes] of kept) {
    const place = parseDatastorePath(path);
    if (place !== undefined && lab.datastores.file(place) === undefined) lab.datastores.store(place, bytes);
  }
}
