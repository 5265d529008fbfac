import { expect, test } from 'vitest';

import { planHardware } from '../../../../src/lab/model/hardwareSpec.ts';

const scsi = {
  _type: 'ParaVirtualSCSIController',
  key: 1000,
  busNumber: 0,
  deviceInfo: { label: 's', summary: 's' },
};
const add = (device: Record<string, unknown>) => ({ operation: 'add', device });

test('devices get keys of the range of their kind, and what refers to them follows', () => {
  const plan = planHardware([scsi], [], {
    numCPUs: 2,
    deviceChange: [
      add({ _type: 'VirtualLsiLogicController', key: -1, busNumber: 1 }),
      add({ _type: 'VirtualAHCIController', key: -2, busNumber: 0 }),
      add({ _type: 'VirtualNVMEController', key: -3, busNumber: 0 }),
      add({ _type: 'VirtualDisk', key: -4, controllerKey: -1, unitNumber: 0 }),
      add({ _type: 'VirtualDisk', key: -5, controllerKey: -3, unitNumber: 0 }),
      add({ _type: 'VirtualDisk', key: -6, controllerKey: 1000, unitNumber: 0 }),
      add({ _type: 'VirtualE1000e', key: -7 }),
      add({ _type: 'VirtualVmxnet3', key: -8 }),
      add({ _type: 'VirtualCdrom', key: -9, controllerKey: -2 }),
    ],
  });
  const keys = (devices: readonly Readonly<Record<string, unknown>>[]) =>
    devices.map(device => [device['_type'], device['key'], device['controllerKey']]);
  expect(keys(plan.devices)).toEqual([
    ['ParaVirtualSCSIController', 1000, undefined],
    ['VirtualLsiLogicController', 1001, undefined],
    ['VirtualAHCIController', 15000, undefined],
    ['VirtualNVMEController', 31000, undefined],
    ['VirtualE1000e', 4000, undefined],
    ['VirtualVmxnet3', 4001, undefined],
    ['VirtualCdrom', 16000, 15000],
  ]);
  expect(keys(plan.newDisks)).toEqual([
    ['VirtualDisk', 2000, 1001],
    ['VirtualDisk', 2001, 31000],
    ['VirtualDisk', 2002, 1000],
  ]);
  expect(plan).toMatchObject({ numCPU: 2, memoryMB: undefined });
});

test('devices are changed and removed by key', () => {
  const nic = {
    _type: 'VirtualVmxnet3',
    key: 4000,
    macAddress: 'a',
    deviceInfo: { label: 'n', summary: 'n' },
  };
  const edit = { operation: 'edit', device: { _type: 'VirtualVmxnet3', key: 4000, macAddress: 'b' } };
  expect(planHardware([scsi, nic], [], { deviceChange: [edit] }).devices).toEqual([
    scsi,
    { ...nic, macAddress: 'b' },
  ]);
  const remove = { operation: 'remove', device: { key: 4000 } };
  expect(planHardware([scsi, nic], [], { deviceChange: [remove] }).devices).toEqual([scsi]);
});

test.each([
  ['removing what is not there', { operation: 'remove', device: { key: 7 } }],
  ['changing what is not there', { operation: 'edit', device: { key: 7 } }],
  ['no operation', { device: { key: 1000 } }],
])('refuses %s', (_, change) => {
  const spec = { deviceChange: [add({ _type: 'VirtualE1000', key: -1 }), change] };
  expect(() => planHardware([scsi], [], spec)).toThrow(
    expect.objectContaining({
      type: 'InvalidDeviceSpec',
      fields: expect.objectContaining({ deviceIndex: 1 }) as unknown,
    }),
  );
});

test.each([
  ['a video card', { _type: 'VirtualMachineVideoCard', key: 500 }, { videoRamSizeInKB: 16_384 }, 500],
  ['an IDE controller', { _type: 'VirtualIDEController', key: 200, busNumber: 0 }, { busNumber: 0 }, 200],
])(
  'adding %s sets the one every VM has, and what refers to the new one finds it',
  (_what, builtIn, settings, key) => {
    const added = { _type: builtIn._type, key: -1, ...settings };
    const cdrom = { _type: 'VirtualCdrom', key: -2, controllerKey: -1, unitNumber: 0 };
    const { devices } = planHardware([builtIn], [], {
      deviceChange: [added, cdrom].map(device => ({ operation: 'add', device })),
    });
    expect(devices.map(device => device['_type'])).toEqual([builtIn._type, 'VirtualCdrom']);
    expect(devices[0]).toMatchObject({ key, ...settings });
    expect(devices[1]).toMatchObject({ controllerKey: key });
  },
);
