import { randomUuid } from '../../base/random.ts';
import { defined } from '../../base/assert.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { LabContext } from '../labContext.ts';
import { VimFault } from '../soap/vimFault.ts';
import { applySettings } from './configSpec.ts';
import { deviceId } from './deviceId.ts';
import { withMacAddress } from './deviceInfo.ts';
import { blankDisk, diskOf, planHardware } from './hardwareSpec.ts';
import { LabVm } from './labVm.ts';
import type { LeaseFile } from './lease.ts';
import { textIn, type PlainObject } from './managedObject.ts';
import { standardDevices } from './standardHardware.ts';
import { standardSettings } from './vmSettings.ts';

/**
 * A VM from an import spec, powered off and without its disks, which come with the lease.
 * @throws VimFault DuplicateName if the folder has a VM of that name; InvalidDeviceSpec
 */
export function createImportedVm(
  lab: LabContext,
  configSpec: PlainObject,
  folder: MoRef,
  resourcePool: MoRef,
  host: MoRef | undefined,
): LabVm {
  const name = (configSpec['name'] ?? 'New Virtual Machine') as string;
  for (const other of lab.registry.instancesOf(LabVm)) {
    if (other.name === name && other.home.folder.value === folder.value)
      throw new VimFault('DuplicateName', `The name '${name}' already exists.`, { name, object: other.ref });
  }
  const datastore = datastoreOf(lab, configSpec);
  const path = `[${datastore.name}] ${name}/`;
  const settings = standardSettings({
    name,
    guestId: textIn(configSpec, 'guestId') ?? 'otherGuest64',
    firmware: 'bios',
    annotation: '',
    uuid: randomUuid(lab.random),
    instanceUuid: randomUuid(lab.random),
    createDate: lab.clock.now(),
    vmPathName: `${path}${name}.vmx`,
    newestHardware: lab.server.personality.hardware,
  });
  const kept = settings['files'];
  applySettings(settings, configSpec);
  settings['files'] = kept;
  // Every VM has the buses; the controllers for disks come from the spec.
  const fixed = standardDevices([]).filter(device => !isReplaceable(device));
  const hardware = planHardware(fixed, [], configSpec);
  const ref = { type: 'VirtualMachine', value: lab.registry.newId('vm') };
  return lab.registry.add(
    new LabVm(ref, {
      home: {
        folder,
        resourcePool,
        host: host ?? defined(lab.inventory.hosts[0], 'a host'),
        datastore: datastore.ref,
        path,
      },
      settings,
      hardware: {
        numCPU: hardware.numCPU ?? 1,
        numCoresPerSocket: hardware.numCoresPerSocket ?? 1,
        memoryMB: hardware.memoryMB ?? 1024,
      },
      devices: hardware.devices.map(device => withMacAddress(device, lab.random)),
      disks: [],
      powerState: 'poweredOff',
      bootTime: undefined,
      toolsInstalled: true,
      hasBeenOn: false,
    }),
  );
}

/** Gives an imported VM its disks, blank, and the files of the lease that fill them. */
export async function importedFiles(
  lab: LabContext,
  vm: LabVm,
  configSpec: PlainObject,
): Promise<LeaseFile[]> {
  const fixed = standardDevices([]).filter(device => !isReplaceable(device));
  const { newDisks } = planHardware(fixed, [], configSpec);
  const files: LeaseFile[] = [];
  const disks = [];
  for (const [index, device] of newDisks.entries()) {
    const blank = await blankDisk(lab, vm.name, vm.home.path, device);
    disks.push(blank);
    files.push({
      name: `disk-${index}.vmdk`,
      deviceKey: blank.key,
      capacityBytes: blank.content.sizeBytes,
      importKey: `/${vm.name}/${deviceId(device, vm.devices)}`,
      transfer: {
        kind: 'import',
        accept: content => {
          const filled = diskOf(lab, vm.name, vm.home.path, device, content);
          vm.disks = vm.disks.map(disk => (disk.key === filled.key ? filled : disk));
          lab.registry.changed(vm.ref);
        },
      },
      transferred: undefined,
    });
  }
  vm.disks = disks;
  return files;
}

function isReplaceable(device: PlainObject): boolean {
  const type = device['_type'];
  return type === 'ParaVirtualSCSIController' || type === 'VirtualAHCIController' || type === 'VirtualCdrom';
}

/** The one named in the path of the VM's files, or the first. */
function datastoreOf(lab: LabContext, configSpec: PlainObject): { name: string; ref: MoRef } {
  const files = configSpec['files'] as PlainObject | undefined;
  const wanted = /^\[([^\]]+)\]/.exec(textIn(files, 'vmPathName') ?? '')?.[1];
  for (const [name, ref] of lab.inventory.datastores)
    if (wanted === undefined || name === wanted) return { name, ref };
  throw new VimFault('InvalidDatastore', `Invalid datastore '${wanted ?? ''}'.`, { name: wanted });
}
