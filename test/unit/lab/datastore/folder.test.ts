import { expect, test } from 'vitest';

import { pattern } from '../../../support/pattern.ts';
import {
  allText,
  archive01,
  diskBytes,
  faultType,
  find,
  findAll,
  loggedIn,
  password,
  startTestLab,
  type TestLab,
  textOf,
  user,
  web01,
} from '../labFixture.ts';

const at = (path: string, datastore = 'datastore1', datacenter = 'Lab') =>
  `/folder/${path}?dcPath=${datacenter}&dsName=${datastore}`;

const basic = (name: string, word: string) => ({
  Authorization: `Basic ${Buffer.from(`${name}:${word}`).toString('base64')}`,
});

const snapshotSpec = '<name>s</name><description></description><memory>0</memory><quiesce>0</quiesce>';

test('nobody reads files without a proof: a session, the password, or a ticket for just that request', async () => {
  const lab = await startTestLab();
  const path = at('web01/web01.vmx');
  expect((await lab.http('GET', path)).status).toBe(401);
  expect((await lab.http('GET', path, undefined, basic(user, 'wrong'))).status).toBe(401);
  expect((await lab.http('GET', path, undefined, { Authorization: 'Basic !' })).status).toBe(401);
  expect((await lab.http('GET', path, undefined, basic(user, password))).status).toBe(200);
  expect((await lab.http('GET', path, undefined, { Cookie: 'vmware_cgi_ticket=00' })).status).toBe(401);
  await lab.login();
  expect((await lab.http('GET', path)).status).toBe(200);
  const ticket = async (method: string) => {
    const url = `${lab.lab.url}${path}`.replaceAll('&', '&amp;');
    const spec = `<spec xsi:type="SessionManagerHttpServiceRequestSpec"><method>${method}</method><url>${url}</url></spec>`;
    const answer = await lab.call('AcquireGenericServiceTicket', ['SessionManager', 'SessionManager'], spec);
    return textOf(answer, 'id') ?? '';
  };
  const [get, put] = [await ticket('httpGet'), await ticket('httpPut')];
  await lab.call('Logout', ['SessionManager', 'SessionManager']);
  const show = async (method: string, target: string, id: string, body?: string) =>
    (await lab.http(method, target, body, { Cookie: `vmware_cgi_ticket=${id}` })).status;
  expect(await show('GET', at('web01/web01.vmsd'), get)).toBe(403);
  expect(await show('PUT', path, get, 'x')).toBe(403);
  expect(await show('GET', path, put)).toBe(403);
  expect(await show('GET', path, get)).toBe(200);
  expect(await show('GET', path, get)).toBe(401);
});

test.each([
  ['a file that is not there', at('web01/none.vmx'), 404],
  ['a folder that is not there', at('none/'), 404],
  ['a datastore that is not there', at('web01/web01.vmx', 'none'), 404],
  ['a datastore of nowhere', at('web01/web01.vmx', 'datastore1', 'None'), 404],
  ['no datacenter', '/folder/web01/web01.vmx?dsName=datastore1', 404],
  ['a way out of the datastore', at('web01/%2e%2e%2f%2e%2e/etc/passwd'), 403],
  ['what is not encoded', at('%ff'), 400],
])('%s is refused', async (_, path, status) => {
  const lab = await loggedIn();
  expect((await lab.http('GET', path)).status).toBe(status);
});

test('folders are listed, from the datacenters down to the files', async () => {
  const lab = await loggedIn();
  const names = async (path: string) => {
    const { status, body } = await lab.http('GET', path);
    expect(status).toBe(200);
    return [...body.toString().matchAll(/>([^<>]+)<\/a>/g)].map(([, name]) => name);
  };
  expect(await names('/folder')).toEqual(['Lab']);
  expect(await names('/folder?dcPath=Lab')).toEqual(['datastore1', 'datastore2']);
  expect(await names(at(''))).toEqual(['db01/', 'web01/']);
  expect(await names(at('web01'))).toEqual([
    'vmware.log',
    'web01-flat.vmdk',
    'web01.nvram',
    'web01.vmdk',
    'web01.vmsd',
    'web01.vmx',
  ]);
});

test('the files of a VM say what the API says', async () => {
  const lab = await loggedIn();
  const vmx = (await lab.http('GET', at('web01/web01.vmx'))).body.toString();
  expect(vmx).toContain('displayName = "web01"\n');
  expect(vmx).toContain('guestOS = "debian12-64"\n');
  expect(vmx).toContain('scsi0:0.fileName = "web01.vmdk"\n');
  expect(vmx).toContain('ethernet0.networkName = "VM Network"\n');
  const files = await lab.read(web01, 'layoutEx');
  for (const file of findAll(files!, 'file')) {
    const path = textOf(file, 'name')?.replace('[datastore1] ', '') ?? '';
    const { body, status } = await lab.http('HEAD', at(path));
    expect([path, status, body.length]).toEqual([path, path.endsWith('-flat.vmdk') ? 500 : 200, 0]);
    if (status === 200 || path.endsWith('-flat.vmdk')) continue;
    expect((await lab.http('GET', at(path))).body).toHaveLength(Number(textOf(file, 'size')));
  }
});

test('the extent a running VM writes to is locked; what a snapshot froze can be read, and is what it was', async () => {
  const lab = await loggedIn();
  const flat = at('web01/web01-flat.vmdk');
  const locked = await lab.http('GET', flat);
  expect([locked.status, locked.body.toString()]).toEqual([500, 'Failed to lock the file']);
  expect((await lab.http('PUT', flat, 'x')).status).toBe(500);
  const { result } = await lab.runTask('CreateSnapshot_Task', web01, snapshotSpec);
  await lab.control('POST', '/disks/web01/2000/burst', { bytes: 100_000, scattered: true });
  const { body } = await lab.http('GET', flat);
  expect(body.equals(await frozen(lab, 'web01'))).toBe(true);

  const descriptor = (await lab.http('GET', at('web01/web01-000001.vmdk'))).body.toString();
  const base = (await lab.http('GET', at('web01/web01.vmdk'))).body.toString();
  expect(descriptor).toContain('parentFileNameHint="web01.vmdk"');
  expect(/parentCID=(\w+)/.exec(descriptor)?.[1]).toBe(/\nCID=(\w+)/.exec(base)?.[1]);
  expect(base).toContain(`RW ${diskBytes / 512} VMFS "web01-flat.vmdk"`);
  expect(descriptor).toContain(`RW ${diskBytes / 512} SESPARSE "web01-000001-sesparse.vmdk"`);
  expect((await lab.http('GET', at('web01/web01-000001-sesparse.vmdk'))).status).toBe(500);
  await lab.control('POST', '/faults', { frozenExtents: 'locked' });
  expect((await lab.http('GET', flat)).status).toBe(500);
  await lab.control('DELETE', '/faults');

  const snapshot = ['VirtualMachineSnapshot', result?.text ?? ''] as const;
  await lab.runTask('RemoveSnapshot_Task', snapshot, '<removeChildren>0</removeChildren>');
  expect((await lab.http('GET', at('web01/web01-000001.vmdk'))).status).toBe(404);
  await lab.runTask('PowerOffVM_Task', web01);
  expect((await lab.http('GET', flat)).status).toBe(200);
});

async function frozen(lab: TestLab, vm: string): Promise<Buffer> {
  const history = (await lab.control('GET', '/snapshots')) as { disks: { position: number }[] }[];
  const position = history.at(-1)?.disks[0]?.position ?? -1;
  const query = `position=${position}&offset=0&length=${diskBytes}`;
  return (await lab.control('GET', `/disks/${vm}/2000/bytes?${query}`)) as Buffer;
}

test.each([
  ['bytes=100-299', 206, 100, 300],
  ['bytes=1310000-', 206, 1_310_000, diskBytes],
  ['bytes=-7', 206, diskBytes - 7, diskBytes],
  ['bytes=0-99999999', 206, 0, diskBytes],
  ['bytes=5-4', 200, 0, diskBytes],
  ['bytes=0-1,5-6', 200, 0, diskBytes],
  ['lines=0-1', 200, 0, diskBytes],
  [`bytes=${diskBytes}-`, 416, 0, 0],
  ['bytes=-0', 416, 0, 0],
])('the range %s is answered with %d', async (range, status, from, until) => {
  const lab = await loggedIn();
  const content = (await lab.http('GET', at('archive01/archive01-flat.vmdk', 'datastore2'))).body;
  const answer = await lab.http('GET', at('archive01/archive01-flat.vmdk', 'datastore2'), undefined, {
    Range: range,
  });
  expect(answer.status).toBe(status);
  expect(answer.body.equals(content.subarray(from, until))).toBe(true);
  const expected = { 206: `bytes ${from}-${until - 1}/${diskBytes}`, 416: `bytes */${diskBytes}` }[status];
  expect(answer.headers['content-range']).toBe(expected);
});

test('a part is given only of the file that was meant', async () => {
  const lab = await loggedIn();
  const path = at('archive01/note.txt', 'datastore2');
  expect((await lab.http('PUT', path, 'first text')).status).toBe(201);
  const { headers } = await lab.http('HEAD', path);
  const part = async (onlyIf: string) =>
    await lab.http('GET', path, undefined, { Range: 'bytes=0-4', 'If-Range': onlyIf });
  expect((await part(headers.etag ?? '')).body.toString()).toBe('first');
  expect((await lab.http('PUT', path, 'second text!')).status).toBe(200);
  expect(await part(headers.etag ?? '')).toMatchObject({ status: 200 });
  expect((await part(headers.etag ?? '')).body.toString()).toBe('second text!');
});

test('files are written whole, into folders that are there; disks that are off keep their size', async () => {
  const lab = await loggedIn();
  const there = (path: string) => at(path, 'datastore2');
  expect((await lab.http('PUT', there('none/a.txt'), 'x')).status).toBe(409);
  expect((await lab.http('PUT', there('archive01'), 'x')).status).toBe(409);
  expect((await lab.http('PUT', there(''), 'x')).status).toBe(403);
  expect((await lab.http('DELETE', there('archive01/archive01.vmx'))).status).toBe(405);
  expect(
    (await lab.http('PUT', there('archive01/a.txt'), 'x', { 'Content-Range': 'bytes 0-0/2' })).status,
  ).toBe(501);
  const large = pattern(5 * 1024 * 1024 + 3);
  expect((await lab.http('PUT', there('archive01/large.bin'), large)).status).toBe(201);
  expect((await lab.http('GET', there('archive01/large.bin'))).body.equals(large)).toBe(true);

  const flat = there('archive01/archive01-flat.vmdk');
  expect((await lab.http('PUT', flat, large)).status).toBe(400);
  const content = pattern(diskBytes, 0, 42);
  expect((await lab.http('PUT', flat, content)).status).toBe(200);
  const { position } = (await lab.control('GET', '/disks/archive01/2000')) as { position: number };
  const query = `position=${position}&offset=0&length=${diskBytes}`;
  const disk = (await lab.control('GET', `/disks/archive01/2000/bytes?${query}`)) as Buffer;
  expect(disk.equals(content)).toBe(true);

  const nvram = Buffer.from('restored');
  expect((await lab.http('PUT', there('archive01/archive01.nvram'), nvram)).status).toBe(200);
  expect((await lab.http('GET', there('archive01/archive01.nvram'))).body.equals(nvram)).toBe(true);
});

test('a VM that was never on has no firmware variables', async () => {
  const lab = await loggedIn();
  const spec = '<spec xsi:type="VirtualMachineImportSpec"><configSpec><name>new</name></configSpec></spec>';
  const lease = find(await lab.call('ImportVApp', ['ResourcePool', 'resgroup-27'], spec), 'returnval');
  const ref = ['HttpNfcLease', lease?.text ?? ''] as const;
  while ((await lab.read(ref, 'state'))?.text === 'initializing');
  const entity = textOf(await lab.read(ref, 'info'), 'entity') ?? '';
  await lab.call('HttpNfcLeaseComplete', ref);
  expect((await lab.http('GET', at('new/new.vmx'))).status).toBe(200);
  expect((await lab.http('GET', at('new/new.nvram'))).status).toBe(404);
  expect((await lab.runTask('PowerOnVM_Task', ['VirtualMachine', entity])).fault).toBeUndefined();
  expect((await lab.http('GET', at('new/new.nvram'))).status).toBe(200);
});

test('requests for files can be made to fail', async () => {
  const lab = await loggedIn();
  await lab.control('POST', '/faults', {
    datastoreRequests: [
      { kind: 'refuse', status: 503, path: 'archive01.vmx' },
      { kind: 'cut', afterBytes: 100_000, path: '-flat.vmdk' },
    ],
  });
  const [vmx, flat] = ['archive01.vmx', 'archive01-flat.vmdk'].map(name =>
    at(`archive01/${name}`, 'datastore2'),
  );
  expect((await lab.http('GET', vmx!)).status).toBe(503);
  expect((await lab.http('GET', vmx!)).status).toBe(200);
  const cut = await lab.http('GET', flat!);
  expect([cut.complete, cut.body.length]).toEqual([false, 100_000]);
  expect((await lab.http('GET', flat!)).complete).toBe(true);
});

test('a service ticket is for HTTP alone', async () => {
  const lab = await loggedIn();
  const answer = await lab.call(
    'AcquireGenericServiceTicket',
    ['SessionManager', 'SessionManager'],
    '<spec xsi:type="SessionManagerServiceRequestSpec"/>',
  );
  expect([faultType(answer), allText(answer)]).toEqual(['InvalidArgument', expect.stringContaining('spec')]);
  expect((await lab.read(archive01, 'name'))?.text).toBe('archive01');
});

test('what a host leaves in the folder of a VM is there, belongs to its layout, and goes with the VM', async () => {
  const lab = await loggedIn();
  const name = 'archive01-vss_manifests1.zip';
  const content = pattern(3000);
  await lab.control('POST', '/vms/archive01/files', {
    name,
    base64: Buffer.from(content).toString('base64'),
  });
  const path = at(`archive01/${name}`, 'datastore2');
  expect((await lab.http('GET', path)).body.equals(content)).toBe(true);
  const listed = findAll((await lab.read(archive01, 'layoutEx'))!, 'file').find(
    file => textOf(file, 'name') === `[datastore2] archive01/${name}`,
  );
  expect([textOf(listed, 'type'), textOf(listed, 'size')]).toEqual(['snapshotManifestList', '3000']);
  expect((await lab.runTask('Destroy_Task', archive01)).fault).toBeUndefined();
  expect((await lab.http('GET', path)).status).toBe(404);
});

test('a disk that is being exported cannot be read from its datastore, and can be again afterwards', async () => {
  const lab = await loggedIn();
  const flat = at('archive01/archive01-flat.vmdk', 'datastore2');
  const lease = find(await lab.call('ExportVm', archive01), 'returnval');
  const ref = ['HttpNfcLease', lease?.text ?? ''] as const;
  while ((await lab.read(ref, 'state'))?.text === 'initializing');
  expect((await lab.http('GET', flat)).status).toBe(500);
  expect((await lab.http('GET', at('archive01/archive01.vmdk', 'datastore2'))).status).toBe(200);
  await lab.call('HttpNfcLeaseComplete', ref);
  expect((await lab.http('GET', flat)).status).toBe(200);
});

test.each([
  ['cut', { kind: 'cut', afterBytes: 1000 }, undefined],
  ['refused at once', { kind: 'refuse' }, 503],
  ['refused in the middle', { kind: 'refuse', status: 500, afterBytes: 1000 }, 500],
  ['refused at its end', { kind: 'refuse', status: 507, afterBytes: 2 ** 50 }, 507],
])('a file whose upload is %s is not there', async (_, fault, status) => {
  const lab = await loggedIn();
  const path = at('archive01/new.bin', 'datastore2');
  const body = pattern(100_000);
  await lab.control('POST', '/faults', { uploads: [{ ...fault, path: 'new.bin' }] });
  expect((await lab.http('PUT', at('archive01/other.bin', 'datastore2'), body)).status).toBe(201);
  const sent = lab.http('PUT', path, body);
  if (status === undefined) await expect(sent).rejects.toThrow(/socket hang up|ECONNRESET|EPIPE/);
  else expect((await sent).status).toBe(status);
  expect((await lab.http('GET', path)).status).toBe(404);
  expect((await lab.http('PUT', path, body)).status).toBe(201);
  expect((await lab.http('GET', path)).body.equals(body)).toBe(true);
});

test('a slow upload arrives whole', async () => {
  const lab = await loggedIn();
  const path = at('archive01/new.bin', 'datastore2');
  const body = pattern(100_000);
  await lab.control('POST', '/faults', {
    uploads: [{ kind: 'slow', afterBytes: 10_000, bytesPerSecond: 1_000_000 }],
  });
  expect((await lab.http('PUT', path, body)).status).toBe(201);
  expect((await lab.http('GET', path)).body.equals(body)).toBe(true);
});
