import { KiB } from '../../base/units.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import { isVim } from '../vsphere/vimCaller.ts';
import type { Vim } from '../vsphere/vimCaller.ts';

/** A virtual disk as one configuration describes it, be it the VM's or a snapshot's. */
export interface VirtualDiskFacts {
  /** Stays the same while the disk is attached. */
  readonly deviceKey: number;
  /** As the vSphere client shows it, for instance "Hard disk 1". */
  readonly label: string;
  readonly capacityBytes: number;
  readonly controller: DiskController;
  readonly unitNumber: number;
  readonly backing: DiskBacking;
  /** Identifies a first-class or object-backed disk across moves. */
  readonly diskObjectId: string | undefined;
}

export interface DiskController {
  readonly deviceKey: number;
  /** The API's type name, for instance `ParaVirtualSCSIController`. */
  readonly type: string;
  readonly busNumber: number;
}

export interface DiskBacking {
  /** The API's type name, for instance `VirtualDiskFlatVer2BackingInfo`. */
  readonly type: string;
  /** `[datastore] folder/file.vmdk`; the newest link of a chain. Missing for disks without a file. */
  readonly fileName: string | undefined;
  readonly datastore: MoRef | undefined;
  readonly uuid: string | undefined;
  /** Where changed-block tracking stood, if it is on and the configuration is a snapshot's. */
  readonly changeId: string | undefined;
  /** `persistent`, `independent_persistent`, …; independent disks are not part of snapshots. */
  readonly diskMode: string | undefined;
  readonly isThin: boolean | undefined;
  readonly sharing: string | undefined;
  /** Of a raw device mapping: `virtualMode` takes part in snapshots, `physicalMode` does not. */
  readonly compatibilityMode: string | undefined;
  /** Whether the file only holds what differs from a parent file: a snapshot or a linked clone. */
  readonly hasParent: boolean;
}

/** The disks of a configuration, in the order of the API. */
export function virtualDisks({
  hardware,
}: Pick<Vim<'VirtualMachineConfigInfo'>, 'hardware'>): VirtualDiskFacts[] {
  return disksOfDevices(hardware.device ?? []);
}

export function disksOfDevices(devices: readonly Vim<'VirtualDevice'>[]): VirtualDiskFacts[] {
  const controllers = new Map(devices.map(device => [device.key, device]));
  return devices
    .filter(device => isVim(device, 'VirtualDisk'))
    .map(disk => ({
      deviceKey: disk.key,
      label: disk.deviceInfo?.label ?? `Disk ${disk.key}`,
      capacityBytes: disk.capacityInBytes ?? disk.capacityInKB * KiB,
      controller: controllerOf(disk, controllers),
      unitNumber: disk.unitNumber ?? 0,
      backing: backingOf(disk.backing),
      diskObjectId: disk.diskObjectId,
    }));
}

function controllerOf(
  { controllerKey }: Vim<'VirtualDevice'>,
  devices: ReadonlyMap<number, Vim<'VirtualDevice'>>,
): DiskController {
  const controller = devices.get(controllerKey ?? -1);
  return {
    deviceKey: controllerKey ?? -1,
    type: controller?._type ?? 'VirtualController',
    busNumber: isVim(controller, 'VirtualController') ? controller.busNumber : 0,
  };
}

/** The backings share most fields by name but not by type. */
type AnyDiskBacking = Partial<
  Omit<Vim<'VirtualDiskFlatVer2BackingInfo'>, 'parent'> & {
    readonly parent: Vim<'VirtualDeviceBackingInfo'>;
    readonly compatibilityMode: string;
  }
>;

function backingOf(backing: Vim<'VirtualDeviceBackingInfo'> | undefined): DiskBacking {
  const any: AnyDiskBacking = backing ?? {};
  return {
    type: any._type ?? 'VirtualDeviceBackingInfo',
    fileName: any.fileName,
    datastore: any.datastore,
    uuid: any.uuid,
    changeId: any.changeId,
    diskMode: any.diskMode,
    isThin: any.thinProvisioned,
    sharing: any.sharing,
    compatibilityMode: any.compatibilityMode,
    hasParent: any.parent !== undefined,
  };
}
