import { describe, expect, test } from 'vitest';
import { pickVirtualMachine } from '../../../../src/core/inventory/findVirtualMachine.ts';
import type { VmSummary } from '../../../../src/core/inventory/listVirtualMachines.ts';
import { InventoryTree } from '../../../../src/core/inventory/inventoryPath.ts';
import { flattenSnapshots } from '../../../../src/core/inventory/snapshotTree.ts';
import { virtualDisks } from '../../../../src/core/inventory/virtualDisk.ts';
import type { Vim } from '../../../../src/core/vsphere/vimCaller.ts';
import { linuxGuest } from '../../../support/assessmentFacts.ts';
import { ref } from '../../../support/scriptedCaller.ts';
import { sampleVmConfig } from '../../../support/vmConfigs.ts';

function machine(id: string, inventoryPath: string): VmSummary {
  return {
    ref: ref('VirtualMachine', id),
    name: inventoryPath.split('/').at(-1) ?? '',
    instanceUuid: `5012-${id}`,
    biosUuid: `4212-${id}`,
    inventoryPath,
    powerState: 'poweredOn',
    connectionState: 'connected',
    isTemplate: false,
    guestName: undefined,
    toolsState: undefined,
    diskCount: 1,
    capacityBytes: 1,
    hasSnapshots: false,
    vAppName: undefined,
    computePath: undefined,
    facts: linuxGuest(),
  };
}

const machines = [
  machine('vm-1', '/DC/vm/web01'),
  machine('vm-2', '/DC/vm/prod/db01'),
  machine('vm-3', '/DC/vm/test/db01'),
  machine('vm-4', '/DC/vm/vm-2'),
];

describe('a VM is found', () => {
  test.each([
    ['by its name', 'web01', 'vm-1'],
    ['by its name in other letters', 'WEB01', 'vm-1'],
    ['by its path', '/DC/vm/test/db01', 'vm-3'],
    ['by its instance UUID', '5012-VM-3', 'vm-3'],
    ['by its BIOS UUID', '4212-vm-2', 'vm-2'],
    ['by its id rather than the name of another', 'vm-2', 'vm-2'],
  ])('%s', (_, wanted, id) => expect(pickVirtualMachine(machines, wanted, 'vc').ref.value).toBe(id));

  test('not among several of one name', () => {
    expect(() => pickVirtualMachine(machines, 'db01', 'vc')).toThrow(
      expect.objectContaining({
        code: 'CONFLICT',
        message: '2 VMs answer to "db01": /DC/vm/prod/db01 (vm-2), /DC/vm/test/db01 (vm-3)',
      }) as Error,
    );
  });

  test.each([
    ['web02', /Did you mean web01\?/],
    ['db', /Did you mean db01\?/],
    ['something else', /List the VMs/],
  ])('not as %s', (wanted, remedy) => {
    const expected = { code: 'NOT_FOUND', remedy: expect.stringMatching(remedy) as unknown };
    expect(() => pickVirtualMachine(machines, wanted, 'vc')).toThrow(
      expect.objectContaining(expected) as Error,
    );
  });
});

test('a path ends where the server shows a loop', () => {
  const [a, b] = [ref('Folder', 'a'), ref('Folder', 'b')];
  const tree = new InventoryTree(
    ref('Folder', 'root'),
    new Map([
      ['a', { name: 'A', parent: b }],
      ['b', { name: 'B', parent: a }],
    ]),
  );
  expect(tree.pathOf('vm', a)).toMatch(/\/B\/A\/vm$/);
  expect(tree.pathOf('vm', undefined)).toBe('/vm');
});

test('disks are read with their place and backing', () => {
  const disks = virtualDisks(sampleVmConfig());
  expect(disks).toHaveLength(2);
  expect(disks[0]).toMatchObject({
    ...{ deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1_073_741_824, unitNumber: 0 },
    controller: { deviceKey: 1000, type: 'ParaVirtualSCSIController', busNumber: 0 },
    backing: {
      type: 'VirtualDiskFlatVer2BackingInfo',
      fileName: '[ds1] db01/db01-000001.vmdk',
      hasParent: false,
    },
  });
});

test('a snapshot tree is listed parents first', () => {
  const node = (
    id: string,
    children: Vim<'VirtualMachineSnapshotTree'>[] = [],
  ): Vim<'VirtualMachineSnapshotTree'> => ({
    ...{
      snapshot: ref('VirtualMachineSnapshot', id),
      vm: ref('VirtualMachine', 'vm-1'),
      id: 1,
      name: id,
      description: '',
    },
    ...{ createTime: new Date(0), state: 'poweredOn', quiesced: id === 'b', childSnapshotList: children },
  });
  const rootSnapshotList = [node('a', [node('b', [node('c')]), node('d')])];
  const found = flattenSnapshots({ rootSnapshotList, currentSnapshot: ref('VirtualMachineSnapshot', 'd') });
  expect(
    found.map(({ name, parent, isCurrent, isQuiesced }) => [name, parent?.value, isCurrent, isQuiesced]),
  ).toEqual([
    ['a', undefined, false, false],
    ['b', 'a', false, true],
    ['d', 'a', true, false],
    ['c', 'b', false, false],
  ]);
  expect(flattenSnapshots(undefined)).toEqual([]);
});
