import { parseVmsd, type ListedSnapshot } from '../datastore/vmsdFile.ts';
import { wholePath } from '../datastore/vmxFile.ts';
import type { LabContext } from '../labContext.ts';
import type { LabVm } from './labVm.ts';
import { Snapshot, type FrozenDisk } from './snapshot.ts';

/**
 * Gives a VM that is registered the snapshots of the list beside its configuration, as far as their disks are there. The
 * configuration of each is the VM's: what it was then, the list does not tell.
 */
export function registerSnapshots(lab: LabContext, vm: LabVm, list: string): void {
  const { lastId, currentId, snapshots } = parseVmsd(list);
  for (const listed of snapshots) {
    const parent = vm.snapshots.find(({ facts }) => facts.id === listed.parentId);
    const disks = frozenDisks(vm, listed);
    if (disks === undefined || (parent === undefined && listed.parentId !== undefined)) continue;
    for (const { chain, link } of disks) chain.hold(link);
    const ref = { type: 'VirtualMachineSnapshot', value: lab.registry.newId('snapshot') };
    const { id, name, description, createTime } = listed;
    const facts = {
      ...{ id, name, description, createTime, disks },
      vm: vm.ref,
      powerState: 'poweredOff',
      quiesced: false,
      manifestName: undefined,
      backupManifest: undefined,
      config: { ...vm.config, settings: structuredClone(vm.settings), hardware: { ...vm.hardware } },
    };
    const snapshot = new Snapshot(ref, facts, parent, vm.snapshots);
    vm.snapshots.push(snapshot);
    if (id === currentId) vm.currentSnapshot = snapshot;
    lab.snapshotHistory.push({
      vm: vm.name,
      vmId: vm.ref.value,
      snapshotId: ref.value,
      ...{ name, description, quiesced: false },
      createTime: createTime.toISOString(),
      removeTime: undefined,
      disks: disks.map(({ chain, position }) => ({ deviceKey: chain.key, position })),
    });
    lab.registry.add(snapshot);
  }
  vm.currentSnapshot ??= vm.snapshots.at(-1);
  vm.nextSnapshotNumber = Math.max(lastId, ...vm.snapshots.map(({ facts }) => facts.id)) + 1;
}

/** The files the snapshot needs, or undefined if one of them is not there. */
function frozenDisks(vm: LabVm, { diskFiles }: ListedSnapshot): FrozenDisk[] | undefined {
  const found: FrozenDisk[] = [];
  for (const name of diskFiles) {
    const path = wholePath(name, vm.home.path);
    const chain = vm.disks.find(({ links }) => links.some(({ fileName }) => fileName === path));
    const link = chain?.links.find(({ fileName }) => fileName === path);
    if (chain === undefined || link?.frozenAt === undefined) return undefined;
    found.push({ chain, link, position: link.frozenAt });
  }
  return found;
}
