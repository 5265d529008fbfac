import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { deviceId } from '../model/deviceId.ts';
import type { PlainObject } from '../model/managedObject.ts';
import type { OvfDescriptor, OvfDisk, OvfItem } from './ovfDescriptor.ts';

export interface ImportWishes {
  /** The VM's name; the descriptor's own where it is empty. */
  readonly entityName: string;
  /** Networks of the descriptor to networks of the inventory. */
  readonly networks: ReadonlyMap<string, MoRef>;
  readonly thin: boolean;
  /** For instance "[datastore1]". */
  readonly vmPathName: string;
}

export interface ImportPlan {
  readonly importSpec: PlainObject;
  /** The files to upload, by device. */
  readonly fileItem: readonly PlainObject[];
}

/** Resource types of the descriptor that become devices (CIM_ResourceAllocationSettingData.ResourceType). */
const resource = {
  processor: 3,
  memory: 4,
  ide: 5,
  scsi: 6,
  ethernet: 10,
  disk: 17,
  otherStorage: 20,
} as const;

/** What the server makes of an OVF descriptor: how the VM would be configured, and which files it wants. */
export function planImport(ovf: OvfDescriptor, wishes: ImportWishes): ImportPlan {
  const name = wishes.entityName === '' ? ovf.name : wishes.entityName;
  const devices = new Map<string, PlainObject>();
  const fileItem: PlainObject[] = [];
  const newKey = () => -1 - devices.size;
  for (const item of ovf.items) {
    const type = controllerType(item);
    if (type === undefined) continue;
    const sharedBus = type.includes('SCSI') || type.includes('Logic') ? { sharedBus: 'noSharing' } : {};
    devices.set(item.instanceId, {
      _type: type,
      key: newKey(),
      busNumber: Number(item.address ?? 0),
      ...sharedBus,
    });
  }
  const diskUnits = new Map<string, number>();
  for (const item of ovf.items) {
    if (item.resourceType === resource.disk) {
      const disk = diskOfItem(ovf, item);
      const device = diskDevice(item, disk, newKey(), devices, diskUnits, wishes.thin);
      devices.set(item.instanceId, device);
      if (disk?.file !== undefined)
        fileItem.push({
          deviceId: `/${name}/${deviceId(device, [...devices.values()])}`,
          path: disk.file.href,
          size: disk.file.sizeBytes,
          cimType: resource.disk,
          create: false,
        });
    } else if (item.resourceType === resource.ethernet) {
      devices.set(item.instanceId, networkDevice(item, newKey(), wishes.networks));
    }
  }
  const quantityOf = (type: number) => ovf.items.find(item => item.resourceType === type)?.quantity;
  return {
    importSpec: {
      _type: 'VirtualMachineImportSpec',
      configSpec: {
        name,
        version: ovf.hardwareVersion,
        guestId: ovf.guestId,
        annotation: ovf.annotation === '' ? undefined : ovf.annotation,
        files: { vmPathName: wishes.vmPathName },
        numCPUs: quantityOf(resource.processor),
        memoryMB: quantityOf(resource.memory),
        deviceChange: [...devices.values()].map(device => ({
          operation: 'add',
          ...(device['_type'] === 'VirtualDisk' && { fileOperation: 'create' }),
          device,
        })),
        firmware: ovf.firmware,
      },
    },
    fileItem,
  };
}

function controllerType(item: OvfItem): string | undefined {
  const subType = item.resourceSubType.toLowerCase();
  switch (item.resourceType) {
    case resource.ide:
      return 'VirtualIDEController';
    case resource.scsi:
      if (subType === 'virtualscsi') return 'ParaVirtualSCSIController';
      if (subType === 'lsilogicsas') return 'VirtualLsiLogicSASController';
      return subType === 'buslogic' ? 'VirtualBusLogicController' : 'VirtualLsiLogicController';
    case resource.otherStorage:
      return subType.includes('nvme') ? 'VirtualNVMEController' : 'VirtualAHCIController';
    default:
      return undefined;
  }
}

/** A disk's content is named by "ovf:/disk/" and the disk's id. */
function diskOfItem(ovf: OvfDescriptor, item: OvfItem): OvfDisk | undefined {
  const diskId = /^(?:ovf:)?\/disk\/(.+)$/.exec(item.hostResource ?? '')?.[1];
  return ovf.disks.find(disk => disk.diskId === diskId);
}

function diskDevice(
  item: OvfItem,
  disk: OvfDisk | undefined,
  key: number,
  devices: ReadonlyMap<string, PlainObject>,
  diskUnits: Map<string, number>,
  thin: boolean,
): PlainObject {
  const parent = item.parent ?? '';
  const unitNumber =
    item.addressOnParent === undefined ? (diskUnits.get(parent) ?? 0) : Number(item.addressOnParent);
  diskUnits.set(parent, unitNumber + 1);
  const capacityBytes = disk?.capacityBytes ?? 0;
  return {
    _type: 'VirtualDisk',
    key,
    backing: {
      _type: 'VirtualDiskFlatVer2BackingInfo',
      fileName: '',
      diskMode: 'persistent',
      thinProvisioned: thin,
    },
    controllerKey: devices.get(parent)?.['key'],
    unitNumber,
    capacityInKB: Math.ceil(capacityBytes / 1024),
    capacityInBytes: capacityBytes,
  };
}

function networkDevice(item: OvfItem, key: number, networks: ReadonlyMap<string, MoRef>): PlainObject {
  const types: Readonly<Record<string, string>> = {
    e1000: 'VirtualE1000',
    e1000e: 'VirtualE1000e',
    pcnet32: 'VirtualPCNet32',
  };
  const name = item.connection ?? '';
  return {
    _type: types[item.resourceSubType.toLowerCase()] ?? 'VirtualVmxnet3',
    key,
    backing: {
      _type: 'VirtualEthernetCardNetworkBackingInfo',
      deviceName: name,
      network: networks.get(name),
    },
    connectable: { startConnected: true, allowGuestControl: true, connected: false },
    addressType: 'generated',
  };
}
