import type { Vim } from '../../src/core/vsphere/vimCaller.ts';

type Device = Vim<'VirtualDevice'> & Readonly<Record<string, unknown>>;

function device(fields: Readonly<Record<string, unknown>>): Device {
  return fields as unknown as Device;
}

/** A VM as a vCenter describes it: built-in controllers, two disks on one SCSI controller, a card, a CD-ROM, a vTPM. */
export function sampleVmConfig(
  over: Partial<Vim<'VirtualMachineConfigInfo'>> = {},
): Vim<'VirtualMachineConfigInfo'> {
  return {
    changeVersion: '2026-11-22T10:00:00Z',
    modified: new Date('2026-11-22T10:00:00Z'),
    name: 'db01 <primary>',
    guestFullName: 'Debian GNU/Linux 12 (64-bit)',
    version: 'vmx-20',
    uuid: '4212a8a4-1111-4000-8000-000000000001',
    instanceUuid: '5012a8a4-1111-4000-8000-000000000001',
    locationId: '564d0000-1111-4000-8000-000000000001',
    template: false,
    guestId: 'debian12_64Guest',
    alternateGuestName: '',
    annotation: 'owner: team-db',
    files: { vmPathName: '[ds1] db01/db01.vmx' },
    flags: { diskUuidEnabled: true },
    defaultPowerOps: { powerOffType: 'soft' },
    hardware: {
      numCPU: 4,
      numCoresPerSocket: 2,
      memoryMB: 8192,
      device: [
        device({
          _type: 'VirtualIDEController',
          key: 200,
          busNumber: 0,
          deviceInfo: { label: 'IDE 0', summary: '' },
          device: [3000],
        }),
        device({ _type: 'VirtualPCIController', key: 100, busNumber: 0 }),
        device({ _type: 'VirtualKeyboard', key: 600, controllerKey: 300, unitNumber: 0 }),
        device({
          _type: 'ParaVirtualSCSIController',
          key: 1000,
          busNumber: 0,
          sharedBus: 'noSharing',
          device: [2000, 2001],
          deviceInfo: { label: 'SCSI controller 0', summary: 'VMware paravirtual SCSI' },
          controllerKey: 100,
          unitNumber: 3,
        }),
        device({
          _type: 'VirtualDisk',
          key: 2000,
          controllerKey: 1000,
          unitNumber: 0,
          capacityInKB: 1_048_576,
          capacityInBytes: 1_073_741_824,
          diskObjectId: '1-2000',
          deviceInfo: { label: 'Hard disk 1', summary: '1,048,576 KB' },
          backing: {
            _type: 'VirtualDiskFlatVer2BackingInfo',
            fileName: '[ds1] db01/db01-000001.vmdk',
            diskMode: 'persistent',
            uuid: 'u-1',
          },
        }),
        device({
          _type: 'VirtualDisk',
          key: 2001,
          controllerKey: 1000,
          unitNumber: 1,
          capacityInKB: 2_097_152,
          deviceInfo: { label: 'Hard disk 2', summary: '' },
          backing: {
            _type: 'VirtualDiskFlatVer2BackingInfo',
            fileName: '[ds1] db01/db01_1.vmdk',
            diskMode: 'independent_persistent',
          },
        }),
        device({
          _type: 'VirtualVmxnet3',
          key: 4000,
          controllerKey: 100,
          unitNumber: 7,
          macAddress: '00:50:56:aa:bb:cc',
          addressType: 'manual',
          deviceInfo: { label: 'Network adapter 1', summary: 'VM Network' },
          connectable: { startConnected: true, allowGuestControl: true, connected: true },
          backing: { _type: 'VirtualEthernetCardNetworkBackingInfo', deviceName: 'VM Network & more' },
        }),
        device({ _type: 'VirtualCdrom', key: 3000, controllerKey: 200, unitNumber: 0 }),
        device({
          _type: 'VirtualTPM',
          key: 11000,
          controllerKey: 100,
          deviceInfo: { label: 'Virtual TPM', summary: '' },
        }),
      ],
    },
    extraConfig: [
      { key: 'disk.EnableUUID', value: 'TRUE' },
      { key: 'vm.genid', value: '-123' },
      { key: 'vm.genidX', value: '456' },
      { key: 'uuid.action', value: 'keep' },
      { key: 'sched.swap.derivedName', value: '/vmfs/x.vswp' },
      { key: 'scsi0:0.ctkEnabled', value: 'TRUE' },
      { key: 'guestinfo.role', value: 'db' },
    ],
    changeTrackingEnabled: true,
    firmware: 'efi',
    ...over,
  };
}
