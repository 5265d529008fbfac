import { expect, test } from 'vitest';

import { planImport } from '../../../../src/lab/ovf/importSpec.ts';
import { parseOvf } from '../../../../src/lab/ovf/ovfDescriptor.ts';

const item = (fields: Readonly<Record<string, string | number>>) =>
  `<Item>${Object.entries(fields)
    .map(([name, value]) => `<r:${name}>${value}</r:${name}>`)
    .join('')}</Item>`;

const descriptor = (items: string, disks = '') =>
  '<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"' +
  ' xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:r="urn:rasd" xmlns:v="urn:vssd">' +
  '<References><File ovf:id="f1" ovf:href="one.vmdk" ovf:size="1000"/><File ovf:id="f2" ovf:href="two.vmdk"/></References>' +
  `<DiskSection>${disks}</DiskSection><NetworkSection><Network ovf:name="net"/></NetworkSection>` +
  '<VirtualSystem ovf:id="id"><Name>from the file</Name><OperatingSystemSection vmw:osType="debian12_64Guest"/>' +
  `<VirtualHardwareSection><System><v:VirtualSystemType>vmx-19 vmx-20</v:VirtualSystemType></System>${items}` +
  '<vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/></VirtualHardwareSection></VirtualSystem></Envelope>';

const twoDisks =
  '<Disk ovf:diskId="d1" ovf:fileRef="f1" ovf:capacity="3" ovf:capacityAllocationUnits="byte * 2^30"/>' +
  '<Disk ovf:diskId="d2" ovf:fileRef="f2" ovf:capacity="1048576"/><Disk ovf:diskId="d3" ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^20"/>';

const network = { type: 'Network', value: 'network-33' };
const wishes = { entityName: 'vm', networks: new Map([['net', network]]), thin: true, vmPathName: '[ds]' };

test('a descriptor becomes a configuration and the list of files to send', () => {
  const items = [
    item({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 4 }),
    item({ InstanceID: 2, ResourceType: 4, VirtualQuantity: 2048 }),
    item({ Address: 0, InstanceID: 3, ResourceSubType: 'VirtualSCSI', ResourceType: 6 }),
    item({ Address: 1, InstanceID: 4, ResourceSubType: 'vmware.nvme.controller', ResourceType: 20 }),
    item({ AddressOnParent: 5, HostResource: 'ovf:/disk/d1', InstanceID: 5, Parent: 3, ResourceType: 17 }),
    item({ HostResource: '/disk/d2', InstanceID: 6, Parent: 4, ResourceType: 17 }),
    item({ HostResource: 'ovf:/disk/d3', InstanceID: 7, Parent: 4, ResourceType: 17 }),
    item({ Connection: 'net', InstanceID: 8, ResourceSubType: 'E1000e', ResourceType: 10 }),
  ];
  const { importSpec, fileItem } = planImport(parseOvf(descriptor(items.join(''), twoDisks)), wishes);
  expect(fileItem).toEqual([
    {
      deviceId: '/vm/ParaVirtualSCSIController0:5',
      path: 'one.vmdk',
      size: 1000,
      cimType: 17,
      create: false,
    },
    {
      deviceId: '/vm/VirtualNVMEController1:0',
      path: 'two.vmdk',
      size: undefined,
      cimType: 17,
      create: false,
    },
  ]);
  expect(importSpec).toMatchObject({
    _type: 'VirtualMachineImportSpec',
    configSpec: {
      name: 'vm',
      version: 'vmx-19',
      guestId: 'debian12_64Guest',
      firmware: 'efi',
      numCPUs: 4,
      memoryMB: 2048,
      deviceChange: [
        { device: { _type: 'ParaVirtualSCSIController', key: -1, busNumber: 0, sharedBus: 'noSharing' } },
        { device: { _type: 'VirtualNVMEController', key: -2, busNumber: 1 } },
        {
          device: { _type: 'VirtualDisk', controllerKey: -1, unitNumber: 5, capacityInBytes: 3 * 1024 ** 3 },
        },
        { device: { _type: 'VirtualDisk', controllerKey: -2, unitNumber: 0, capacityInBytes: 1_048_576 } },
        { device: { _type: 'VirtualDisk', controllerKey: -2, unitNumber: 1, capacityInBytes: 1_048_576 } },
        { device: { _type: 'VirtualE1000e', backing: { network } } },
      ],
    },
  });
});

test('without a wish the descriptor’s own name is taken', () => {
  const plan = planImport(parseOvf(descriptor('')), { ...wishes, entityName: '' });
  expect(plan.importSpec).toMatchObject({ configSpec: { name: 'from the file' } });
});

test.each([
  [
    'a hardware section',
    descriptor('').replaceAll('VirtualHardwareSection', 'Other'),
    'OvfMissingElement',
    'VirtualHardwareSection',
  ],
  ['a virtual system', '<Envelope/>', 'OvfMissingElement', 'VirtualSystem'],
  ['a resource type', descriptor(item({ InstanceID: 1 })), 'OvfMissingElement', 'ResourceType'],
  [
    'a known file',
    descriptor('', '<Disk ovf:diskId="d" ovf:fileRef="no" ovf:capacity="1"/>'),
    'OvfInvalidValue',
    'fileRef',
  ],
  ['a capacity', descriptor('', '<Disk ovf:diskId="d"/>'), 'OvfMissingElement', 'capacity'],
  [
    'a capacity that is a number',
    descriptor('', '<Disk ovf:diskId="d" ovf:capacity="much"/>'),
    'OvfInvalidValue',
    'capacity',
  ],
  [
    'known units',
    descriptor('', '<Disk ovf:diskId="d" ovf:capacity="1" ovf:capacityAllocationUnits="GB"/>'),
    'OvfInvalidValue',
    'capacityAllocationUnits',
  ],
])('a descriptor needs %s', (_, text, faultType, element) => {
  expect(() => parseOvf(text)).toThrow(expect.objectContaining({ faultType, element }));
});
