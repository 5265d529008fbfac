import type { Quiesced } from '../guest/quiesce.ts';
import type { LabContext } from '../labContext.ts';
import type { DiskChain } from './diskChain.ts';
import type { LabVm } from './labVm.ts';
import { Snapshot, type FrozenDisk } from './snapshot.ts';
import { passStun } from './stun.ts';

/** As many as ESXi lets a disk stand on each other. */
export const maxSnapshotLevels = 32;

export interface WantedSnapshot {
  readonly name: string;
  readonly description: string;
  readonly quiesced: Quiesced | undefined;
}

/** Everything at one moment: nothing here waits, so no guest write falls in between. */
export function takeSnapshot(lab: LabContext, vm: LabVm, wanted: WantedSnapshot): Snapshot {
  const { name, description } = wanted;
  const quiesced = wanted.quiesced?.isListed ?? false;
  passStun(lab, vm);
  const config = vm.config;
  const disks: FrozenDisk[] = vm.disks
    .filter(chain => !chain.independent)
    .map(chain => ({ chain, position: chain.content.position, link: chain.freeze() }));
  const ref = { type: 'VirtualMachineSnapshot', value: lab.registry.newId('snapshot') };
  const id = vm.nextSnapshotNumber;
  vm.nextSnapshotNumber += 1;
  const createTime = lab.clock.now();
  const manifest = wanted.quiesced?.manifest;
  const manifestName = manifest?.name(vm.name, id);
  if (manifest !== undefined && manifestName !== undefined)
    lab.datastores.addToVm(vm, manifestName, manifest.content, 'snapshotManifestList');
  const facts = {
    id,
    vm: vm.ref,
    ...{ name, description, quiesced, manifestName },
    backupManifest: manifestName === undefined ? undefined : `${vm.home.path}${manifestName}`,
    createTime,
    powerState: vm.powerState,
    disks,
    config: { ...config, settings: structuredClone(config.settings), hardware: { ...config.hardware } },
  };
  const snapshot = new Snapshot(ref, facts, vm.currentSnapshot, vm.snapshots);
  vm.snapshots.push(snapshot);
  vm.currentSnapshot = snapshot;
  lab.snapshotHistory.push({
    vm: vm.name,
    vmId: vm.ref.value,
    snapshotId: ref.value,
    ...{ name, description, quiesced },
    createTime: createTime.toISOString(),
    removeTime: undefined,
    disks: disks.map(({ chain, position }) => ({ deviceKey: chain.key, position })),
  });
  return lab.registry.add(snapshot);
}

/** Takes snapshots out of the tree of a VM. Their files stay until the disks are consolidated. */
export function dropSnapshots(lab: LabContext, vm: LabVm, dropped: readonly Snapshot[]): void {
  for (const snapshot of dropped) {
    for (const child of snapshot.children) child.parent = snapshot.parent;
    if (vm.currentSnapshot === snapshot) vm.currentSnapshot = snapshot.parent;
    vm.snapshots.splice(vm.snapshots.indexOf(snapshot), 1);
    const { disks, manifestName } = snapshot.facts;
    for (const { chain, link } of disks) chain.release(link);
    if (manifestName !== undefined) lab.datastores.removeFromVm(vm, manifestName);
    lab.registry.remove(snapshot.ref);
    const record = lab.snapshotHistory.find(candidate => candidate.snapshotId === snapshot.ref.value);
    if (record !== undefined) record.removeTime = lab.clock.now().toISOString();
  }
  vm.consolidationNeeded ||= chainsOf(vm, dropped).some(chain => chain.needsConsolidation);
}

/** Joins the files that no snapshot needs any more. */
export function consolidateDisks(lab: LabContext, vm: LabVm, dropped: readonly Snapshot[] = []): void {
  for (const chain of chainsOf(vm, dropped)) chain.consolidate();
  vm.consolidationNeeded = false;
  passStun(lab, vm);
}

/**
 * Makes the VM what it was: configuration and the bytes of every disk that takes part in snapshots. It is off then, as
 * the memory is not part of a snapshot.
 */
export async function revertToSnapshot(lab: LabContext, vm: LabVm, snapshot: Snapshot): Promise<void> {
  const { config, disks } = snapshot.facts;
  vm.powerState = 'poweredOff';
  vm.bootTime = undefined;
  vm.settings = structuredClone(config.settings);
  vm.hardware = { ...config.hardware };
  vm.devices = config.devices;
  const restored = new Set(config.disks.map(({ chain }) => chain));
  for (const chain of vm.disks) if (!restored.has(chain)) lab.datastores.keepDisk(chain);
  vm.disks = config.disks.map(({ chain, device }) => {
    chain.device = device;
    lab.datastores.releaseDisk(chain);
    return chain;
  });
  for (const { chain, link } of disks) {
    await chain.revertTo(link);
    chain.consolidate();
  }
  vm.currentSnapshot = snapshot;
  vm.settings['modified'] = lab.clock.now();
  passStun(lab, vm);
}

/** The VM's disks, and those that only a dropped snapshot still had. */
function chainsOf(vm: LabVm, dropped: readonly Snapshot[]): DiskChain[] {
  const frozen = dropped.flatMap(({ facts }) => facts.disks.map(({ chain }) => chain));
  return [...new Set([...vm.disks, ...frozen])];
}
