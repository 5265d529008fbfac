import { createHash } from 'node:crypto';

import { defined } from '../../base/assert.ts';
import { GiB } from '../../base/units.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { Mount } from '../guest/fileTree.ts';
import { LabGuest } from '../guest/labGuest.ts';
import type { GuestDisk } from '../images/guestDisks.ts';
import type { LabContext } from '../labContext.ts';
import { diskOf } from './hardwareSpec.ts';
import { LabVm, type PowerState } from './labVm.ts';
import { independent, scsiDisk, standardDevices } from './standardHardware.ts';
import { standardSettings } from './vmSettings.ts';

interface GuestPlan {
  readonly name: string;
  readonly guestId: string;
  readonly firmware: 'bios' | 'efi';
  readonly annotation: string;
  readonly numCPU: number;
  readonly memoryMB: number;
  readonly powerState: PowerState;
  /** Undefined, or of a host without folders: directly in the datacenter's VM folder. */
  readonly folder: string | undefined;
  readonly datastore: string;
  readonly networks: readonly string[];
  /** Names of images. */
  readonly disks: readonly string[];
  /** Where the guest has the file systems of its disks. */
  readonly mounts: readonly string[];
  /** Whether it has an empty disk besides that takes no part in snapshots. */
  readonly hasScratchDisk?: boolean;
}

const scratchBytes = GiB;

const guests: readonly GuestPlan[] = [
  {
    name: 'web01',
    guestId: 'debian12_64Guest',
    firmware: 'efi',
    annotation: 'Web front end',
    numCPU: 2,
    memoryMB: 4096,
    powerState: 'poweredOn',
    folder: 'Production',
    datastore: 'datastore1',
    networks: ['VM Network'],
    disks: ['web01'],
    mounts: ['/'],
  },
  {
    name: 'db01',
    guestId: 'rhel9_64Guest',
    firmware: 'efi',
    annotation: 'Database; its data is on the second disk',
    numCPU: 4,
    memoryMB: 16_384,
    powerState: 'poweredOn',
    folder: 'Production',
    datastore: 'datastore1',
    networks: ['VM Network', 'Backend'],
    disks: ['db01-system', 'db01-data'],
    mounts: ['/', '/data'],
  },
  {
    name: 'build01',
    guestId: 'ubuntu64Guest',
    firmware: 'bios',
    annotation: 'Build host; its second disk is scratch space',
    numCPU: 8,
    memoryMB: 8192,
    powerState: 'poweredOn',
    folder: undefined,
    datastore: 'datastore2',
    networks: ['Backend'],
    disks: ['build01'],
    mounts: ['/'],
    hasScratchDisk: true,
  },
  {
    name: 'archive01',
    guestId: 'otherLinux64Guest',
    firmware: 'bios',
    annotation: 'Powered on once a quarter',
    numCPU: 1,
    memoryMB: 2048,
    powerState: 'poweredOff',
    folder: 'Archive',
    datastore: 'datastore2',
    networks: ['Backend'],
    disks: ['archive01'],
    mounts: ['/'],
  },
];

/** Puts the lab's four VMs into the registry. */
export async function createGuestVms(
  lab: LabContext,
  images: ReadonlyMap<string, GuestDisk>,
  seed: number,
): Promise<void> {
  for (const [index, plan] of guests.entries())
    lab.registry.add(await createVm(lab, plan, index, images, seed));
}

async function createVm(
  lab: LabContext,
  plan: GuestPlan,
  index: number,
  images: ReadonlyMap<string, GuestDisk>,
  seed: number,
): Promise<LabVm> {
  const { inventory } = lab;
  const path = `[${plan.datastore}] ${plan.name}/`;
  const nics = plan.networks.map((networkName, nic) => ({
    networkName,
    network: named(inventory.networks, networkName),
    macAddress: `00:50:56:8f:${hexPair(index + 1)}:${hexPair(nic)}`,
  }));
  const disks = [];
  const mounts: Mount[] = [];
  for (const [unit, image] of plan.disks.entries()) {
    const base = named(images, image);
    const content = await lab.disks.fromBase(image, base);
    const device = scsiDisk(unit, `Hard disk ${unit + 1}`, base.sizeBytes, true);
    mounts.push({ path: defined(plan.mounts[unit], 'a mount'), disk: content, files: base.files });
    disks.push(diskOf(lab, plan.name, path, device, content));
  }
  if (plan.hasScratchDisk === true) {
    const unit = disks.length;
    const device = independent(scsiDisk(unit, `Hard disk ${unit + 1}`, scratchBytes, true));
    const content = await lab.disks.blank(`${plan.name}-scratch`, scratchBytes);
    disks.push(diskOf(lab, plan.name, path, device, content));
  }
  const createDate = new Date(Date.UTC(2025, 10, 3 + index, 9, 30));
  return new LabVm(
    { type: 'VirtualMachine', value: lab.registry.newId('vm') },
    {
      home: {
        folder: inventory.vmFolders.get(plan.folder ?? '') ?? inventory.vmFolder,
        resourcePool: inventory.resourcePool,
        host: defined(inventory.hosts[index % inventory.hosts.length], 'a host'),
        datastore: named(inventory.datastores, plan.datastore),
        path,
      },
      settings: standardSettings({
        name: plan.name,
        guestId: plan.guestId,
        firmware: plan.firmware,
        annotation: plan.annotation,
        uuid: seededUuid(`${seed} ${plan.name} bios`),
        instanceUuid: seededUuid(`${seed} ${plan.name} instance`),
        createDate,
        vmPathName: `${path}${plan.name}.vmx`,
        newestHardware: lab.server.personality.hardware,
      }),
      hardware: { numCPU: plan.numCPU, numCoresPerSocket: 1, memoryMB: plan.memoryMB },
      devices: standardDevices(nics),
      disks,
      powerState: plan.powerState,
      bootTime: plan.powerState === 'poweredOn' ? lab.clock.now() : undefined,
      toolsInstalled: true,
      guest: new LabGuest(mounts, lab),
    },
  );
}

/** A UUID that the same text always gives. */
export function seededUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function named<Value extends MoRef | GuestDisk>(map: ReadonlyMap<string, Value>, name: string): Value {
  return defined(map.get(name), name);
}

function hexPair(number: number): string {
  return number.toString(16).padStart(2, '0');
}
