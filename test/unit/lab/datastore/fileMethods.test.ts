import { expect, test } from 'vitest';

import { grainBytes } from '../../../../src/lab/disk/grainMap.ts';
import {
  archive01,
  datacenter,
  diskBytes,
  faultType,
  find,
  findAll,
  loggedIn,
  type Ref,
  ref,
  resourcePool,
  type TestLab,
  textOf,
  typeOf,
  vmFolder,
  web01,
} from '../labFixture.ts';

const fileManager = ['FileManager', 'FileManager'] as const;
const diskManager = ['VirtualDiskManager', 'virtualDiskManager'] as const;
const browser = ['HostDatastoreBrowser', 'datastoreBrowser-datastore-32'] as const;

const named = (path: string) => `<name>[datastore2] ${path}</name>${ref('datacenter', datacenter)}`;

const fromTo = (from: string, to: string, names: readonly [string, string], more = '') =>
  `<${names[0]}>[datastore2] ${from}</${names[0]}>${ref('sourceDatacenter', datacenter)}<${names[1]}>[datastore2] ${to}</${names[1]}>${more}`;

const filesFromTo = (from: string, to: string, more = '') =>
  fromTo(from, to, ['sourceName', 'destinationName'], more);

async function files(lab: TestLab, folder: string): Promise<string[]> {
  const { status, body } = await lab.http('GET', `/folder/${folder}?dcPath=Lab&dsName=datastore2`);
  return status === 404 ? [] : [...body.toString().matchAll(/>([^<>]+)<\/a>/g)].map(([, name = '']) => name);
}

async function put(lab: TestLab, path: string, text: string): Promise<number> {
  return (await lab.http('PUT', `/folder/${path}?dcPath=Lab&dsName=datastore2`, text)).status;
}

async function get(lab: TestLab, path: string): Promise<Buffer | number> {
  const { status, body } = await lab.http('GET', `/folder/${path}?dcPath=Lab&dsName=datastore2`);
  return status === 200 ? body : status;
}

test('folders are made, files copied, moved and removed, and nothing that is a VM’s own', async () => {
  const lab = await loggedIn();
  const makeFolder = async (path: string, more = '') =>
    faultType(await lab.call('MakeDirectory', fileManager, named(path) + more));
  const deep = '<createParentDirectories>1</createParentDirectories>';
  expect(await makeFolder('kept/deep')).toBe('FileNotFound');
  expect(await makeFolder('kept/deep', deep)).toBeUndefined();
  expect(await makeFolder('kept/deep')).toBe('FileAlreadyExists');
  expect(await put(lab, 'kept/deep/a.txt', 'text')).toBe(201);
  const run = async (method: string, content: string) =>
    (await lab.runTask(method, fileManager, content)).fault;
  expect(await run('CopyDatastoreFile_Task', filesFromTo('kept/deep/a.txt', 'kept/b.txt'))).toBeUndefined();
  expect(await run('CopyDatastoreFile_Task', filesFromTo('kept/deep/a.txt', 'kept/b.txt'))).toBe(
    'FileAlreadyExists',
  );
  const forced = filesFromTo('archive01/archive01.vmx', 'kept/b.txt', '<force>1</force>');
  expect(await run('CopyDatastoreFile_Task', forced)).toBeUndefined();
  expect(String(await get(lab, 'kept/b.txt'))).toContain('displayName = "archive01"');
  expect(await run('MoveDatastoreFile_Task', filesFromTo('kept/b.txt', 'kept/c.txt'))).toBeUndefined();
  expect(await files(lab, 'kept')).toEqual(['c.txt', 'deep/']);
  expect(await run('MoveDatastoreFile_Task', filesFromTo('kept/none', 'kept/d'))).toBe('FileNotFound');
  expect(await run('DeleteDatastoreFile_Task', named('kept/deep'))).toBeUndefined();
  expect(await files(lab, 'kept')).toEqual(['c.txt']);
  expect(await run('DeleteDatastoreFile_Task', named('kept/deep'))).toBe('FileNotFound');
  expect(await run('DeleteDatastoreFile_Task', named('archive01/archive01.vmx'))).toBe('FileLocked');
  expect(await run('DeleteDatastoreFile_Task', named('archive01'))).toBe('FileLocked');
  const call = async (content: string) =>
    faultType(await lab.call('DeleteDatastoreFile_Task', fileManager, content));
  expect(await call('<name>[datastore2] a</name>')).toBe('InvalidArgument');
  expect(await call(`<name>datastore2/a</name>${ref('datacenter', datacenter)}`)).toBe(
    'InvalidDatastorePath',
  );
  expect(await call(`<name>[none] a</name>${ref('datacenter', datacenter)}`)).toBe('InvalidDatastore');
});

const diskSpec = (kilobytes: number) =>
  `<spec xsi:type="FileBackedVirtualDiskSpec"><diskType>thin</diskType><adapterType>lsiLogic</adapterType><capacityKb>${kilobytes}</capacityKb></spec>`;

test('disks are made, extended, copied, given to VMs, taken from them, and removed', async () => {
  const lab = await loggedIn();
  const run = async (method: string, content: string) =>
    (await lab.runTask(method, diskManager, content)).fault;
  expect(await run('CreateVirtualDisk_Task', named('disks/new.vmdk') + diskSpec(64))).toBe('FileNotFound');
  await lab.call('MakeDirectory', fileManager, named('disks'));
  expect(await run('CreateVirtualDisk_Task', named('disks/new.vmdk') + diskSpec(64))).toBeUndefined();
  expect(await files(lab, 'disks')).toEqual(['new-flat.vmdk', 'new.vmdk']);
  const extended = '<newCapacityKb>192</newCapacityKb>';
  expect(await run('ExtendVirtualDisk_Task', named('disks/new.vmdk') + extended)).toBeUndefined();
  expect(await get(lab, 'disks/new-flat.vmdk')).toEqual(Buffer.alloc(3 * grainBytes));
  const copy = fromTo('archive01/archive01.vmdk', 'disks/copy.vmdk', ['sourceName', 'destName']);
  expect(await run('CopyVirtualDisk_Task', copy)).toBeUndefined();
  expect(await get(lab, 'disks/copy-flat.vmdk')).toEqual(await get(lab, 'archive01/archive01-flat.vmdk'));
  const uuids = await Promise.all(
    ['disks/copy.vmdk', 'archive01/archive01.vmdk'].map(async path =>
      textOf(await lab.call('QueryVirtualDiskUuid', diskManager, named(path)), 'returnval'),
    ),
  );
  expect(new Set(uuids).size).toBe(2);
  const uuid = (await lab.read(archive01, 'config.hardware.device[2000].backing.uuid'))?.text;
  expect(uuids[1]).toMatch(/^([0-9a-f]{2} ){7}[0-9a-f]{2}-([0-9a-f]{2} ){7}[0-9a-f]{2}$/);
  expect(uuids[1]?.replace(/[ -]/g, '')).toBe(uuid?.replaceAll('-', '').toLowerCase());

  const attach = (path: string) =>
    '<spec><deviceChange><operation>add</operation><device xsi:type="VirtualDisk"><key>-1</key>' +
    `<backing xsi:type="VirtualDiskFlatVer2BackingInfo"><fileName>[datastore2] ${path}</fileName><diskMode>persistent</diskMode></backing>` +
    '<controllerKey>1000</controllerKey><unitNumber>5</unitNumber><capacityInKB>0</capacityInKB></device></deviceChange></spec>';
  const detach = (more: string) =>
    `<spec><deviceChange><operation>remove</operation>${more}<device xsi:type="VirtualDisk"><key>2001</key><capacityInKB>0</capacityInKB></device></deviceChange></spec>`;
  expect((await lab.runTask('ReconfigVM_Task', web01, attach('disks/none.vmdk'))).fault).toBe('FileNotFound');
  expect((await lab.runTask('ReconfigVM_Task', web01, attach('archive01/archive01.vmdk'))).fault).toBe(
    'FileLocked',
  );
  expect((await lab.runTask('ReconfigVM_Task', web01, attach('disks/copy.vmdk'))).fault).toBeUndefined();
  const disk = await lab.read(web01, 'config.hardware.device[2001]');
  expect([textOf(disk, 'fileName'), textOf(disk, 'capacityInBytes'), textOf(disk, 'unitNumber')]).toEqual([
    '[datastore2] disks/copy.vmdk',
    String(diskBytes),
    '5',
  ]);
  expect(await get(lab, 'disks/copy-flat.vmdk')).toBe(500);
  expect(await run('DeleteVirtualDisk_Task', named('disks/copy.vmdk'))).toBe('FileLocked');
  await lab.control('POST', '/disks/web01/2001/bytes', { offset: 0, length: 4, seed: 5 });
  expect((await lab.runTask('ReconfigVM_Task', web01, detach(''))).fault).toBeUndefined();
  const written = (await get(lab, 'disks/copy-flat.vmdk')) as Buffer;
  expect(written.equals((await get(lab, 'archive01/archive01-flat.vmdk')) as Buffer)).toBe(false);
  expect((await lab.runTask('ReconfigVM_Task', web01, attach('disks/copy.vmdk'))).fault).toBeUndefined();
  const destroyed = detach('<fileOperation>destroy</fileOperation>');
  expect((await lab.runTask('ReconfigVM_Task', web01, destroyed)).fault).toBeUndefined();
  expect(await run('DeleteVirtualDisk_Task', named('disks/new.vmdk'))).toBeUndefined();
  expect(await files(lab, 'disks')).toEqual([]);
  expect(await run('DeleteVirtualDisk_Task', named('disks/new.vmdk'))).toBe('FileNotFound');
});

const disksFromTo = (from: string, to: string, more = '') =>
  fromTo(from, to, ['sourceName', 'destName'], more);

test('a disk moves with its extent, also to another datastore; one that is a VM’s is locked', async () => {
  const lab = await loggedIn();
  const run = async (method: string, content: string) =>
    (await lab.runTask(method, diskManager, content)).fault;
  await lab.call('MakeDirectory', fileManager, named('disks'));
  expect(await run('CreateVirtualDisk_Task', named('disks/a.vmdk') + diskSpec(64))).toBeUndefined();
  expect(await run('CreateVirtualDisk_Task', named('disks/b.vmdk') + diskSpec(64))).toBeUndefined();
  await lab.http(
    'PUT',
    '/folder/disks/a-flat.vmdk?dcPath=Lab&dsName=datastore2',
    Buffer.alloc(grainBytes, 7),
  );
  const extent = Buffer.alloc(grainBytes, 7);
  expect(await get(lab, 'disks/a-flat.vmdk')).toEqual(extent);
  const move = async (from: string, to: string, more?: string) =>
    await run('MoveVirtualDisk_Task', disksFromTo(from, to, more));
  expect(await move('disks/a.vmdk', 'disks/c.vmdk')).toBeUndefined();
  expect(await files(lab, 'disks')).toEqual(['b-flat.vmdk', 'b.vmdk', 'c-flat.vmdk', 'c.vmdk']);
  expect(await get(lab, 'disks/c-flat.vmdk')).toEqual(extent);
  expect(String(await get(lab, 'disks/c.vmdk'))).toContain('VMFS "c-flat.vmdk"');
  const force = '<force>1</force>';
  expect(await move('disks/a.vmdk', 'disks/d.vmdk')).toBe('FileNotFound');
  expect(await move('disks/c.vmdk', 'none/c.vmdk')).toBe('FileNotFound');
  expect(await move('disks/c.vmdk', 'disks/b.vmdk')).toBe('FileAlreadyExists');
  expect(await move('disks/c.vmdk', 'disks/c.vmdk', force)).toBe('FileAlreadyExists');
  expect(await move('disks/c.vmdk', 'disks/b.vmdk', force)).toBeUndefined();
  expect(await files(lab, 'disks')).toEqual(['b-flat.vmdk', 'b.vmdk']);
  expect(await get(lab, 'disks/b-flat.vmdk')).toEqual(extent);
  for (const owned of ['archive01/archive01.vmdk', 'build01/build01.vmdk'])
    expect(await move(owned, 'disks/e.vmdk')).toBe('FileLocked');
  expect(await move('disks/b.vmdk', 'archive01/archive01.vmdk', force)).toBe('FileLocked');

  await lab.call('MakeDirectory', fileManager, named('disks').replace('datastore2', 'datastore1'));
  const elsewhere = disksFromTo('disks/b.vmdk', 'disks/f.vmdk').replace(
    '<destName>[datastore2]',
    '<destName>[datastore1]',
  );
  expect(await run('MoveVirtualDisk_Task', elsewhere)).toBeUndefined();
  expect(await files(lab, 'disks')).toEqual([]);
  const moved = await lab.http('GET', '/folder/disks/f-flat.vmdk?dcPath=Lab&dsName=datastore1');
  expect(moved.body).toEqual(extent);
});

test('a disk that was uploaded as descriptor and extent moves as one', async () => {
  const lab = await loggedIn();
  await lab.call('MakeDirectory', fileManager, named('up'));
  const descriptor = (await get(lab, 'archive01/archive01.vmdk')) as Buffer;
  const extent = (await get(lab, 'archive01/archive01-flat.vmdk')) as Buffer;
  await put(lab, 'up/archive01.vmdk', descriptor.toString());
  await lab.http('PUT', '/folder/up/archive01-flat.vmdk?dcPath=Lab&dsName=datastore2', extent);
  const move = disksFromTo('up/archive01.vmdk', 'up/moved.vmdk');
  expect((await lab.runTask('MoveVirtualDisk_Task', diskManager, move)).fault).toBeUndefined();
  expect(await files(lab, 'up')).toEqual(['moved-flat.vmdk', 'moved.vmdk']);
  expect(await get(lab, 'up/moved-flat.vmdk')).toEqual(extent);
});

test('a disk tells its geometry, gets another UUID and is inflated', async () => {
  const lab = await loggedIn();
  await lab.call('MakeDirectory', fileManager, named('disks'));
  const path = named('disks/a.vmdk');
  await lab.runTask('CreateVirtualDisk_Task', diskManager, path + diskSpec(64 * 1024));
  const geometry = await lab.call('QueryVirtualDiskGeometry', diskManager, path);
  expect(['cylinder', 'head', 'sector'].map(name => textOf(geometry, name))).toEqual(['9', '255', '63']);
  const uuid = '60 00 C2 9a 11 22 33 44-55 66 77 88 99 aa bb cc';
  const set = async (value: string, at = path) =>
    faultType(await lab.call('SetVirtualDiskUuid', diskManager, `${at}<uuid>${value}</uuid>`));
  expect(await set(uuid)).toBeUndefined();
  expect(await set('60 00')).toBe('InvalidArgument');
  expect(await set(uuid, named('build01/build01.vmdk'))).toBe('FileLocked');
  expect(textOf(await lab.call('QueryVirtualDiskUuid', diskManager, path), 'returnval')).toBe(
    uuid.toLowerCase(),
  );
  expect(String(await get(lab, 'disks/a.vmdk'))).toContain('ddb.thinProvisioned = "1"');
  expect((await lab.runTask('InflateVirtualDisk_Task', diskManager, path)).fault).toBeUndefined();
  expect(String(await get(lab, 'disks/a.vmdk'))).not.toContain('thinProvisioned');
  expect(
    (await lab.runTask('InflateVirtualDisk_Task', diskManager, named('build01/build01.vmdk'))).fault,
  ).toBe('FileLocked');
});

test('a datastore is searched by name and kind, and folder by folder', async () => {
  const lab = await loggedIn();
  const searched = async (method: string, path: string, spec: string, datastore = 'datastore2') => {
    const content = `<datastorePath>[${datastore}] ${path}</datastorePath><searchSpec>${spec}</searchSpec>`;
    const { result, fault } = await lab.runTask(method, browser, content);
    return { result, fault };
  };
  const paths = (result: Parameters<typeof findAll>[0] | undefined) =>
    findAll(result!, 'file').map(file => [typeOf(file), textOf(file, 'path'), textOf(file, 'fileSize')]);
  const disks =
    '<query xsi:type="VmDiskFileQuery"/><details><fileType>1</fileType><fileSize>1</fileSize><modification>0</modification><fileOwner>0</fileOwner></details>';
  const found = await searched('SearchDatastore_Task', 'archive01', disks);
  expect(textOf(found.result, 'folderPath')).toBe('[datastore2] archive01/');
  expect(paths(found.result)).toEqual([['VmDiskFileInfo', 'archive01.vmdk', String(diskBytes)]]);
  const byName = await searched('SearchDatastore_Task', 'archive01/', '<matchPattern>*.VM?x</matchPattern>');
  expect(paths(byName.result)).toEqual([]);
  const anyCase = '<searchCaseInsensitive>1</searchCaseInsensitive><matchPattern>*.VMX</matchPattern>';
  expect(paths((await searched('SearchDatastore_Task', 'archive01/', anyCase)).result)).toEqual([
    ['FileInfo', 'archive01.vmx', undefined].map(value => (value === 'FileInfo' ? undefined : value)),
  ]);
  const all = await searched('SearchDatastoreSubFolders_Task', '', '<matchPattern>*.vmx</matchPattern>');
  expect(typeOf(all.result)).toBe('ArrayOfHostDatastoreBrowserSearchResults');
  expect(all.result!.children.map(folder => textOf(folder, 'folderPath'))).toEqual([
    '[datastore2]',
    '[datastore2] archive01/',
    '[datastore2] build01/',
  ]);
  expect(paths(all.result).map(([, path]) => path)).toEqual(['archive01.vmx', 'build01.vmx']);
  expect((await searched('SearchDatastore_Task', 'none', '')).fault).toBe('FileNotFound');
  expect((await searched('SearchDatastore_Task', 'web01', '', 'datastore1')).fault).toBe('InvalidArgument');
  const host = ['HostSystem', 'host-28'] as const;
  expect((await lab.read(host, 'datastoreBrowser'))?.text).toBe('datastoreBrowser-host-28');
});

const registration = (path: string, more = '') =>
  `<path>[datastore2] ${path}</path>${more}<asTemplate>0</asTemplate>${ref('pool', resourcePool)}`;

test('a VM that was unregistered comes back as its files say, with its bytes', async () => {
  const lab = await loggedIn();
  const annotated =
    '<spec><annotation>a "quoted" | text\nin two lines</annotation><changeTrackingEnabled>1</changeTrackingEnabled></spec>';
  await lab.runTask('ReconfigVM_Task', archive01, annotated.replaceAll('"', '&quot;'));
  await lab.control('POST', '/disks/archive01/2000/bytes', { offset: 5, length: 100, seed: 2 });
  const paths = [
    'config.name',
    'config.annotation',
    'config.guestId',
    'config.firmware',
    'config.uuid',
    'config.instanceUuid',
    'config.changeTrackingEnabled',
    'config.hardware.memoryMB',
    'config.hardware.device[4000].macAddress',
    'config.hardware.device[4000].backing.deviceName',
    'config.hardware.device[2000].backing.fileName',
    'config.hardware.device[2000].backing.uuid',
    'config.hardware.device[2000].unitNumber',
    'config.hardware.device[1000].busNumber',
  ];
  const seen = async (vm: readonly [string, string]) =>
    await Promise.all(paths.map(async path => (await lab.read(vm, path))?.text));
  const before = await seen(archive01);
  const flat = (await get(lab, 'archive01/archive01-flat.vmdk')) as Buffer;
  const nvram = (await get(lab, 'archive01/archive01.nvram')) as Buffer;
  expect(faultType(await lab.call('UnregisterVM', web01))).toBe('InvalidPowerState');
  const twice = await lab.runTask('RegisterVM_Task', vmFolder, registration('archive01/archive01.vmx'));
  expect(twice.fault).toBe('AlreadyExists');
  expect(faultType(await lab.call('UnregisterVM', archive01))).toBeUndefined();
  expect(await files(lab, 'archive01')).toContain('archive01-flat.vmdk');
  expect(await get(lab, 'archive01/archive01-flat.vmdk')).toEqual(flat);
  const { result, fault } = await lab.runTask(
    'RegisterVM_Task',
    vmFolder,
    registration('archive01/archive01.vmx'),
  );
  expect(fault).toBeUndefined();
  const again = ['VirtualMachine', result?.text ?? ''] as const;
  expect(again[1]).not.toBe(archive01[1]);
  expect(await seen(again)).toEqual(before);
  expect(await get(lab, 'archive01/archive01-flat.vmdk')).toEqual(flat);
  expect(await get(lab, 'archive01/archive01.nvram')).toEqual(nvram);
  expect((await lab.runTask('PowerOnVM_Task', again)).fault).toBeUndefined();
});

test('a VM is registered from a file that somebody wrote, unless what it needs is missing', async () => {
  const lab = await loggedIn();
  const register = async (path: string, more = '') =>
    await lab.runTask('RegisterVM_Task', vmFolder, registration(path, more));
  expect((await register('mine/mine.vmx')).fault).toBe('NotFound');
  await lab.call('MakeDirectory', fileManager, named('mine'));
  const vmx = [
    '#!/usr/bin/vmware',
    'displayName = "By hand"',
    'memsize = "512"',
    'numvcpus="3"',
    'guestOS = "rhel9-64"',
    'SCSI0.present = "true"',
    'scsi0.virtualDev = "lsilogic"',
    'scsi0:3.present = "TRUE"',
    'scsi0:3.fileName = "disk.vmdk"',
    'scsi0:3.mode = "independent-persistent"',
    'guestinfo.note = "kept"',
  ].join('\n');
  await put(lab, 'mine/mine.vmx', vmx);
  expect((await register('mine/mine.vmx')).fault).toBe('FileNotFound');
  await lab.runTask('CreateVirtualDisk_Task', diskManager, named('mine/disk.vmdk') + diskSpec(128));
  const { result } = await register('mine/mine.vmx');
  const vm = ['VirtualMachine', result?.text ?? ''] as const;
  const disk = await lab.read(vm, 'config.hardware.device[2000]');
  expect([textOf(disk, 'fileName'), textOf(disk, 'diskMode'), textOf(disk, 'unitNumber')]).toEqual([
    '[datastore2] mine/disk.vmdk',
    'independent_persistent',
    '3',
  ]);
  expect(typeOf(await lab.read(vm, 'config.hardware.device[1000]'))).toBe('VirtualLsiLogicController');
  expect((await lab.read(vm, 'config.guestFullName'))?.text).toBe('Red Hat Enterprise Linux 9 (64-bit)');
  const options = await lab.read(vm, 'config.extraConfig');
  expect(options!.children.map(option => [textOf(option, 'key'), textOf(option, 'value')])).toEqual([
    ['guestinfo.note', 'kept'],
  ]);
  expect((await lab.read(vm, 'name'))?.text).toBe('By hand');
  expect(find(await lab.read(vm, 'summary.config'), 'memorySizeMB')?.text).toBe('512');
});

test('a disk that was uploaded as descriptor and extent becomes a VM’s; another kind of disk does not', async () => {
  const lab = await loggedIn();
  await lab.call('MakeDirectory', fileManager, named('up'));
  const descriptor = String(await get(lab, 'archive01/archive01.vmdk')).replaceAll(
    'archive01-flat',
    'up-flat',
  );
  const flat = (await get(lab, 'archive01/archive01-flat.vmdk')) as Buffer;
  await put(lab, 'up/up.vmdk', descriptor);
  const attach =
    '<spec><deviceChange><operation>add</operation><device xsi:type="VirtualDisk"><key>-1</key>' +
    '<backing xsi:type="VirtualDiskFlatVer2BackingInfo"><fileName>[datastore2] up/up.vmdk</fileName><diskMode>persistent</diskMode></backing>' +
    '<controllerKey>1000</controllerKey><unitNumber>4</unitNumber><capacityInKB>0</capacityInKB></device></deviceChange></spec>';
  const attached = async () => (await lab.runTask('ReconfigVM_Task', web01, attach)).fault;
  expect(await attached()).toBe('GenericVmConfigFault');
  await put(lab, 'up/up-flat.vmdk', 'too short');
  expect(await attached()).toBe('GenericVmConfigFault');
  const path = '/folder/up/up-flat.vmdk?dcPath=Lab&dsName=datastore2';
  expect((await lab.http('PUT', path, flat)).status).toBe(200);
  await put(lab, 'up/up.vmdk', descriptor.replace('createType="vmfs"', 'createType="streamOptimized"'));
  expect(await attached()).toBe('GenericVmConfigFault');
  await put(lab, 'up/up.vmdk', descriptor);
  expect(await attached()).toBeUndefined();
  const query = `position=0&offset=0&length=${diskBytes}`;
  expect(await lab.control('GET', `/disks/web01/2001/bytes?${query}`)).toEqual(flat);
  // The VM says where the disk is, and that it is on two datastores now.
  expect((await lab.read(web01, 'config.hardware.device[2001].backing.datastore'))?.text).toBe(
    'datastore-32',
  );
  expect((await lab.read(web01, 'datastore'))?.children.map(({ text }) => text)).toEqual([
    'datastore-31',
    'datastore-32',
  ]);
});

const snapshotSpec = (name: string) =>
  `<name>${name}</name><description>d "${name}"</description><memory>0</memory><quiesce>0</quiesce>`;

test('a VM that had snapshots comes back with them', async () => {
  const lab = await loggedIn();
  const { result: first } = await lab.runTask('CreateSnapshot_Task', archive01, snapshotSpec('one'));
  const write = async (seed: number) =>
    await lab.control('POST', '/disks/archive01/2000/bytes', { offset: 0, length: 9, seed });
  await write(9);
  await lab.runTask('CreateSnapshot_Task', archive01, snapshotSpec('two'));
  await write(10);
  await lab.runTask('RevertToSnapshot_Task', ['VirtualMachineSnapshot', first?.text ?? '']);
  await lab.runTask('CreateSnapshot_Task', archive01, snapshotSpec('three'));
  await write(11);
  const told = async (self: Ref) => {
    const value = await lab.read(self, 'snapshot');
    const names = ['name', 'description', 'id', 'createTime'] as const;
    const tree = names.map(name => findAll(value!, name).map(({ text }) => text));
    const files = ['archive01.vmsd', 'archive01-flat.vmdk', 'archive01-000001-sesparse.vmdk'];
    const list = await Promise.all(files.map(async name => String(await get(lab, `archive01/${name}`))));
    const disk = await lab.read(self, 'config.hardware.device[2000].backing');
    return { tree, list, chain: findAll(disk!, 'fileName').map(({ text }) => text) };
  };
  const before = await told(archive01);
  expect(before.tree[0]).toEqual(['one', 'two', 'three']);
  await lab.call('UnregisterVM', archive01);
  const { result } = await lab.runTask('RegisterVM_Task', vmFolder, registration('archive01/archive01.vmx'));
  const again = ['VirtualMachine', result?.text ?? ''] as const;
  expect(await told(again)).toEqual(before);
  expect((await lab.read(again, 'runtime.consolidationNeeded'))?.text).toBe('false');

  const { result: fourth } = await lab.runTask('CreateSnapshot_Task', again, snapshotSpec('four'));
  expect(fourth?.text).toMatch(/^snapshot-/);
  expect(findAll((await lab.read(again, 'snapshot'))!, 'id').map(({ text }) => text)).toEqual([
    ...['1', '2', '3', '4'],
  ]);
  expect((await lab.runTask('RemoveAllSnapshots_Task', again)).fault).toBeUndefined();
  expect(await files(lab, 'archive01')).not.toContain('archive01-000001.vmdk');
  const { position } = (await lab.control('GET', '/disks/archive01/2000')) as { position: number };
  const bytes = await lab.control(
    'GET',
    `/disks/archive01/2000/bytes?position=${position}&offset=0&length=${diskBytes}`,
  );
  expect(await get(lab, 'archive01/archive01-flat.vmdk')).toEqual(bytes);
});

test('without the list of its snapshots a VM comes back with chains that need consolidation', async () => {
  const lab = await loggedIn();
  await lab.runTask('CreateSnapshot_Task', archive01, snapshotSpec('s'));
  await lab.control('POST', '/disks/archive01/2000/bytes', { offset: 0, length: 9, seed: 9 });
  const query = `position=1&offset=0&length=${diskBytes}`;
  const bytes = await lab.control('GET', `/disks/archive01/2000/bytes?${query}`);
  await lab.call('UnregisterVM', archive01);
  const list = named('archive01/archive01.vmsd');
  expect((await lab.runTask('DeleteDatastoreFile_Task', fileManager, list)).fault).toBeUndefined();
  const { result } = await lab.runTask('RegisterVM_Task', vmFolder, registration('archive01/archive01.vmx'));
  const again = ['VirtualMachine', result?.text ?? ''] as const;
  expect(await lab.read(again, 'snapshot')).toBeUndefined();
  expect(String(await get(lab, 'archive01/archive01.vmsd'))).toContain('snapshot.numSnapshots = "0"\n');
  expect((await lab.read(again, 'runtime.consolidationNeeded'))?.text).toBe('true');
  const backing = 'config.hardware.device[2000].backing';
  expect((await lab.read(again, `${backing}.fileName`))?.text).toBe(
    '[datastore2] archive01/archive01-000001.vmdk',
  );
  expect((await lab.runTask('ConsolidateVMDisks_Task', again)).fault).toBeUndefined();
  expect((await lab.read(again, `${backing}.fileName`))?.text).toBe('[datastore2] archive01/archive01.vmdk');
  expect(await get(lab, 'archive01/archive01-flat.vmdk')).toEqual(bytes);
});
