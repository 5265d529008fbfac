import { expect, test } from 'vitest';

import { systemClock } from '../../../src/base/clock.ts';
import { grainBytes } from '../../../src/lab/disk/grainMap.ts';
import {
  archive01,
  backupPassword,
  backupUser,
  db01,
  diskBytes,
  faultType,
  find,
  findAll,
  loggedIn,
  type Ref,
  ref,
  resourcePool,
  startTestLab,
  type TestLab,
  textOf,
  web01,
} from './labFixture.ts';

const host2 = ['HostSystem', 'host-30'] as const;
const datastore1 = ['Datastore', 'datastore-31'] as const;
const datastore2 = ['Datastore', 'datastore-32'] as const;

async function relocate(lab: TestLab, vm: Ref, spec: string): Promise<string | undefined> {
  return (await lab.runTask('RelocateVM_Task', vm, `<spec>${spec}</spec>`)).fault;
}

async function takeSnapshot(lab: TestLab, vm: Ref): Promise<Ref> {
  const spec = '<name>s</name><memory>0</memory><quiesce>0</quiesce>';
  return ['VirtualMachineSnapshot', (await lab.runTask('CreateSnapshot_Task', vm, spec)).result?.text ?? ''];
}

/** Names of a disk's files, newest first. */
async function files(lab: TestLab, self: Ref, key = 2000): Promise<string[]> {
  const backing = await lab.read(self, `config.hardware.device[${key}].backing`);
  return findAll(backing!, 'fileName').map(({ text }) => text);
}

async function textAt(lab: TestLab, self: Ref, path: string): Promise<string | undefined> {
  return (await lab.read(self, path))?.text;
}

async function get(lab: TestLab, path: string, datastore: string): Promise<Buffer | number> {
  const { status, body } = await lab.http('GET', `/folder/${path}?dcPath=Lab&dsName=${datastore}`);
  return status === 200 ? body : status;
}

test('a running VM moves to another datastore with its snapshots, its bytes and what was tracked', async () => {
  const lab = await loggedIn();
  await lab.runTask(
    'ReconfigVM_Task',
    web01,
    '<spec><changeTrackingEnabled>1</changeTrackingEnabled></spec>',
  );
  const snapshot = await takeSnapshot(lab, web01);
  const frozen = await get(lab, 'web01/web01-flat.vmdk', 'datastore1');
  const changeId = await textAt(lab, snapshot, 'config.hardware.device[2000].backing.changeId');
  await lab.control('POST', '/disks/web01/2000/bytes', { offset: grainBytes, length: 5, seed: 3 });

  expect(await relocate(lab, web01, ref('datastore', datastore2))).toBeUndefined();
  expect(await files(lab, web01)).toEqual([
    '[datastore2] web01/web01-000001.vmdk',
    '[datastore2] web01/web01.vmdk',
  ]);
  expect(await files(lab, snapshot)).toEqual(['[datastore2] web01/web01.vmdk']);
  expect(await textAt(lab, web01, 'config.files.vmPathName')).toBe('[datastore2] web01/web01.vmx');
  expect(await textAt(lab, snapshot, 'config.files.vmPathName')).toBe('[datastore2] web01/web01.vmx');
  expect(
    findAll((await lab.read(web01, 'datastore'))!, 'ManagedObjectReference').map(({ text }) => text),
  ).toEqual(['datastore-32']);
  expect(await get(lab, 'web01', 'datastore1')).toBe(404);
  expect(await get(lab, 'web01/web01-flat.vmdk', 'datastore2')).toEqual(frozen);
  expect(String(await get(lab, 'web01/web01.vmx', 'datastore2'))).toContain('fileName = "web01-000001.vmdk"');
  expect(String(await get(lab, 'web01/web01-000001.vmdk', 'datastore2'))).toContain(
    'parentFileNameHint="web01.vmdk"',
  );

  const second = await takeSnapshot(lab, web01);
  const asked = `${ref('snapshot', second)}<deviceKey>2000</deviceKey><startOffset>0</startOffset><changeId>${changeId}</changeId>`;
  const answer = await lab.call('QueryChangedDiskAreas', web01, asked);
  expect(findAll(answer, 'changedArea').map(area => textOf(area, 'start'))).toEqual([String(grainBytes)]);
  expect((await lab.runTask('RevertToSnapshot_Task', snapshot)).fault).toBeUndefined();
  expect(await textAt(lab, web01, 'config.files.vmPathName')).toBe('[datastore2] web01/web01.vmx');
  expect((await lab.runTask('RemoveAllSnapshots_Task', web01)).fault).toBeUndefined();
  expect(await files(lab, web01)).toEqual(['[datastore2] web01/web01.vmdk']);
  expect(await get(lab, 'web01/web01-flat.vmdk', 'datastore2')).toEqual(frozen);
});

test.each([
  ['loses', 'lost', false],
  ['keeps', 'kept', true],
] as const)('a release that %s what was tracked when a VM that is off moves', async (_, told, isSame) => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', { trackingOnColdMove: told });
  await lab.runTask(
    'ReconfigVM_Task',
    archive01,
    '<spec><changeTrackingEnabled>1</changeTrackingEnabled></spec>',
  );
  const path = 'config.hardware.device[2000].backing.changeId';
  const before = await textAt(lab, archive01, path);
  expect(await relocate(lab, archive01, ref('datastore', datastore1))).toBeUndefined();
  const after = await textAt(lab, archive01, path);
  expect(after?.split('/')[0] === before?.split('/')[0]).toBe(isSame);
  const asked = `<deviceKey>2000</deviceKey><startOffset>0</startOffset><changeId>${before}</changeId>`;
  const answer = await lab.call('QueryChangedDiskAreas', archive01, asked);
  expect(faultType(answer)).toBe(isSame ? undefined : 'InvalidArgument');
});

test('one disk goes where its locator says, and becomes thick; the VM is on both datastores', async () => {
  const lab = await loggedIn();
  const locator =
    `<disk><diskId>2001</diskId>${ref('datastore', datastore2)}<diskBackingInfo xsi:type="VirtualDiskFlatVer2BackingInfo">` +
    '<fileName></fileName><diskMode>persistent</diskMode><thinProvisioned>0</thinProvisioned></diskBackingInfo></disk>';
  expect(await relocate(lab, db01, locator)).toBeUndefined();
  expect(await files(lab, db01)).toEqual(['[datastore1] db01/db01.vmdk']);
  expect(await files(lab, db01, 2001)).toEqual(['[datastore2] db01/db01_1.vmdk']);
  expect(await textAt(lab, db01, 'config.hardware.device[2001].backing.thinProvisioned')).toBe('false');
  expect(await textAt(lab, db01, 'config.hardware.device[2001].backing.datastore')).toBe('datastore-32');
  for (const datastore of [datastore1, datastore2])
    expect(
      findAll((await lab.read(datastore, 'vm'))!, 'ManagedObjectReference').map(({ text }) => text),
    ).toContain(db01[1]);
  // Back again: into the folder that the VM has there.
  expect(await relocate(lab, db01, ref('datastore', datastore1))).toBeUndefined();
  expect(await files(lab, db01, 2001)).toEqual(['[datastore1] db01/db01_1.vmdk']);
  expect(await get(lab, 'db01', 'datastore2')).toBe(404);
});

test('files that move are called after their VM, in a folder that is nobody else’s', async () => {
  const lab = await loggedIn();
  await lab.runTask('Rename_Task', web01, '<newName>shop</newName>');
  await lab.http('PUT', '/folder/shop?dcPath=Lab&dsName=datastore2', 'x');
  await lab.call(
    'MakeDirectory',
    ['FileManager', 'FileManager'],
    `<name>[datastore2] shop_1</name>${ref('datacenter', ['Datacenter', 'datacenter-21'])}`,
  );
  expect(await relocate(lab, web01, ref('datastore', datastore2))).toBeUndefined();
  expect(await files(lab, web01)).toEqual(['[datastore2] shop_2/shop.vmdk']);
  expect(await textAt(lab, web01, 'config.files.vmPathName')).toBe('[datastore2] shop_2/shop.vmx');
});

test('hosts and datastores are told in the event, and a lease keeps a VM where it is', async () => {
  const lab = await loggedIn();
  const snapshot = await takeSnapshot(lab, web01);
  const lease: Ref = [
    'HttpNfcLease',
    find(await lab.call('ExportSnapshot', snapshot), 'returnval')?.text ?? '',
  ];
  while ((await lab.read(lease, 'state'))?.text === 'initializing');
  const spec = `${ref('datastore', datastore2)}${ref('host', host2)}`;
  expect(await relocate(lab, web01, spec)).toBe('TaskInProgress');
  await lab.call('HttpNfcLeaseAbort', lease);
  await lab.control('POST', '/vms/web01', { filesLocked: true });
  expect(await relocate(lab, web01, spec)).toBe('FileLocked');
  await lab.control('POST', '/vms/web01', { filesLocked: false });
  expect(await relocate(lab, web01, spec)).toBeUndefined();
  expect(await textAt(lab, web01, 'runtime.host')).toBe('host-30');
  const of = async (type: string) => {
    const filter = `<filter><eventTypeId>${type}</eventTypeId></filter>`;
    return find(await lab.call('QueryEvents', ['EventManager', 'EventManager'], filter), 'returnval');
  };
  const event = await of('VmRelocatedEvent');
  const name = (field: string) => textOf(find(event, field), 'name');
  expect([name('sourceHost'), name('sourceDatastore'), name('host'), name('ds')]).toEqual([
    ...['esx01.lab.invalid', 'datastore1', 'esx02.lab.invalid', 'datastore2'],
  ]);
  expect(await relocate(lab, web01, ref('host', ['HostSystem', 'host-28']))).toBeUndefined();
  expect(textOf(find(await of('VmMigratedEvent'), 'sourceHost'), 'name')).toBe('esx02.lab.invalid');
});

test('its network cards find other networks where a VM goes, and nothing else changes on the way', async () => {
  const lab = await loggedIn();
  const change = (operation: string, device: string) =>
    `${ref('host', host2)}<deviceChange><operation>${operation}</operation>${device}</deviceChange>`;
  const card =
    '<device xsi:type="VirtualVmxnet3"><key>4000</key><backing xsi:type="VirtualEthernetCardNetworkBackingInfo">' +
    `<deviceName>Backend</deviceName>${ref('network', ['Network', 'network-34'])}</backing></device>`;
  const disk =
    '<device xsi:type="VirtualDisk"><key>-1</key><controllerKey>1000</controllerKey><unitNumber>5</unitNumber><capacityInKB>64</capacityInKB></device>';
  expect(await relocate(lab, web01, change('add', disk))).toBe('InvalidArgument');
  expect(await relocate(lab, web01, change('remove', card))).toBe('InvalidArgument');
  expect(await relocate(lab, web01, change('edit', card))).toBeUndefined();
  expect(await textAt(lab, web01, 'config.hardware.device[4000].backing.deviceName')).toBe('Backend');
  expect(await textAt(lab, web01, 'runtime.host')).toBe('host-30');
});

test('what does not go together, has no room or is not simulated is refused, and nothing has moved', async () => {
  const lab = await startTestLab(systemClock, 40);
  await lab.login();
  await lab.control('POST', '/faults', { taskStepMs: 0, datastoreFreeBytes: { datastore2: diskBytes - 1 } });
  const elsewhere = ref('host', ['HostSystem', 'host-6010']);
  const refusals = [
    [ref('host', ['HostSystem', 'host-99']), 'InvalidArgument'],
    [ref('folder', datastore1), 'InvalidArgument'],
    // Another cluster needs a pool there, and storage that its hosts have.
    [elsewhere, 'InvalidArgument'],
    [`${ref('pool', ['ResourcePool', 'resgroup-6001'])}${elsewhere}`, 'InvalidDatastore'],
    [ref('datastore', ['Datastore', 'datastore-6050']), 'InvalidDatastore'],
    [ref('datastore', datastore2), 'NoDiskSpace'],
    [`<disk><diskId>4000</diskId>${ref('datastore', datastore2)}</disk>`, 'InvalidArgument'],
    ['<diskMoveType>createNewChildDiskBacking</diskMoveType>', 'NotSupported'],
  ] as const;
  for (const [spec, fault] of refusals)
    expect([spec, await relocate(lab, web01, spec)]).toEqual([spec, fault]);
  expect(await files(lab, web01)).toEqual(['[datastore1] web01/web01.vmdk']);
  expect(await textAt(lab, web01, 'runtime.host')).toBe('host-28');
  const together =
    ref('datastore', ['Datastore', 'datastore-6050']) +
    ref('pool', ['ResourcePool', 'resgroup-6001']) +
    elsewhere;
  expect(await relocate(lab, web01, together)).toBeUndefined();
  expect(await files(lab, web01)).toEqual(['[cluster01-vmfs1] web01/web01.vmdk']);
  expect(await textAt(lab, web01, 'resourcePool')).toBe('resgroup-6001');
});

test('whoever moves a VM needs privileges on it and on where it goes', async () => {
  const lab = await startTestLab();
  await lab.login(backupUser, backupPassword);
  const grant = async (privileges: readonly string[]) => {
    await lab.control('POST', '/roles/mover', { privileges });
    await lab.control('POST', `/accounts/${backupUser}`, { role: 'mover' });
  };
  const missing = async () => {
    const spec = `<spec>${ref('datastore', datastore2)}${ref('pool', resourcePool)}</spec>`;
    const answer = await lab.call('RelocateVM_Task', web01, spec);
    return [textOf(answer, 'object'), textOf(answer, 'privilegeId')];
  };
  const held: string[] = [];
  for (const [object, privilege] of [
    [web01[1], 'Resource.ColdMigrate'],
    [web01[1], 'Resource.HotMigrate'],
    [resourcePool[1], 'Resource.AssignVMToPool'],
    [datastore2[1], 'Datastore.AllocateSpace'],
  ] as const) {
    await grant(held);
    expect(await missing()).toEqual([object, privilege]);
    held.push(privilege);
  }
  await grant(held);
  expect(await missing()).toEqual([undefined, undefined]);
});

test('whoever asks for updates without waiting is told what has changed, or nothing', async () => {
  const lab = await loggedIn();
  const collector = ['PropertyCollector', 'propertyCollector'] as const;
  const filter =
    '<spec><propSet><type>VirtualMachine</type><pathSet>name</pathSet></propSet>' +
    `<objectSet>${ref('obj', web01)}</objectSet></spec><partialUpdates>0</partialUpdates>`;
  await lab.call('CreateFilter', collector, filter);
  const check = async (version: string) =>
    await lab.call('CheckForUpdates', collector, `<version>${version}</version>`);
  const first = await check('');
  const version = textOf(first, 'version') ?? '';
  expect(textOf(first, 'val')).toBe('web01');
  expect(find(await check(version), 'returnval')).toBeUndefined();
  await lab.runTask('Rename_Task', web01, '<newName>shop</newName>');
  expect(textOf(await check(version), 'val')).toBe('shop');
  expect(faultType(await check('99'))).toBe('InvalidCollectorVersion');
});
