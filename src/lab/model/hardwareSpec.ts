import { randomUuid } from '../../base/random.ts';
import { isSubtype } from '../../core/vsphere/schema/schema.ts';
import { parseDatastorePath } from '../datastore/datastorePath.ts';
import { openUploadedDisk } from '../datastore/uploadedDisk.ts';
import type { LabContext } from '../labContext.ts';
import { fileFault, VimFault } from '../soap/vimFault.ts';
import { withDeviceInfo, withMacAddress } from './deviceInfo.ts';
import { borrowDisk, giveBackDisk } from './borrowedDisk.ts';
import { DiskChain } from './diskChain.ts';
import type { LabVm } from './labVm.ts';
import { textIn, type PlainObject } from './managedObject.ts';
import { deviceKeys } from './standardHardware.ts';

/** What a VM's hardware becomes, before anything is done. */
export interface HardwarePlan {
  readonly devices: readonly PlainObject[];
  readonly keptDisks: readonly DiskChain[];
  /** Disks to make, with their final keys. */
  readonly newDisks: readonly PlainObject[];
  readonly editedDisks: readonly EditedDisk[];
  /** Devices with the file of a disk that is there already. */
  readonly attachedDisks: readonly PlainObject[];
  readonly removedDisks: readonly { readonly chain: DiskChain; readonly destroysFiles: boolean }[];
  readonly numCPU: number | undefined;
  readonly numCoresPerSocket: number | undefined;
  readonly memoryMB: number | undefined;
}

/** A disk that stays and becomes another one: its device, and its size if it grows. */
export interface EditedDisk {
  readonly chain: DiskChain;
  readonly device: PlainObject;
  readonly sizeBytes: number;
}

/**
 * Works out `deviceChange` and the processor and memory fields of a VirtualMachineConfigSpec. Devices to add get their
 * final keys here: clients give negative ones of their own, by which devices of one spec refer to each other.
 * @throws VimFault InvalidDeviceSpec with the index of the change that cannot be
 */
export function planHardware(
  devices: readonly PlainObject[],
  disks: readonly DiskChain[],
  spec: PlainObject,
): HardwarePlan {
  let plannedDevices = [...devices];
  let keptDisks = [...disks];
  const newDisks: PlainObject[] = [];
  const editedDisks: EditedDisk[] = [];
  const attachedDisks: PlainObject[] = [];
  const removedDisks: { chain: DiskChain; destroysFiles: boolean }[] = [];
  const finalKeys = new Map<unknown, number>();
  const changes = (spec['deviceChange'] ?? []) as readonly PlainObject[];
  const usedKeys = new Set([...devices.map(device => device['key']), ...disks.map(disk => disk.key)]);
  for (const [index, change] of changes.entries()) {
    const device = change['device'] as PlainObject;
    const known = (key: unknown) => plannedDevices.some(other => other['key'] === key);
    switch (change['operation']) {
      case 'add': {
        const builtIn = plannedDevices.find(other => isSameBuiltIn(other, device));
        if (builtIn !== undefined) {
          finalKeys.set(device['key'], Number(builtIn['key']));
          const settled = { ...builtIn, ...device, key: builtIn['key'], deviceInfo: builtIn['deviceInfo'] };
          plannedDevices = plannedDevices.map(other => (other === builtIn ? settled : other));
          break;
        }
        const key = freeKey(device, usedKeys);
        finalKeys.set(device['key'], key);
        usedKeys.add(key);
        const placed = { ...device, key, controllerKey: device['controllerKey'] };
        if (isDisk(device) && namesFile(device) && change['fileOperation'] === undefined)
          attachedDisks.push(placed);
        else if (isDisk(device)) newDisks.push(placed);
        else plannedDevices.push(placed);
        break;
      }
      case 'remove': {
        if (!known(device['key']) && !keptDisks.some(disk => disk.key === device['key']))
          throw invalidDevice(index, 'deviceChange.device.key');
        plannedDevices = plannedDevices.filter(other => other['key'] !== device['key']);
        for (const chain of keptDisks.filter(disk => disk.key === device['key']))
          removedDisks.push({ chain, destroysFiles: change['fileOperation'] === 'destroy' });
        keptDisks = keptDisks.filter(disk => disk.key !== device['key']);
        break;
      }
      case 'edit': {
        if (!known(device['key']) && !keptDisks.some(disk => disk.key === device['key']))
          throw invalidDevice(index, 'deviceChange.device.key');
        const chain = keptDisks.find(disk => disk.key === device['key']);
        if (chain !== undefined) editedDisks.push(editedDisk(chain, device, index));
        plannedDevices = plannedDevices.map(other =>
          other['key'] === device['key'] ? { ...other, ...device } : other,
        );
        break;
      }
      default:
        throw invalidDevice(index, 'deviceChange.operation');
    }
  }
  const placedOn = (device: PlainObject): PlainObject => ({
    ...device,
    controllerKey: finalKeys.get(device['controllerKey']) ?? device['controllerKey'],
  });
  return {
    devices: plannedDevices.map(placedOn).map(withDeviceInfo),
    keptDisks,
    newDisks: newDisks.map(placedOn).map(withDeviceInfo),
    editedDisks,
    attachedDisks: attachedDisks.map(placedOn).map(withDeviceInfo),
    removedDisks,
    numCPU: spec['numCPUs'] as number | undefined,
    numCoresPerSocket: spec['numCoresPerSocket'] as number | undefined,
    memoryMB: spec['memoryMB'] as number | undefined,
  };
}

/** Makes the disks of a plan, empty, and gives the VM its new hardware. */
export async function applyHardware(lab: LabContext, vm: LabVm, plan: HardwarePlan): Promise<void> {
  const disks = [...plan.keptDisks];
  for (const { chain, device, sizeBytes } of plan.editedDisks) {
    chain.device = device;
    if (sizeBytes === chain.content.sizeBytes) continue;
    await chain.content.grow(sizeBytes);
    // The file that tracks changes has the size of the disk, and is made anew.
    if (lab.faults.trackingOnGrowth === 'lost') chain.tracking.stop();
  }
  for (const device of plan.attachedDisks) disks.push(await attachDisk(lab, device));
  for (const device of plan.newDisks) disks.push(await blankDisk(lab, vm.name, vm.home.path, device));
  vm.devices = plan.devices.map(device => withMacAddress(device, lab.random));
  vm.disks = disks;
  for (const { chain, destroysFiles } of plan.removedDisks) {
    chain.tracking.stop();
    if (chain.lender !== undefined) {
      await giveBackDisk(lab, chain);
      continue;
    }
    const isHeld = vm.snapshots.some(({ facts }) => facts.disks.some(frozen => frozen.chain === chain));
    if (!destroysFiles && !isHeld) lab.datastores.keepDisk(chain);
  }
  if (plan.numCPU !== undefined) vm.hardware.numCPU = plan.numCPU;
  if (plan.numCoresPerSocket !== undefined) vm.hardware.numCoresPerSocket = plan.numCoresPerSocket;
  if (plan.memoryMB !== undefined) vm.hardware.memoryMB = plan.memoryMB;
}

/**
 * Gives a disk that lies on a datastore a place in a VM. A disk that keeps nothing may be another VM's, as its snapshot has it.
 * @throws VimFault FileNotFound; FileLocked if it is another VM's; GenericVmConfigFault for a file that is no such disk
 */
export async function attachDisk(lab: LabContext, device: PlainObject): Promise<DiskChain> {
  const { fileName, ...backing } = device['backing'] as PlainObject;
  const path = String(fileName);
  const place = parseDatastorePath(path);
  if (place === undefined) throw fileFault('FileNotFound', path);
  const chain = lab.datastores.disk(path) ?? (await openUploadedDisk(lab, place));
  const { diskMode = 'persistent', sharing = 'sharingNone' } = backing;
  if (chain === undefined) {
    const owner = lab.datastores.owner(place);
    if (owner !== undefined && diskMode === 'independent_nonpersistent')
      return await borrowDisk(lab, owner, path, { ...device, backing: { diskMode, sharing } });
    throw fileFault(owner === undefined ? 'FileNotFound' : 'FileLocked', path);
  }
  lab.datastores.releaseDisk(chain);
  chain.datastore = lab.inventory.datastores.get(place.datastore);
  const { thinProvisioned } = chain.device['backing'] as PlainObject;
  chain.device = { ...device, backing: { diskMode, sharing, thinProvisioned } };
  return chain;
}

export async function blankDisk(
  lab: LabContext,
  vmName: string,
  path: string,
  device: PlainObject,
): Promise<DiskChain> {
  const content = await lab.disks.blank(`${vmName} disk ${String(device['key'])}`, diskSizeBytes(device));
  return diskOf(lab, vmName, path, device, content);
}

export function diskOf(
  lab: LabContext,
  vmName: string,
  path: string,
  device: PlainObject,
  content: DiskChain['content'],
): DiskChain {
  const index = Number(device['key']) - deviceKeys.firstDisk;
  const fileName = `${path}${vmName}${index === 0 ? '' : `_${index}`}.vmdk`;
  const backing = (device['backing'] ?? {}) as PlainObject;
  const uuid = randomUuid(lab.random).toUpperCase();
  const own = { diskMode: 'persistent', thinProvisioned: true, sharing: 'sharingNone', ...backing };
  return new DiskChain({ ...device, backing: own }, content, fileName, uuid);
}

export function diskSizeBytes(device: PlainObject): number {
  const bytes = device['capacityInBytes'] as number | undefined;
  return bytes ?? (device['capacityInKB'] as number) * 1024;
}

export function isDisk(device: PlainObject): boolean {
  return device['_type'] === 'VirtualDisk';
}

/** @throws VimFault InvalidDeviceSpec for a smaller size; InvalidDeviceOperation for another size or mode under snapshots */
function editedDisk(chain: DiskChain, device: PlainObject, index: number): EditedDisk {
  const isSized = device['capacityInBytes'] !== undefined || device['capacityInKB'] !== undefined;
  const sizeBytes = isSized ? diskSizeBytes(device) : chain.content.sizeBytes;
  if (sizeBytes < chain.content.sizeBytes) throw invalidDevice(index, 'deviceChange.device.capacityInKB');
  if (sizeBytes > chain.content.sizeBytes && chain.links.length > 1)
    throw new VimFault('InvalidDeviceOperation', `Invalid operation for device '${index}'.`, {
      property: 'deviceChange.device.capacityInKB',
      deviceIndex: index,
    });
  const { diskMode, sharing } = (device['backing'] ?? {}) as PlainObject;
  const { backing, controllerKey, unitNumber } = chain.device;
  const isOtherMode = diskMode !== undefined && diskMode !== (backing as PlainObject)['diskMode'];
  if (isOtherMode && chain.links.length > 1)
    throw new VimFault('InvalidDeviceOperation', `Invalid operation for device '${index}'.`, {
      property: 'deviceChange.device.backing.diskMode',
      deviceIndex: index,
    });
  return {
    chain,
    sizeBytes,
    device: {
      ...chain.device,
      controllerKey: device['controllerKey'] ?? controllerKey,
      unitNumber: device['unitNumber'] ?? unitNumber,
      backing: {
        ...(backing as PlainObject),
        ...(diskMode !== undefined && { diskMode }),
        ...(sharing !== undefined && { sharing }),
      },
    },
  };
}

function namesFile(device: PlainObject): boolean {
  return textIn(device['backing'] as PlainObject | undefined, 'fileName')?.endsWith('.vmdk') === true;
}

/** Devices that every VM has exactly once: adding one again sets it, it does not make a second one. */
function isSameBuiltIn(existing: PlainObject, added: PlainObject): boolean {
  const type = textIn(added, '_type') ?? 'VirtualDevice';
  if (existing['_type'] !== type) return false;
  if (type === 'VirtualIDEController') return existing['busNumber'] === added['busNumber'];
  return type === 'VirtualMachineVideoCard';
}

/** Ranges of keys as vSphere gives them. */
function freeKey(device: PlainObject, used: ReadonlySet<unknown>): number {
  const type = textIn(device, '_type') ?? 'VirtualDevice';
  const first = isDisk(device)
    ? deviceKeys.firstDisk
    : isSubtype(type, 'VirtualEthernetCard')
      ? deviceKeys.firstNic
      : isSubtype(type, 'VirtualSCSIController')
        ? deviceKeys.scsi
        : isSubtype(type, 'VirtualSATAController')
          ? deviceKeys.ahci
          : isSubtype(type, 'VirtualNVMEController')
            ? 31_000
            : isSubtype(type, 'VirtualCdrom')
              ? 16_000
              : isSubtype(type, 'VirtualIDEController')
                ? deviceKeys.ide
                : 13_000;
  for (let key = first; ; key += 1) if (!used.has(key)) return key;
}

function invalidDevice(deviceIndex: number, property: string): VimFault {
  return new VimFault('InvalidDeviceSpec', `Invalid configuration for device '${deviceIndex}'.`, {
    property,
    deviceIndex,
  });
}
