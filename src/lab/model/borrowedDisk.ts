import type { LabContext } from '../labContext.ts';
import { fileFault } from '../soap/vimFault.ts';
import { DiskChain } from './diskChain.ts';
import { LabVm } from './labVm.ts';
import type { PlainObject } from './managedObject.ts';

/**
 * A disk of another VM as a file of it was when a snapshot froze it. It is copied, so that what is written to it is nobody's, and
 * it becomes a block device where the lab makes such.
 * @throws VimFault FileLocked for a file that its VM writes to
 */
export async function borrowDisk(
  lab: LabContext,
  owner: LabVm,
  path: string,
  device: PlainObject,
): Promise<DiskChain> {
  const lent = chainsOf(owner).find(chain => chain.links.some(({ fileName }) => fileName === path));
  const position = lent?.links.find(({ fileName }) => fileName === path)?.frozenAt;
  if (lent === undefined || position === undefined) throw fileFault('FileLocked', path);
  const { content, imagePath } = await lab.disks.copyAt(lent.content, position);
  const chain = new DiskChain(device, content, path, lent.uuid);
  chain.datastore = lent.datastore ?? owner.home.datastore;
  chain.lender = owner.ref;
  await lab.blockDevices?.attach(lent.uuid, imagePath);
  return chain;
}

export async function giveBackDisk(lab: LabContext, chain: DiskChain): Promise<void> {
  await lab.blockDevices?.detach(chain.uuid);
  await lab.disks.drop(chain.content);
}

/** Whether another VM has files of this one: then they cannot be joined. */
export function isLent(lab: LabContext, { ref }: LabVm): boolean {
  const vms = [...lab.registry.instancesOf(LabVm)];
  return vms.some(vm => vm.disks.some(({ lender }) => lender?.value === ref.value));
}

/** Those that only a snapshot still has, too. */
function chainsOf(vm: LabVm): readonly DiskChain[] {
  return [...vm.disks, ...vm.snapshots.flatMap(({ facts }) => facts.disks.map(({ chain }) => chain))];
}
