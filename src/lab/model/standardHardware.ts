import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { PlainObject } from './managedObject.ts';

export interface NetworkCard {
  readonly networkName: string;
  readonly network: MoRef;
  readonly macAddress: string;
}

/** Keys vSphere gives to the devices that every VM has. */
export const deviceKeys = {
  pci: 100,
  ide: 200,
  scsi: 1000,
  ahci: 15000,
  firstDisk: 2000,
  firstNic: 4000,
} as const;

/** The devices of a VM of hardware version 19 besides its disks, as vCenter lists them. */
export function standardDevices(nics: readonly NetworkCard[]): PlainObject[] {
  const onPci = (unitNumber: number) => ({ controllerKey: deviceKeys.pci, unitNumber });
  return [
    controller('VirtualIDEController', 200, 'IDE 0', 0),
    controller('VirtualIDEController', 201, 'IDE 1', 1),
    controller('VirtualPS2Controller', 300, 'PS2 controller 0', 0),
    controller('VirtualPCIController', deviceKeys.pci, 'PCI controller 0', 0),
    controller('VirtualSIOController', 400, 'SIO controller 0', 0),
    {
      _type: 'VirtualKeyboard',
      key: 600,
      deviceInfo: described('Keyboard', 'Keyboard'),
      controllerKey: 300,
      unitNumber: 0,
    },
    {
      _type: 'VirtualPointingDevice',
      key: 700,
      deviceInfo: described('Pointing device', 'Pointing device; Device'),
      backing: {
        _type: 'VirtualPointingDeviceDeviceBackingInfo',
        deviceName: '',
        useAutoDetect: false,
        hostPointingDevice: 'autodetect',
      },
      controllerKey: 300,
      unitNumber: 1,
    },
    {
      _type: 'VirtualMachineVideoCard',
      key: 500,
      deviceInfo: described('Video card ', 'Video card'),
      ...onPci(0),
      videoRamSizeInKB: 8192,
      numDisplays: 1,
      useAutoDetect: false,
      enable3DSupport: false,
      use3dRenderer: 'automatic',
      graphicsMemorySizeInKB: 262144,
    },
    {
      _type: 'VirtualMachineVMCIDevice',
      key: 12000,
      deviceInfo: described(
        'VMCI device',
        'Device on the virtual machine PCI bus that provides support for VMCI',
      ),
      ...onPci(17),
      id: -1,
      allowUnrestrictedCommunication: false,
      filterEnable: true,
    },
    {
      ...controller('ParaVirtualSCSIController', deviceKeys.scsi, 'SCSI controller 0', 0),
      deviceInfo: described('SCSI controller 0', 'VMware paravirtual SCSI'),
      ...onPci(3),
      slotInfo: { _type: 'VirtualDevicePciBusSlotInfo', pciSlotNumber: 160 },
      hotAddRemove: true,
      sharedBus: 'noSharing',
      scsiCtlrUnitNumber: 7,
    },
    {
      ...controller('VirtualAHCIController', deviceKeys.ahci, 'SATA controller 0', 0),
      deviceInfo: described('SATA controller 0', 'AHCI'),
      ...onPci(24),
      slotInfo: { _type: 'VirtualDevicePciBusSlotInfo', pciSlotNumber: 33 },
    },
    {
      _type: 'VirtualCdrom',
      key: 16000,
      deviceInfo: described('CD/DVD drive 1', 'Remote ATAPI'),
      backing: { _type: 'VirtualCdromRemoteAtapiBackingInfo', deviceName: '', useAutoDetect: false },
      connectable: { ...disconnected, migrateConnect: 'unset' },
      controllerKey: deviceKeys.ahci,
      unitNumber: 0,
    },
    ...nics.map(networkCard),
  ];
}

export function scsiDisk(unitNumber: number, label: string, sizeBytes: number, thin: boolean): PlainObject {
  return {
    _type: 'VirtualDisk',
    key: deviceKeys.firstDisk + unitNumber,
    deviceInfo: described(label, `${(sizeBytes / 1024).toLocaleString('en-US')} KB`),
    backing: { diskMode: 'persistent', thinProvisioned: thin, sharing: 'sharingNone' },
    controllerKey: deviceKeys.scsi,
    unitNumber,
    shares: { shares: 1000, level: 'normal' },
    storageIOAllocation: { limit: -1, shares: { shares: 1000, level: 'normal' }, reservation: 0 },
    diskObjectId: `1-${deviceKeys.firstDisk + unitNumber}`,
    nativeUnmanagedLinkedClone: false,
  };
}

/** The same disk, but outside of snapshots. */
export function independent(disk: PlainObject): PlainObject {
  return { ...disk, backing: { ...(disk['backing'] as PlainObject), diskMode: 'independent_persistent' } };
}

const disconnected = { startConnected: false, allowGuestControl: true, connected: false, status: 'untried' };

function networkCard(nic: NetworkCard, index: number): PlainObject {
  return {
    _type: 'VirtualVmxnet3',
    key: deviceKeys.firstNic + index,
    deviceInfo: described(`Network adapter ${index + 1}`, nic.networkName),
    backing: {
      _type: 'VirtualEthernetCardNetworkBackingInfo',
      deviceName: nic.networkName,
      useAutoDetect: false,
      network: nic.network,
      inPassthroughMode: false,
    },
    connectable: {
      migrateConnect: 'unset',
      startConnected: true,
      allowGuestControl: true,
      connected: true,
      status: 'ok',
    },
    slotInfo: { _type: 'VirtualDevicePciBusSlotInfo', pciSlotNumber: 192 + 32 * index },
    controllerKey: deviceKeys.pci,
    unitNumber: 7 + index,
    addressType: 'assigned',
    macAddress: nic.macAddress,
    wakeOnLanEnabled: true,
    resourceAllocation: { reservation: 0, share: { shares: 50, level: 'normal' }, limit: -1 },
    uptCompatibilityEnabled: true,
  };
}

function controller(type: string, key: number, label: string, busNumber: number): PlainObject {
  return { _type: type, key, deviceInfo: described(label, label), busNumber };
}

function described(label: string, summary: string): PlainObject {
  return { label, summary };
}
