import { expect, test } from 'vitest';

import { ManualClock } from '../../../support/manualClock.ts';
import {
  faultType,
  find,
  findAll,
  guestPasswords,
  ref,
  startTestLab,
  textOf,
  typeOf,
  type TestLab,
} from '../labFixture.ts';

const authManager = ['GuestAuthManager', 'guestOperationsAuthManager'] as const;
const fileManager = ['GuestFileManager', 'guestOperationsFileManager'] as const;
const asRoot = auth('root', guestPasswords.root);
const asUser = auth('user', guestPasswords.user);

test('whoever knows name and password of an account gets in, nobody else', async () => {
  const lab = await loggedIn();
  const vm = await vmRef(lab, 'web01');
  const validate = async (credentials: string) =>
    faultType(await lab.call('ValidateCredentialsInGuest', authManager, vm + credentials));
  expect(await validate(asRoot)).toBeUndefined();
  expect(await validate(asUser)).toBeUndefined();
  expect(await validate(auth('root', guestPasswords.user))).toBe('InvalidGuestLogin');
  expect(await validate(auth('nobody', ''))).toBe('InvalidGuestLogin');
  expect(await validate(asRoot.replace('false', 'true'))).toBe('OperationNotSupportedByGuest');
});

test('guest operations need a VM that runs, and its tools', async () => {
  const lab = await loggedIn();
  const list = async (name: string) =>
    faultType(
      await lab.call(
        'ListFilesInGuest',
        fileManager,
        `${await vmRef(lab, name)}${asRoot}<filePath>/</filePath>`,
      ),
    );
  expect(await list('archive01')).toBe('InvalidPowerState');
  expect(await list('web01')).toBeUndefined();
  await lab.control('POST', '/vms/web01', { toolsRunning: false });
  expect(await list('web01')).toBe('GuestOperationsUnavailable');
  await lab.control('POST', '/vms/web01', { toolsRunning: true });
  expect(await list('web01')).toBeUndefined();
});

test('a folder is listed in pages and by pattern, with owners, permissions and the targets of links', async () => {
  const lab = await loggedIn();
  const vm = await vmRef(lab, 'web01');
  const list = async (rest: string) =>
    await lab.call('ListFilesInGuest', fileManager, `${vm}${asRoot}<filePath>/etc</filePath>${rest}`);
  const page = await list('<index>1</index><maxResults>2</maxResults>');
  expect(findAll(page, 'path').map(({ text }) => text)).toEqual(['..', 'alias.conf']);
  expect(textOf(page, 'remaining')).toBe('3');
  expect(textOf(findAll(page, 'files')[1], 'symlinkTarget')).toBe('web/web.conf');
  const found = await list('<matchPattern>^passwd$</matchPattern>');
  expect(findAll(found, 'path').map(({ text }) => text)).toEqual(['passwd']);
  expect(typeOf(find(found, 'attributes'))).toBe('GuestPosixFileAttributes');
  expect([textOf(found, 'permissions'), textOf(found, 'ownerId')]).toEqual([String(0o644), '0']);
  expect(faultType(await list('<matchPattern>(</matchPattern>'))).toBe('InvalidArgument');
});

test("an image's file travels out of the guest with the bytes of the disk", async () => {
  const lab = await loggedIn();
  const url = await granted(
    lab,
    'InitiateFileTransferFromGuest',
    '<guestFilePath>/etc/web/web.conf</guestFilePath>',
  );
  const { status, body } = await lab.http('GET', url);
  const disk = await lab.control('GET', `/disks/web01/2000/bytes?offset=${4 * 65_536}&length=5000`);
  expect([status, body]).toEqual([200, disk]);
});

test('a transfer begins once, within its time, and only for what it was granted', async () => {
  const clock = new ManualClock();
  const lab = await loggedIn(clock);
  const from = async () =>
    await granted(lab, 'InitiateFileTransferFromGuest', '<guestFilePath>/etc/passwd</guestFilePath>');
  const first = await from();
  expect((await lab.http('PUT', first, 'x')).status).toBe(404);
  expect((await lab.http('GET', first)).status).toBe(200);
  expect((await lab.http('GET', first)).status).toBe(404);
  const late = await from();
  await clock.advance(600_001);
  expect((await lab.http('GET', late)).status).toBe(404);
  expect((await lab.http('GET', '/guestFile?id=1&token=0')).status).toBe(404);
});

test('an upload has the announced size, and owner, permissions and time that were asked for', async () => {
  const lab = await loggedIn();
  const upload = async (size: number) =>
    await granted(lab, 'InitiateFileTransferToGuest', uploadOf('/etc/new', size));
  expect((await lab.http('PUT', await upload(6), 'hello')).status).toBe(400);
  expect((await lab.http('PUT', await upload(5), 'hello')).status).toBe(200);
  expect(await lab.control('GET', '/guests/web01/file?path=/etc/new')).toEqual({
    kind: 'file',
    mode: 0o640,
    uid: 5,
    gid: 6,
    sizeBytes: 5,
    modifiedAt: '2026-02-03T04:05:06.000Z',
  });
  expect(String(await lab.control('GET', '/guests/web01/bytes?path=/etc/new'))).toBe('hello');
});

test('what is refused is refused before any byte is sent', async () => {
  const lab = await loggedIn();
  const vm = await vmRef(lab, 'web01');
  const fault = async (credentials: string, rest: string) =>
    faultType(await lab.call('InitiateFileTransferToGuest', fileManager, vm + credentials + rest));
  expect(await fault(asUser, uploadOf('/etc/new', 5))).toBe('GuestPermissionDenied');
  expect(await fault(asRoot, uploadOf('/etc/passwd', 5))).toBe('FileAlreadyExists');
  expect(await fault(asRoot, uploadOf('/etc/web', 5))).toBe('NotAFile');
  expect(await fault(asRoot, uploadOf('/no/where', 5))).toBe('FileNotFound');
});

test('a cut upload leaves what has arrived, a full guest what fitted', async () => {
  const lab = await loggedIn();
  const path = '/guests/web01/file?path=/etc/new';
  await lab.control('POST', '/faults', { guestTransfers: [{ kind: 'cut', direction: 'to', afterBytes: 3 }] });
  const cut = await granted(lab, 'InitiateFileTransferToGuest', uploadOf('/etc/new', 5));
  await lab.http('PUT', cut, 'hello').catch(() => undefined);
  expect(await lab.control('GET', path)).toMatchObject({ sizeBytes: 3 });

  await lab.control('POST', '/faults', { guestFreeBytes: { web01: 4 } });
  const full = await granted(
    lab,
    'InitiateFileTransferToGuest',
    uploadOf('/etc/new', 5).replace('>false<', '>true<'),
  );
  expect((await lab.http('PUT', full, 'hello')).status).toBe(500);
  expect(await lab.control('GET', path)).toMatchObject({ sizeBytes: 4 });
});

test("VMware Tools tell where the guest has its disks' file systems", async () => {
  const lab = await loggedIn();
  const disks = await lab.read(['VirtualMachine', await vmId(lab, 'db01')], 'guest.disk');
  const seen = findAll(disks!, 'GuestDiskInfo').map(disk => [textOf(disk, 'diskPath'), textOf(disk, 'key')]);
  expect(seen).toEqual([
    ['/', '2000'],
    ['/data', '2001'],
  ]);
});

async function loggedIn(clock?: Parameters<typeof startTestLab>[0]): Promise<TestLab> {
  const lab = await startTestLab(clock);
  await lab.login();
  return lab;
}

/** The path and query of the URL that was granted, whose host is `*`. */
async function granted(lab: TestLab, method: string, rest: string): Promise<string> {
  const answer = await lab.call(method, fileManager, (await vmRef(lab, 'web01')) + asRoot + rest);
  const url = textOf(answer, 'url') ?? textOf(answer, 'returnval') ?? '';
  expect(url).toMatch(/^https:\/\/\*:\d+\/guestFile\?id=\d+&token=[0-9a-f]{40}$/);
  return url.slice(url.indexOf('/guestFile'));
}

async function vmId(lab: TestLab, name: string): Promise<string> {
  const vms = (await lab.control('GET', '/vms')) as { name: string; id: string }[];
  return vms.find(vm => vm.name === name)!.id;
}

async function vmRef(lab: TestLab, name: string): Promise<string> {
  return ref('vm', ['VirtualMachine', await vmId(lab, name)]);
}

function auth(user: string, password: string): string {
  const text = password.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return (
    '<auth xsi:type="NamePasswordAuthentication"><interactiveSession>false</interactiveSession>' +
    `<username>${user}</username><password>${text}</password></auth>`
  );
}

function uploadOf(path: string, sizeBytes: number): string {
  return (
    `<guestFilePath>${path}</guestFilePath><fileAttributes xsi:type="GuestPosixFileAttributes">` +
    '<modificationTime>2026-02-03T04:05:06Z</modificationTime><ownerId>5</ownerId><groupId>6</groupId>' +
    `<permissions>416</permissions></fileAttributes><fileSize>${sizeBytes}</fileSize><overwrite>false</overwrite>`
  );
}
