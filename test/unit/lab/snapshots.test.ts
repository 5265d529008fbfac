import { expect, test } from 'vitest';

import { grainBytes } from '../../../src/lab/disk/grainMap.ts';
import {
  db01,
  diskBytes,
  find,
  findAll,
  loggedIn,
  type Ref,
  type TestLab,
  textOf,
  typeOf,
  web01,
} from './labFixture.ts';

const spec = (name: string) =>
  `<name>${name}</name><description>d</description><memory>0</memory><quiesce>0</quiesce>`;

async function takeSnapshot(lab: TestLab, vm: Ref, name = 's'): Promise<Ref> {
  const { result, fault } = await lab.runTask('CreateSnapshot_Task', vm, spec(name));
  expect(fault).toBeUndefined();
  return ['VirtualMachineSnapshot', result?.text ?? ''];
}

async function remove(lab: TestLab, snapshot: Ref, more = ''): Promise<string | undefined> {
  return (await lab.runTask('RemoveSnapshot_Task', snapshot, `<removeChildren>0</removeChildren>${more}`))
    .fault;
}

/** Names of a disk's files, newest first, without folder. */
async function chain(lab: TestLab, self: Ref, key = 2000): Promise<(string | undefined)[]> {
  const backing = await lab.read(self, `config.hardware.device[${key}].backing`);
  return findAll({ ...backing!, children: backing!.children }, 'fileName').map(
    ({ text }) => text.split('/')[1],
  );
}

async function content(lab: TestLab, vm: string): Promise<Buffer> {
  const { position } = (await lab.control('GET', `/disks/${vm}/2000`)) as { position: number };
  const query = `position=${position}&offset=0&length=${diskBytes}`;
  return (await lab.control('GET', `/disks/${vm}/2000/bytes?${query}`)) as Buffer;
}

const write = async (lab: TestLab, grain: number, seed = 1) =>
  await lab.control('POST', '/disks/web01/2000/bytes', {
    offset: grain * grainBytes,
    length: grainBytes,
    seed,
  });

async function namesInFolder(lab: TestLab): Promise<string[]> {
  const { body } = await lab.http('GET', '/folder/web01?dcPath=Lab&dsName=datastore1');
  return [...body.toString().matchAll(/>([^<>]+\.vmdk)<\/a>/g)].map(([, name = '']) => name);
}

test('going back to a snapshot brings back bytes and configuration, and leaves the VM off', async () => {
  const lab = await loggedIn();
  const before = await content(lab, 'web01');
  const snapshot = await takeSnapshot(lab, web01);
  await write(lab, 0);
  await write(lab, 11);
  const changes =
    '<spec><annotation>changed</annotation><numCPUs>7</numCPUs><deviceChange><operation>add</operation>' +
    '<fileOperation>create</fileOperation><device xsi:type="VirtualDisk"><key>-1</key>' +
    '<backing xsi:type="VirtualDiskFlatVer2BackingInfo"><fileName></fileName><diskMode>persistent</diskMode></backing>' +
    '<controllerKey>1000</controllerKey><unitNumber>1</unitNumber><capacityInKB>1024</capacityInKB></device></deviceChange></spec>';
  expect((await lab.runTask('ReconfigVM_Task', web01, changes)).fault).toBeUndefined();
  expect((await lab.read(web01, 'config.hardware.numCPU'))?.text).toBe('7');
  expect((await lab.read(snapshot, 'config.hardware.numCPU'))?.text).toBe('2');
  expect((await lab.read(snapshot, 'config.annotation'))?.text).toBe('Web front end');

  expect((await lab.runTask('RevertToSnapshot_Task', snapshot)).fault).toBeUndefined();
  expect((await content(lab, 'web01')).equals(before)).toBe(true);
  expect((await lab.read(web01, 'config.annotation'))?.text).toBe('Web front end');
  expect((await lab.read(web01, 'config.hardware.numCPU'))?.text).toBe('2');
  expect((await lab.read(web01, 'runtime.powerState'))?.text).toBe('poweredOff');
  const devices = await lab.read(web01, 'config.hardware.device');
  expect(devices!.children.filter(device => typeOf(device) === 'VirtualDisk')).toHaveLength(1);
  expect(await chain(lab, web01)).toEqual(['web01-000002.vmdk', 'web01.vmdk']);
  expect((await lab.read(web01, 'snapshot.currentSnapshot'))?.text).toBe(snapshot[1]);
});

test('a VM that went back goes on from there: snapshots become a tree, and files are shared by its branches', async () => {
  const lab = await loggedIn();
  const root = await takeSnapshot(lab, web01, 'root');
  await write(lab, 1, 1);
  const left = await takeSnapshot(lab, web01, 'left');
  const leftBytes = await content(lab, 'web01');
  expect((await lab.runTask('RevertToSnapshot_Task', root)).fault).toBeUndefined();
  await write(lab, 2, 2);
  const right = await takeSnapshot(lab, web01, 'right');
  const rightBytes = await content(lab, 'web01');
  const tree = await lab.read(web01, 'snapshot');
  const [rootNode] = findAll(tree!, 'rootSnapshotList');
  expect(findAll(rootNode!, 'childSnapshotList').map(child => textOf(child, 'name'))).toEqual([
    'left',
    'right',
  ]);
  expect(
    findAll((await lab.read(root, 'childSnapshot'))!, 'ManagedObjectReference').map(({ text }) => text),
  ).toEqual([left[1], right[1]]);
  expect(await chain(lab, left)).toEqual(['web01-000001.vmdk', 'web01.vmdk']);
  expect(await chain(lab, right)).toEqual(['web01-000003.vmdk', 'web01.vmdk']);
  expect(await chain(lab, web01)).toEqual(['web01-000002.vmdk', 'web01-000003.vmdk', 'web01.vmdk']);

  // Two branches stand on the base: it stays, although no snapshot names it any more.
  expect(await remove(lab, root)).toBeUndefined();
  expect(await chain(lab, left)).toEqual(['web01-000001.vmdk', 'web01.vmdk']);
  expect((await lab.read(web01, 'rootSnapshot'))?.children.map(({ text }) => text)).toEqual([
    left[1],
    right[1],
  ]);
  expect((await lab.read(web01, 'runtime.consolidationNeeded'))?.text).toBe('false');
  expect((await lab.runTask('RevertToSnapshot_Task', left)).fault).toBeUndefined();
  expect((await content(lab, 'web01')).equals(leftBytes)).toBe(true);
  expect((await lab.runTask('RevertToSnapshot_Task', right)).fault).toBeUndefined();
  expect((await content(lab, 'web01')).equals(rightBytes)).toBe(true);
  expect(await remove(lab, left)).toBeUndefined();
  expect(await chain(lab, right)).toEqual(['web01.vmdk']);

  expect((await lab.runTask('RemoveAllSnapshots_Task', web01)).fault).toBeUndefined();
  expect(await lab.read(web01, 'snapshot')).toBeUndefined();
  expect(await chain(lab, web01)).toEqual(['web01.vmdk']);
  expect(await namesInFolder(lab)).toEqual(['web01-flat.vmdk', 'web01.vmdk']);
  expect((await content(lab, 'web01')).equals(rightBytes)).toBe(true);
  expect((await lab.runTask('RevertToCurrentSnapshot_Task', web01)).fault).toBe('NotFound');
});

test('a snapshot whose files are locked goes, and its files stay until somebody consolidates', async () => {
  const lab = await loggedIn();
  const snapshot = await takeSnapshot(lab, web01);
  await write(lab, 3);
  const bytes = await content(lab, 'web01');
  await lab.control('POST', '/vms/web01', { filesLocked: true });
  expect(await remove(lab, snapshot)).toBe('FileLocked');
  expect(await lab.read(web01, 'snapshot')).toBeUndefined();
  expect((await lab.read(web01, 'runtime.consolidationNeeded'))?.text).toBe('true');
  expect(await chain(lab, web01)).toEqual(['web01-000001.vmdk', 'web01.vmdk']);
  expect((await lab.runTask('ConsolidateVMDisks_Task', web01)).fault).toBe('FileLocked');
  await lab.control('POST', '/vms/web01', { filesLocked: false });
  expect((await lab.runTask('ConsolidateVMDisks_Task', web01)).fault).toBeUndefined();
  expect((await lab.read(web01, 'runtime.consolidationNeeded'))?.text).toBe('false');
  expect(await chain(lab, web01)).toEqual(['web01.vmdk']);
  expect((await content(lab, 'web01')).equals(bytes)).toBe(true);

  const another = await takeSnapshot(lab, web01);
  expect(await remove(lab, another, '<consolidate>0</consolidate>')).toBeUndefined();
  expect((await lab.read(web01, 'runtime.consolidationNeeded'))?.text).toBe('true');
  // The next removal joins what was left, too.
  expect(await remove(lab, await takeSnapshot(lab, web01))).toBeUndefined();
  expect(await chain(lab, web01)).toEqual(['web01.vmdk']);
});

test('a datastore without room and too many levels fail a snapshot and change nothing', async () => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', { datastoreFreeBytes: { datastore1: 1000 } });
  const started = await lab.call('CreateSnapshot_Task', web01, spec('s'));
  const task = ['Task', find(started, 'returnval')?.text ?? ''] as const;
  while (!['error', 'success'].includes((await lab.read(task, 'info.state'))?.text ?? ''));
  const fault = await lab.read(task, 'info.error.fault');
  expect([typeOf(fault), textOf(fault, 'datastore'), textOf(fault, 'file')]).toEqual([
    'NoDiskSpace',
    'datastore1',
    '[datastore1] web01/web01.vmdk',
  ]);
  const datastore = ['Datastore', 'datastore-31'] as const;
  expect((await lab.read(datastore, 'summary.freeSpace'))?.text).toBe('1000');
  expect(await lab.read(web01, 'snapshot')).toBeUndefined();
  await lab.control('DELETE', '/faults');
  await lab.control('POST', '/faults', { taskStepMs: 0 });
  for (let level = 0; level < 32; level += 1) await takeSnapshot(lab, web01);
  expect((await lab.runTask('CreateSnapshot_Task', web01, spec('s'))).fault).toBe('TooManySnapshotLevels');
  expect(await chain(lab, web01)).toHaveLength(33);
});

test('layoutEx lists the files of every link, with the sizes of what was written', async () => {
  const lab = await loggedIn();
  const snapshot = await takeSnapshot(lab, db01);
  for (const grain of [1, 2, 9])
    await lab.control('POST', '/disks/db01/2000/bytes', { offset: grain * grainBytes, length: 1 });
  const layout = await lab.read(db01, 'layoutEx');
  const files = new Map(findAll(layout!, 'file').map(file => [Number(textOf(file, 'key')), file] as const));
  const named = (key: number) => textOf(files.get(key), 'name')?.split('/')[1];
  const [disk] = findAll(layout!, 'disk');
  const chains = findAll(disk!, 'fileKey').map(({ text }) => named(Number(text)));
  expect(chains).toEqual(['db01.vmdk', 'db01-flat.vmdk', 'db01-000001.vmdk', 'db01-000001-sesparse.vmdk']);
  const sizeOf = (name: string) =>
    Number(
      textOf(
        [...files.values()].find(file => textOf(file, 'name')?.endsWith(`/${name}`)),
        'size',
      ),
    );
  expect(sizeOf('db01-flat.vmdk')).toBe(diskBytes);
  expect(sizeOf('db01-000001-sesparse.vmdk') - sizeOf('db01_1-000001-sesparse.vmdk')).toBe(
    // With the table that finds them.
    3 * grainBytes + 32 * 1024,
  );
  const frozen = layout!.children.find(({ localName }) => localName === 'snapshot');
  expect(textOf(frozen, 'key')).toBe(snapshot[1]);
  expect(named(Number(textOf(frozen, 'dataKey')))).toBe('db01-Snapshot1.vmsn');
  const vmsd = await lab.http('GET', '/folder/db01/db01.vmsd?dcPath=Lab&dsName=datastore1');
  expect(vmsd.body.toString()).toContain('snapshot0.disk1.fileName = "db01_1.vmdk"\n');
});

test.each([
  ['smaller', diskBytes / 1024 - 64, 'InvalidDeviceSpec'],
  ['larger under a snapshot', diskBytes / 1024 + 64, 'InvalidDeviceOperation'],
])('a disk does not become %s', async (_, kilobytes, fault) => {
  const lab = await loggedIn();
  await takeSnapshot(lab, web01);
  const edit =
    '<spec><deviceChange><operation>edit</operation><device xsi:type="VirtualDisk"><key>2000</key>' +
    `<controllerKey>1000</controllerKey><unitNumber>0</unitNumber><capacityInKB>${kilobytes}</capacityInKB></device></deviceChange></spec>`;
  expect((await lab.runTask('ReconfigVM_Task', web01, edit)).fault).toBe(fault);
  expect((await content(lab, 'web01')).length).toBe(diskBytes);
});
