import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';

import { expect, test } from 'vitest';

import { GrainMap, grainBytes } from '../../../src/lab/disk/grainMap.ts';
import { writeStreamOptimized } from '../../../src/core/disk/vmdk/streamOptimizedWriter.ts';
import { anySignal } from '../../support/anySignal.ts';
import { collect } from '../../support/collect.ts';
import { pattern } from '../../support/pattern.ts';
import { diskAt, ready, unpack, urls } from './labExports.ts';
import {
  archive01,
  collector,
  db01,
  diskBytes,
  faultType,
  find,
  findAll,
  loggedIn,
  type Ref,
  ref,
  resourcePool,
  serviceInstance,
  startTestLab,
  type TestLab,
  textOf,
  typeOf,
  user,
  web01,
} from './labFixture.ts';

const sessionManager = ['SessionManager', 'SessionManager'] as const;

const snapshotSpec = (name: string) =>
  `<name>${name}</name><description>token</description><memory>0</memory>`;

async function takeSnapshot(lab: TestLab, vm: Ref, name = 's'): Promise<Ref> {
  const { result } = await lab.runTask(
    'CreateSnapshot_Task',
    vm,
    `${snapshotSpec(name)}<quiesce>1</quiesce>`,
  );
  return ['VirtualMachineSnapshot', result?.text ?? ''];
}

async function diskFiles(lab: TestLab, self: Ref): Promise<(string | undefined)[]> {
  const devices = await lab.read(self, 'config.hardware.device');
  const disks = devices?.children.filter(device => typeOf(device) === 'VirtualDisk') ?? [];
  return disks.flatMap(disk => findAll(disk, 'fileName').map(name => name.text));
}

test('without a session only the service itself can be asked for', async () => {
  const lab = await startTestLab();
  const content = await lab.call('RetrieveServiceContent', serviceInstance);
  expect(textOf(content, 'fullName')).toContain('simulation');
  expect(
    faultType(
      await lab.call('FindAllByUuid', ['SearchIndex', 'SearchIndex'], '<uuid>a</uuid><vmSearch>1</vmSearch>'),
    ),
  ).toBe('NotAuthenticated');
  const wrong = await lab.call(
    'Login',
    sessionManager,
    `<userName>${user}</userName><password>wrong</password>`,
  );
  expect(faultType(wrong)).toBe('InvalidLogin');
  await lab.login();
  expect((await lab.read(web01, 'name'))?.text).toBe('web01');
  await lab.call('Logout', sessionManager);
  expect(
    faultType(
      await lab.call('FindAllByUuid', ['SearchIndex', 'SearchIndex'], '<uuid>a</uuid><vmSearch>1</vmSearch>'),
    ),
  ).toBe('NotAuthenticated');
});

test('a client that is refused while it sends hears why, not that the connection broke', async () => {
  const lab = await startTestLab();
  const { hostname, port } = new URL(lab.lab.url);
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const half = Buffer.alloc(1024 * 1024, 'x');
  socket.write(
    `PUT /guestFile?token=none HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Length: ${2 * half.length}\r\n\r\n`,
  );
  socket.write(half);
  // Long enough for a hasty refusal to end the connection. Such a client reads only after it has written everything.
  await new Promise(resolve => setTimeout(resolve, 200));
  await new Promise<void>((resolve, reject) => {
    socket.write(half, error => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 404 /);
});

test('an expired session is over at the next call', async () => {
  const lab = await loggedIn();
  await lab.control('POST', '/sessions/expire');
  await expect(lab.read(web01, 'name')).rejects.toThrow(/not authenticated/);
  expect(await lab.control('GET', '/sessions')).toMatchObject({ live: [], past: [{ userName: user }] });
});

test('faults of requests come as HTTP 500, with the objects that are not there named', async () => {
  const lab = await loggedIn();
  const answer = await lab.call('PowerOnVM_Task', ['VirtualMachine', 'vm-9']);
  expect(faultType(answer)).toBe('ManagedObjectNotFound');
  expect(textOf(answer, 'obj')).toBe('vm-9');
  expect(faultType(await lab.call('PowerOnVM_Task', resourcePool))).toBe('MethodNotFound');
  expect(
    faultType(
      await lab.call(
        'CloneVM_Task',
        web01,
        `${ref('folder', ['Folder', 'group-v22'])}<name>x</name><spec><location/><template>0</template><powerOn>0</powerOn></spec>`,
      ),
    ),
  ).toBe('MethodNotFound');
  const { status } = await lab.http('POST', '/sdk', '<nonsense/>');
  expect(status).toBe(500);
});

test('folders are traversed by selection sets that name each other', async () => {
  const lab = await loggedIn();
  const traversal = (name: string, type: string, path: string, next: readonly string[]) =>
    `<selectSet xsi:type="TraversalSpec"><name>${name}</name><type>${type}</type><path>${path}</path>${next
      .map(other => `<selectSet><name>${other}</name></selectSet>`)
      .join('')}</selectSet>`;
  const spec =
    '<specSet><propSet><type>VirtualMachine</type><pathSet>name</pathSet><pathSet>runtime.powerState</pathSet></propSet>' +
    `<objectSet>${ref('obj', ['Folder', 'group-d1'])}` +
    traversal('folders', 'Folder', 'childEntity', ['folders', 'datacenters']) +
    traversal('datacenters', 'Datacenter', 'vmFolder', ['folders']) +
    '</objectSet></specSet><options/>';
  const answer = await lab.call('RetrievePropertiesEx', collector, spec);
  const found = findAll(answer, 'objects').map(object => findAll(object, 'val').map(val => val.text));
  expect(found.sort()).toEqual([
    ['archive01', 'poweredOff'],
    ['build01', 'poweredOn'],
    ['db01', 'poweredOn'],
    ['web01', 'poweredOn'],
  ]);
});

const oneProperty = (type: string, path: string, object: Ref) =>
  `<specSet><propSet><type>${type}</type><pathSet>${path}</pathSet></propSet><objectSet>${ref('obj', object)}</objectSet></specSet><options/>`;

test.each([
  [
    'an element of a list by its key',
    'config.hardware.device[2000].backing.fileName',
    '[datastore1] web01/web01.vmdk',
  ],
  ['a field of a derived type', 'config.hardware.device[1000].sharedBus', 'noSharing'],
  ['a nested field', 'summary.config.guestId', 'debian12_64Guest'],
])('property paths reach %s', async (_, path, expected) => {
  const lab = await loggedIn();
  expect((await lab.read(web01, path))?.text).toBe(expected);
});

test.each(['nonsense', 'config.nonsense', 'name.length', 'config.hardware.device.key', 'config..name', ''])(
  'the path "%s" is no property',
  async path => {
    const lab = await loggedIn();
    const answer = await lab.call(
      'RetrievePropertiesEx',
      collector,
      oneProperty('VirtualMachine', path, web01),
    );
    expect(faultType(answer)).toBe('InvalidProperty');
  },
);

test('an unset property is left out', async () => {
  const lab = await loggedIn();
  expect(await lab.read(web01, 'snapshot')).toBeUndefined();
});

test('no answer holds more than a hundred objects, and the rest comes by token', async () => {
  const lab = await loggedIn();
  for (let index = 0; index < 120; index += 1) {
    const spec = `<spec xsi:type="VirtualMachineImportSpec"><configSpec><name>vm ${index}</name></configSpec></spec>`;
    const lease = await ready(lab, await lab.call('ImportVApp', resourcePool, spec));
    await lab.call('HttpNfcLeaseComplete', lease);
  }
  const view = find(
    await lab.call(
      'CreateContainerView',
      ['ViewManager', 'ViewManager'],
      `${ref('container', ['Folder', 'group-d1'])}<type>VirtualMachine</type><recursive>1</recursive>`,
    ),
    'returnval',
  );
  const spec = (options: string) =>
    '<specSet><propSet><type>VirtualMachine</type><pathSet>name</pathSet></propSet><objectSet>' +
    `${ref('obj', ['ContainerView', view?.text ?? ''])}<skip>1</skip><selectSet xsi:type="TraversalSpec"><type>ContainerView</type><path>view</path></selectSet>` +
    `</objectSet></specSet>${options}`;
  for (const [options, sizes] of [
    ['<options/>', [100, 24]],
    ['<options><maxObjects>500</maxObjects></options>', [100, 24]],
    ['<options><maxObjects>50</maxObjects></options>', [50, 50, 24]],
  ] as const) {
    const names = new Set<string>();
    let answer = await lab.call('RetrievePropertiesEx', collector, spec(options));
    for (const [page, size] of sizes.entries()) {
      expect(findAll(answer, 'objects')).toHaveLength(size);
      for (const val of findAll(answer, 'val')) names.add(val.text);
      const token = textOf(answer, 'token');
      expect(token === undefined).toBe(page === sizes.length - 1);
      if (token === undefined) break;
      answer = await lab.call('ContinueRetrievePropertiesEx', collector, `<token>${token}</token>`);
      expect(
        faultType(await lab.call('ContinueRetrievePropertiesEx', collector, `<token>${token}</token>`)),
      ).toBe('InvalidArgument');
    }
    expect(names.size).toBe(124);
  }
});

test('updates tell what has changed since, once, and again to who has lost an answer', async () => {
  const lab = await loggedIn();
  const spec =
    '<spec><propSet><type>VirtualMachine</type><pathSet>name</pathSet><pathSet>snapshot.currentSnapshot</pathSet></propSet>' +
    `<objectSet>${ref('obj', web01)}</objectSet></spec><partialUpdates>0</partialUpdates>`;
  await lab.call('CreateFilter', collector, spec);
  const wait = async (version: string, seconds = 0) =>
    await lab.call(
      'WaitForUpdatesEx',
      collector,
      `<version>${version}</version><options><maxWaitSeconds>${seconds}</maxWaitSeconds></options>`,
    );
  const first = await wait('');
  expect(textOf(first, 'kind')).toBe('enter');
  const version = textOf(first, 'version') ?? '';
  expect(find(await wait(version), 'returnval')).toBeUndefined();

  const waiting = wait(version, 30);
  const snapshot = await takeSnapshot(lab, web01);
  const second = await waiting;
  expect(findAll(second, 'changeSet').map(change => [textOf(change, 'name'), textOf(change, 'val')])).toEqual(
    [['snapshot.currentSnapshot', snapshot[1]]],
  );
  expect(textOf(await wait(version), 'version')).toBe(textOf(second, 'version'));

  await lab.runTask('RemoveSnapshot_Task', snapshot, '<removeChildren>0</removeChildren>');
  const third = await wait(textOf(second, 'version') ?? '');
  expect(findAll(third, 'changeSet').map(change => [textOf(change, 'name'), find(change, 'val')])).toEqual([
    ['snapshot.currentSnapshot', undefined],
  ]);
  expect(faultType(await wait('77'))).toBe('InvalidCollectorVersion');

  const canceled = wait(textOf(third, 'version') ?? '', 30);
  await lab.read(web01, 'name');
  await lab.call('CancelWaitForUpdates', collector);
  expect(faultType(await canceled)).toBe('RequestCanceled');
});

test('what no longer is leaves a filter', async () => {
  const lab = await loggedIn();
  const view = find(
    await lab.call(
      'CreateContainerView',
      ['ViewManager', 'ViewManager'],
      `${ref('container', ['Folder', 'group-d1'])}<type>VirtualMachine</type><recursive>1</recursive>`,
    ),
    'returnval',
  );
  const spec =
    '<spec><propSet><type>VirtualMachine</type><pathSet>name</pathSet></propSet><objectSet>' +
    `${ref('obj', ['ContainerView', view?.text ?? ''])}<skip>1</skip><selectSet xsi:type="TraversalSpec"><type>ContainerView</type><path>view</path></selectSet>` +
    '</objectSet></spec><partialUpdates>1</partialUpdates>';
  await lab.call('CreateFilter', collector, spec);
  const options = (version: string, max: number) =>
    `<version>${version}</version><options><maxWaitSeconds>0</maxWaitSeconds><maxObjectUpdates>${max}</maxObjectUpdates></options>`;
  const first = await lab.call('WaitForUpdatesEx', collector, options('', 3));
  expect([findAll(first, 'objectSet').length, textOf(first, 'truncated')]).toEqual([3, 'true']);
  const second = await lab.call('WaitForUpdatesEx', collector, options(textOf(first, 'version') ?? '', 3));
  expect([findAll(second, 'objectSet').length, textOf(second, 'truncated')]).toEqual([1, undefined]);
  expect((await lab.runTask('Destroy_Task', archive01)).fault).toBeUndefined();
  const third = await lab.call('WaitForUpdatesEx', collector, options(textOf(second, 'version') ?? '', 3));
  expect(findAll(third, 'objectSet').map(update => [textOf(update, 'kind'), textOf(update, 'obj')])).toEqual([
    ['leave', archive01[1]],
  ]);
});

test('snapshots lengthen the chains of files, and their removal shortens them again', async () => {
  const lab = await loggedIn();
  const base = '[datastore1] db01/db01';
  const chain = (...numbers: number[]) =>
    ['.vmdk', '_1.vmdk'].flatMap(end =>
      numbers.map(number => base + (number === 0 ? end : end.replace('.', `-00000${number}.`))),
    );
  expect(await diskFiles(lab, db01)).toEqual(chain(0));
  const first = await takeSnapshot(lab, db01, 'one');
  expect(await diskFiles(lab, db01)).toEqual(chain(1, 0));
  const second = await takeSnapshot(lab, db01, 'two');
  expect(await diskFiles(lab, db01)).toEqual(chain(2, 1, 0));
  expect(await diskFiles(lab, first)).toEqual(chain(0));
  expect(await diskFiles(lab, second)).toEqual(chain(1, 0));
  const tree = await lab.read(db01, 'snapshot');
  expect(findAll(tree!, 'name').map(name => name.text)).toEqual(['one', 'two']);
  expect([textOf(tree, 'quiesced'), textOf(tree, 'currentSnapshot')]).toEqual(['true', second[1]]);

  await lab.runTask('RemoveSnapshot_Task', first, '<removeChildren>0</removeChildren>');
  expect(await diskFiles(lab, second)).toEqual(chain(0));
  expect(await diskFiles(lab, db01)).toEqual(chain(2, 0));
  await takeSnapshot(lab, db01, 'three');
  expect(await diskFiles(lab, db01)).toEqual(chain(1, 2, 0));
  await lab.runTask('RemoveSnapshot_Task', second, '<removeChildren>1</removeChildren>');
  expect(await diskFiles(lab, db01)).toEqual(chain(0));
  expect(await lab.read(db01, 'snapshot')).toBeUndefined();
  expect(await lab.control('GET', '/snapshots')).toMatchObject([
    { vm: 'db01', name: 'one', description: 'token', disks: [{ deviceKey: 2000 }, { deviceKey: 2001 }] },
    { name: 'two' },
    { name: 'three', removeTime: expect.any(String) as string },
  ]);
});

test('a guest that cannot be quiesced fails the snapshot, and another VM’s does not', async () => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', { refuseQuiesce: ['web01'] });
  const quiesced = `${snapshotSpec('q')}<quiesceSpec xsi:type="VirtualMachineGuestQuiesceSpec"/>`;
  expect((await lab.runTask('CreateSnapshotEx_Task', web01, quiesced)).fault).toBe('ApplicationQuiesceFault');
  expect(await diskFiles(lab, web01)).toEqual(['[datastore1] web01/web01.vmdk']);
  expect((await lab.runTask('CreateSnapshotEx_Task', web01, snapshotSpec('plain'))).fault).toBeUndefined();
  expect((await lab.runTask('CreateSnapshotEx_Task', db01, quiesced)).fault).toBeUndefined();
});

test('a planned fault hits as often as it was planned, and only its method', async () => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', {
    methods: [
      {
        method: 'PowerOffVM_Task',
        fault: 'TaskInProgress',
        fields: { task: { type: 'Task', value: 't' } },
        times: 2,
      },
    ],
  });
  const calls = [await lab.runTask('PowerOffVM_Task', web01), await lab.runTask('PowerOffVM_Task', web01)];
  expect(calls.map(call => call.fault)).toEqual(['TaskInProgress', 'TaskInProgress']);
  expect((await lab.runTask('PowerOffVM_Task', web01)).fault).toBeUndefined();
  expect((await lab.runTask('PowerOffVM_Task', web01)).fault).toBe('InvalidPowerState');
});

test('a task can be cancelled', async () => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', { taskStepMs: 60_000 });
  const started = await lab.call('CreateSnapshot_Task', web01, `${snapshotSpec('a')}<quiesce>0</quiesce>`);
  const task: Ref = ['Task', find(started, 'returnval')?.text ?? ''];
  expect(faultType(await lab.call('PowerOffVM_Task', web01))).toBe('TaskInProgress');
  await lab.call('CancelTask', task);
  while ((await lab.read(task, 'info.state'))?.text !== 'error');
  expect((await lab.read(task, 'info.cancelled'))?.text).toBe('true');
  expect(typeOf(await lab.read(task, 'info.error.fault'))).toBe('RequestCanceled');
  await lab.control('POST', '/faults', { taskStepMs: 0 });
  expect((await lab.runTask('PowerOffVM_Task', web01)).fault).toBeUndefined();
});

test('an exported disk holds the bytes of the snapshot’s moment, twice, although the guest goes on', async () => {
  const lab = await loggedIn();
  await lab.control('POST', '/disks/web01/2000/burst', { bytes: 20_000, offset: 30_000 });
  const snapshot = await takeSnapshot(lab, web01);
  await lab.control('POST', '/disks/web01/2000/burst', { bytes: 40_000, scattered: true });
  const history = (await lab.control('GET', '/snapshots')) as { disks: { position: number }[] }[];
  const position = history[0]?.disks[0]?.position ?? -1;
  const frozen = await diskAt(lab, 'web01', 2000, position);
  const now = (await lab.control('GET', '/disks/web01/2000')) as { position: number };
  expect(now.position).toBeGreaterThan(position);
  expect(frozen.equals(await diskAt(lab, 'web01', 2000, now.position))).toBe(false);

  for (const vmdkDialect of ['vsphere', 'qemu']) {
    await lab.control('POST', '/faults', { vmdkDialect });
    const lease = await ready(lab, await lab.call('ExportSnapshot', snapshot));
    const [path = ''] = await urls(lab, lease);
    for (let read = 0; read < 2; read += 1) {
      const vmdk = await lab.http('GET', path);
      expect(Buffer.compare(await unpack(vmdk.body), frozen)).toBe(0);
      const entry = await lab.call('HttpNfcLeaseGetManifest', lease);
      expect([textOf(entry, 'sha1'), textOf(entry, 'size')]).toEqual([
        createHash('sha1').update(vmdk.body).digest('hex'),
        String(vmdk.body.length),
      ]);
    }
    expect((await lab.http('GET', path.replace(/nfc\/./, 'nfc/x'))).status).toBe(404);
    expect(
      faultType(await lab.call('RemoveSnapshot_Task', snapshot, '<removeChildren>0</removeChildren>')),
    ).toBe('TaskInProgress');
    await lab.call('HttpNfcLeaseComplete', lease);
    expect((await lab.http('GET', path)).status).toBe(404);
    expect(faultType(await lab.call('HttpNfcLeaseProgress', lease, '<percent>1</percent>'))).toBe(
      'InvalidState',
    );
  }
  const { sha256 } = (await lab.control('GET', `/disks/web01/2000/sha256?position=${position}`)) as {
    sha256: string;
  };
  expect(sha256).toBe(createHash('sha256').update(frozen).digest('hex'));
});

test.each([
  ['cut', { status: 200, complete: false, bodyBytes: 70_000 }],
  ['truncate', { status: 200, complete: true, bodyBytes: 70_000 }],
  ['unavailable', { status: 503, complete: true, bodyBytes: undefined }],
] as const)('a stream can be made to fail: %s', async (kind, expected) => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', { streams: [{ kind, afterBytes: 70_000, vm: 'archive01' }] });
  const [path = ''] = await urls(lab, await ready(lab, await lab.call('ExportVm', archive01)));
  const answer = await lab.http('GET', path);
  expect(answer).toMatchObject({ status: expected.status, complete: expected.complete });
  if (expected.bodyBytes !== undefined) expect(answer.body).toHaveLength(expected.bodyBytes);
  const whole = await lab.http('GET', path);
  expect(Buffer.compare(await unpack(whole.body), await diskAt(lab, 'archive01', 2000, 0))).toBe(0);
});

test('a running VM can be exported only through a snapshot', async () => {
  const lab = await loggedIn();
  expect(faultType(await lab.call('ExportVm', web01))).toBe('InvalidPowerState');
});

const importSpec = (name: string) =>
  `<spec xsi:type="VirtualMachineImportSpec"><configSpec><name>${name}</name><guestId>ubuntu64Guest</guestId><numCPUs>3</numCPUs><memoryMB>777</memoryMB>` +
  '<deviceChange><operation>add</operation><device xsi:type="ParaVirtualSCSIController"><key>-5</key><busNumber>0</busNumber><sharedBus>noSharing</sharedBus></device></deviceChange>' +
  '<deviceChange><operation>add</operation><device xsi:type="VirtualDisk"><key>-6</key>' +
  '<backing xsi:type="VirtualDiskFlatVer2BackingInfo"><fileName></fileName><diskMode>persistent</diskMode><thinProvisioned>1</thinProvisioned></backing>' +
  `<controllerKey>-5</controllerKey><unitNumber>1</unitNumber><capacityInKB>${diskBytes / 1024}</capacityInKB></device></deviceChange>` +
  '<extraConfig><key>token</key><value xsi:type="xsd:string">t</value></extraConfig></configSpec></spec>';

async function vmdkOf(bytes: Uint8Array): Promise<Buffer> {
  const blocks = (async function* () {
    yield { offsetBytes: 0, bytes };
  })();
  return Buffer.concat(await collect(writeStreamOptimized(bytes.length, blocks, {}, anySignal)));
}

test('an imported VM has the hardware of its spec and the bytes that were sent', async () => {
  const lab = await loggedIn();
  const lease = await ready(lab, await lab.call('ImportVApp', resourcePool, importSpec('new')));
  const info = await lab.read(lease, 'info');
  expect(textOf(info, 'importKey')).toBe('/new/ParaVirtualSCSIController0:1');
  const vm: Ref = ['VirtualMachine', textOf(info, 'entity') ?? ''];
  expect(faultType(await lab.call('PowerOnVM_Task', vm))).toBe('TaskInProgress');
  const [path = ''] = await urls(lab, lease);
  const content = pattern(diskBytes, 0, 99);
  const vmdk = await vmdkOf(content);
  expect((await lab.http('GET', path)).status).toBe(405);
  expect((await lab.http('POST', path, vmdk.subarray(0, -2000))).status).toBe(400);
  expect((await lab.http('POST', path, await vmdkOf(pattern(diskBytes + grainBytes)))).status).toBe(400);
  expect((await diskAt(lab, 'new', 2000, 0)).every(byte => byte === 0)).toBe(true);
  expect((await lab.http('POST', path, vmdk)).status).toBe(200);
  await lab.call('HttpNfcLeaseProgress', lease, '<percent>100</percent>');
  await lab.call('HttpNfcLeaseComplete', lease);
  expect((await lab.read(lease, 'state'))?.text).toBe('done');
  expect(Buffer.compare(await diskAt(lab, 'new', 2000, 0), content)).toBe(0);

  expect((await lab.read(vm, 'summary.config.memorySizeMB'))?.text).toBe('777');
  expect((await lab.read(vm, 'config.hardware.device[2000].controllerKey'))?.text).toBe('1000');
  const spec =
    '<spec><annotation>done</annotation><extraConfig><key>token</key><value xsi:type="xsd:string"></value></extraConfig></spec>';
  expect((await lab.runTask('ReconfigVM_Task', vm, spec)).fault).toBeUndefined();
  const extraConfig = await lab.read(vm, 'config.extraConfig');
  expect(findAll(extraConfig!, 'key').map(key => key.text)).not.toContain('token');
  expect((await lab.read(vm, 'config.annotation'))?.text).toBe('done');
  expect(faultType(await lab.call('ImportVApp', resourcePool, importSpec('new')))).toBe('DuplicateName');
});

test('an import that is aborted leaves no VM', async () => {
  const lab = await loggedIn();
  const lease = await ready(lab, await lab.call('ImportVApp', resourcePool, importSpec('new')));
  await lab.call('HttpNfcLeaseAbort', lease);
  expect((await lab.read(lease, 'state'))?.text).toBe('error');
  expect(JSON.stringify(await lab.control('GET', '/vms'))).not.toContain('"new"');
});

test('the control API answers nobody without the token', async () => {
  const lab = await startTestLab();
  expect((await lab.http('GET', '/lab/vms')).status).toBe(401);
  expect((await lab.http('GET', '/lab/vms', undefined, { Authorization: 'Bearer x' })).status).toBe(401);
  await expect(lab.control('GET', '/nonsense')).rejects.toThrow('404');
  await expect(lab.control('POST', '/faults', { nonsense: 1 })).rejects.toThrow('400');
  await expect(lab.control('GET', '/disks/web01/2000/bytes?position=99&length=1')).rejects.toThrow('404');
});

test('a burst stays in the blocks of its file', async () => {
  const lab = await startTestLab();
  const before = await diskAt(lab, 'build01', 2000, 0);
  await lab.control('POST', '/disks/build01/2000/burst', { bytes: 1_000_000, offset: 5 });
  const after = await diskAt(
    lab,
    'build01',
    2000,
    ((await lab.control('GET', '/disks/build01/2000')) as { position: number }).position,
  );
  const changed = GrainMap.empty(diskBytes);
  for (let offset = 0; offset < diskBytes; offset += 1)
    if (before[offset] !== after[offset]) changed.addRange(offset, 1);
  expect([...changed.grains()]).toEqual([4, 5, 8]);
  expect(before.subarray(8 * grainBytes + 32 * 1024).equals(after.subarray(8 * grainBytes + 32 * 1024))).toBe(
    true,
  );
});
