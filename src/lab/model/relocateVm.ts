import { nameOf, parseDatastorePath } from '../datastore/datastorePath.ts';
import type { LabContext } from '../labContext.ts';
import type { FileHome } from './fileHome.ts';
import type { LabVm } from './labVm.ts';
import type { PlainObject } from './managedObject.ts';
import type { RelocationPlan } from './relocationPlan.ts';
import { passStun } from './stun.ts';

/** Moves a VM with the files that shall lie elsewhere; its bytes, snapshots and tree stay what they are. */
export function relocateVm(lab: LabContext, vm: LabVm, plan: RelocationPlan): void {
  const { host, resourcePool, folder, home, disks } = plan;
  const leavesHost = host.value !== vm.home.host.value;
  const wasHome = vm.home;
  const oldBaseName = baseNameOf(vm);
  const taken = new Set<string>();
  const inHome = (fileName: string, target: FileHome) =>
    freePath(lab, `${target.path}${renamed(nameOf(fileName), oldBaseName, vm.name)}`, taken);
  for (const { chain, target, isThin } of disks) {
    // Without a datastore of its own a disk is where its VM is, which is about to change.
    chain.datastore ??= wasHome.datastore;
    if (target !== undefined) {
      chain.moveFiles(fileName => inHome(fileName, target), target.datastore);
      if (vm.powerState === 'poweredOff' && lab.faults.trackingOnColdMove === 'lost') chain.tracking.stop();
    }
    const backing = chain.device['backing'] as PlainObject;
    chain.device = { ...chain.device, backing: { ...backing, thinProvisioned: isThin } };
  }
  vm.home = { ...wasHome, host, resourcePool, folder, ...home };
  if (home !== undefined) {
    const files = filesIn(home, vm.name);
    vm.settings['files'] = files;
    for (const snapshot of vm.snapshots) snapshot.moveFiles(home, files);
  }
  if (leavesHost) lab.guestTransfers.forget(vm);
  passStun(lab, vm);
  lab.registry.changed();
}

function baseNameOf(vm: LabVm): string {
  const { vmPathName } = vm.settings['files'] as { readonly vmPathName: string };
  return nameOf(vmPathName).replace(/\.vm(tx|x)$/, '');
}

/** Files that move are called after the VM, which may have been renamed since they were made. */
function renamed(name: string, oldBaseName: string, newBaseName: string): string {
  return name.startsWith(oldBaseName) ? newBaseName + name.slice(oldBaseName.length) : name;
}

/** Disks of several folders may come together in one. */
function freePath(lab: LabContext, path: string, taken: Set<string>): string {
  const isTaken = (candidate: string) => {
    const place = parseDatastorePath(candidate);
    return taken.has(candidate) || (place !== undefined && lab.datastores.file(place) !== undefined);
  };
  let free = path;
  for (let number = 1; isTaken(free); number += 1) free = path.replace(/\.vmdk$/, `_${number}.vmdk`);
  taken.add(free);
  return free;
}

function filesIn({ path }: FileHome, name: string): PlainObject {
  return {
    vmPathName: `${path}${name}.vmx`,
    snapshotDirectory: path,
    suspendDirectory: path,
    logDirectory: path,
  };
}
