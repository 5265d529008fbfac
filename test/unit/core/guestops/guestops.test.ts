import { describe, expect, test } from 'vitest';

import { heldPassword } from '../../../../src/base/credentialSource.ts';
import { Secret } from '../../../../src/base/secret.ts';
import { mayWriteIn, parseAccount } from '../../../../src/core/guestops/guestAccount.ts';
import { guestError } from '../../../../src/core/guestops/guestErrors.ts';
import { type GuestMount, mountOf, mountPathOf } from '../../../../src/core/guestops/guestMounts.ts';
import {
  folderOf,
  joinedBelow,
  nameOf,
  patternOf,
  suffixedName,
  unspeakable,
} from '../../../../src/core/guestops/guestPaths.ts';
import { type GuestNode, GuestSession } from '../../../../src/core/guestops/guestSession.ts';
import { httpTransfer } from '../../../../src/core/vsphere/node/httpTransfer.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { fault, ref, type Script, scriptedSession } from '../../../support/scriptedCaller.ts';
import { seededRandom } from '../../../support/seededRandom.ts';

describe('paths', () => {
  test.each([
    ['/etc/hosts', '/etc', 'hosts'],
    ['/etc', '/', 'etc'],
    ['/', '/', ''],
  ])('%s lies in %s as %s', (path, folder, name) => {
    expect([folderOf(path), nameOf(path)]).toEqual([folder, name]);
  });

  test.each([
    ['/', '/etc/hosts', '/etc/hosts'],
    ['/data', '/etc/hosts', '/data/etc/hosts'],
    ['/data/', 'etc//./hosts', '/data/etc/hosts'],
    ['/data', '/', '/data'],
  ])('below %s, %s is %s', (folder, path, joined) => {
    expect(joinedBelow(folder, path)).toBe(joined);
  });

  test('the pattern of a name fits it and no other, whatever is in it', () => {
    const random = seededRandom(7);
    const letters = Array.from('a.b*c+?()[]{}|^$\\/-# Ω');
    for (let round = 0; round < 500; round += 1) {
      const name = Array.from(random.bytes(6), byte => letters[byte % letters.length]).join('');
      const pattern = new RegExp(patternOf(name), 'u');
      expect(pattern.test(name)).toBe(true);
      expect([pattern.test(`${name}x`), pattern.test(`x${name}`)]).toEqual([false, false]);
    }
  });

  test.each([
    ['short', '.before', 'short.before'],
    ['x'.repeat(255), '.before', `${'x'.repeat(248)}.before`],
    // 127 characters of two bytes are 254 bytes; half a character is none.
    ['Ω'.repeat(127), '.before', `${'Ω'.repeat(124)}.before`],
  ])('a name with a suffix is one a file system takes', (name, suffix, expected) => {
    expect(suffixedName(name, suffix)).toBe(expected);
    expect(Buffer.byteLength(suffixedName(name, suffix))).toBeLessThanOrEqual(255);
  });

  test.each([
    ['/etc/hosts', undefined],
    ['/home/Grüße, 世界', undefined],
    ['/home/new\nline', 'has control characters in its name'],
    ['/home/\\xff\\xfe', 'has a name that is no text'],
    ['/home/\ud800', 'has a name that is no text'],
  ])('%j can be said to a guest: %s', (path, problem) => {
    expect(unspeakable(path)).toBe(problem);
  });
});

describe('mounts', () => {
  const mount = (path: string, deviceKey: number, capacityBytes?: number): GuestMount => ({
    ...{ path, capacityBytes, freeBytes: 10 },
    deviceKeys: deviceKey === 0 ? [] : [deviceKey],
  });
  test.each<[string, readonly GuestMount[], string | undefined]>([
    ['the only one on the disk', [mount('/', 2000, 95)], '/'],
    ['one on another disk', [mount('/', 2001, 95)], undefined],
    ['one of unknown size', [mount('/', 2000)], undefined],
    ['one larger than the volume', [mount('/', 2000, 101)], undefined],
    ['one far too small', [mount('/boot', 2000, 20)], undefined],
    ['the one whose size fits', [mount('/boot', 2000, 20), mount('/', 2000, 95)], '/'],
    ['two that fit', [mount('/a', 2000, 95), mount('/b', 2000, 96)], undefined],
    ['tools too old to know', [mount('/', 0, 95)], undefined],
  ])('%s', (_, mounts, path) => {
    expect(mountPathOf(mounts, 2000, 100)).toBe(path);
  });

  test('a path lies on the mount with the longest path above it', () => {
    const mounts = [mount('/data', 1), mount('/', 1)];
    expect(mountOf(mounts, '/data/x')?.path).toBe('/data');
    expect(mountOf(mounts, '/database')?.path).toBe('/');
  });
});

describe('accounts', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nweb:x:33:34:,,,:/var/www:/bin/false\nodd:x:a:b::/:\n';
  const group = 'root:x:0:\nwww:x:34:\nadm:x:4:syslog,web\nother:x:5:webmaster\n';
  test('an account has the groups that name it', () => {
    expect(parseAccount('web', passwd, group)).toEqual({ uid: 33, gids: [34, 4] });
    expect(parseAccount('odd', passwd, group)).toBeUndefined();
    expect(parseAccount('nobody', passwd, group)).toBeUndefined();
  });

  const folder = (mode: number, uid = 0, gid = 0): GuestNode => ({
    ...{ kind: 'directory', sizeBytes: 0, modifiedAt: undefined, target: undefined },
    ...{ mode, uid, gid },
  });
  const web = { uid: 33, gids: [34, 4] };
  test.each([
    ['root', undefined, folder(0), true],
    ['toor', { uid: 0, gids: [0] }, folder(0), true],
    ['web', web, folder(0o755), false],
    ['web', web, folder(0o777), true],
    ['web', web, folder(0o775, 0, 4), true],
    ['web', web, folder(0o770, 0, 5), false],
    ['web', web, folder(0o300, 33), true],
    // The owner's bits hold even where everybody else's say more.
    ['web', web, folder(0o077, 33), false],
    ['somebody', undefined, folder(0o777), undefined],
  ])('%s %j may write in %o: %s', (user, account, node, expected) => {
    expect(mayWriteIn(node, user, account)).toBe(expected);
  });
});

test.each([
  [
    'InvalidGuestLogin',
    'AUTHENTICATION',
    'the guest of web01 does not accept the user operator with this password',
  ],
  ['GuestPermissionDenied', 'PERMISSION', 'web01: operator may not write /etc/x'],
  ['GuestOperationsUnavailable', 'UNREACHABLE', 'web01: VMware Tools do not answer in the guest'],
  ['InvalidPowerState', 'CONFLICT', 'web01 is not powered on'],
  ['OperationNotSupportedByGuest', 'UNSUPPORTED_FORMAT', 'web01: this guest cannot write /etc/x'],
  ['OperationDisabledByGuest', 'PERMISSION', 'web01: VMware Tools are configured not to write /etc/x'],
  ['FileNotFound', 'NOT_FOUND', 'web01: there is nothing to write /etc/x'],
  ['FileAlreadyExists', 'CONFLICT', 'web01: cannot write /etc/x, there is one already'],
  ['CannotAccessFile', 'PERMISSION', 'web01: operator cannot write /etc/x'],
  ['NotAFile', 'CONFLICT', 'web01: cannot write /etc/x, it is not of the right kind'],
])('%s is told as %s', (faultType, code, message) => {
  const attempt = { vmName: 'web01', user: 'operator', what: 'write /etc/x' };
  expect(guestError(fault(faultType), attempt)).toMatchObject({ code, message, object: 'web01' });
});

describe('a session in a guest', () => {
  const web01 = { ref: ref('VirtualMachine', 'vm-1'), name: 'web01' };
  const managers: Script = {
    RetrieveServiceContent: () => ({
      ...{ rootFolder: ref('Folder', 'root'), propertyCollector: ref('PropertyCollector', 'main') },
      ...{
        sessionManager: ref('SessionManager', 's'),
        guestOperationsManager: ref('GuestOperationsManager', 'g'),
      },
      about: { ...Object.fromEntries(aboutFields.map(field => [field, 'x'])), instanceUuid: 'vc' } as never,
    }),
    RetrievePropertiesEx: () => ({
      objects: [
        {
          obj: ref('GuestOperationsManager', 'g'),
          propSet: [
            { name: 'authManager', val: ref('GuestAuthManager', 'a') },
            { name: 'processManager', val: ref('GuestProcessManager', 'p') },
            { name: 'fileManager', val: ref('GuestFileManager', 'f') },
          ],
        },
      ],
    }),
  };

  async function open(script: Script, words = ['word-1', 'word-2', 'word-3']) {
    const { session, caller } = await scriptedSession({ ...managers, ...script });
    const left = [...words];
    const source = { password: async () => await Promise.resolve(new Secret(left.shift() ?? 'word-n')) };
    return { caller, guest: await GuestSession.open(session, web01, { user: 'root', source }, anySignal) };
  }

  const file = (path: string, ownerId = 0) => ({
    ...{ path, type: 'file', size: 5 },
    attributes: {
      ...{ _type: 'GuestPosixFileAttributes', ownerId, groupId: -2, permissions: 0o100644 },
      modificationTime: new Date(0),
    },
  });

  test('asks for the password at each call', async () => {
    const { guest, caller } = await open({ ListFilesInGuest: () => ({ remaining: 0 }) });
    await guest.stat('/etc/hosts', anySignal);
    const passwords = caller.calls.flatMap(({ args }) => {
      const { auth } = args as { auth?: { password: string } };
      return auth === undefined ? [] : [auth.password];
    });
    expect(passwords).toEqual(['word-1', 'word-2']);
  });

  test('tells a node by its name in its folder, with permissions alone and ids without sign', async () => {
    const { guest, caller } = await open({
      ListFilesInGuest: () => ({ files: [file('hosts', -1)], remaining: 0 }),
    });
    expect(await guest.stat('/etc/hosts', anySignal)).toEqual({
      ...{ kind: 'file', sizeBytes: 5, modifiedAt: new Date(0), mode: 0o644, target: undefined },
      ...{ uid: 4_294_967_295, gid: 4_294_967_294 },
    });
    expect(caller.calls.at(-1)?.args).toMatchObject({ filePath: '/etc', matchPattern: '^hosts$' });
  });

  test('reads all pages of a folder', async () => {
    const names = Array.from({ length: 1200 }, (_, index) => `f${index}`);
    const { guest, caller } = await open({
      ListFilesInGuest: ({ index = 0, maxResults = 0 }) => {
        const page = names.slice(index, index + maxResults);
        return { files: page.map(name => file(name)), remaining: names.length - index - page.length };
      },
    });
    const found = await guest.statAll(['/x/f0', '/x/f1199', '/x/none'], anySignal);
    expect([...found.keys()]).toEqual(['/x/f0', '/x/f1199']);
    expect(caller.count('ListFilesInGuest')).toBe(3);
  });

  test('asks for the node alone where its folder may not be listed', async () => {
    const { guest } = await open({
      ListFilesInGuest: ({ filePath }) => {
        if (filePath === '/secret') throw fault('GuestPermissionDenied');
        return { files: [file('/secret/known')], remaining: 0 };
      },
    });
    expect(await guest.stat('/secret/known', anySignal)).toMatchObject({ kind: 'file', sizeBytes: 5 });
  });

  test('no error of it holds the password', async () => {
    const { session } = await scriptedSession({
      ...managers,
      ValidateCredentialsInGuest: () => {
        throw fault('InvalidGuestLogin');
      },
    });
    const source = heldPassword(new Secret('hunter-3'));
    const error: unknown = await GuestSession.open(session, web01, { user: 'root', source }, anySignal).catch(
      (thrown: unknown) => thrown,
    );
    const { inspect } = await import('node:util');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter-3');
    expect(error).toMatchObject({ code: 'AUTHENTICATION' });
  });
});

const aboutFields = [
  'name',
  'fullName',
  'vendor',
  'version',
  'build',
  'osType',
  'productLineId',
  'apiType',
  'apiVersion',
];

test.each([
  ['https://*/guestFile?id=1', 'https://vc.example:8443/guestFile?id=1', 'PIN'],
  ['https://*:443/guestFile?id=1', 'https://vc.example:8443/guestFile?id=1', 'PIN'],
  ['https://vc.example:8443/guestFile?id=1', 'https://vc.example:8443/guestFile?id=1', 'PIN'],
  ['https://esx01.example/guestFile?id=1', 'https://esx01.example/guestFile?id=1', 'TOLD'],
])('a transfer to %s goes to %s, pinned', (granted, url, fingerprint) => {
  const endpoint = { host: 'vc.example:8443', identity: { fingerprint: 'PIN' }, cookie: 'c' };
  const transfer = httpTransfer({ url: granted, thumbprint: 'TOLD' }, 'a file', endpoint);
  expect([transfer.url.href, transfer.identity.fingerprint]).toEqual([url, fingerprint]);
  // The session's cookie is for the server alone.
  expect(transfer.cookie).toBe(fingerprint === 'PIN' ? 'c' : undefined);
});
