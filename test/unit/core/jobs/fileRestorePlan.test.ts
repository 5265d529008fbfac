import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CorruptDataError } from '../../../../src/base/errors.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import {
  type AskConflict,
  type Conflict,
  type ConflictPolicy,
  planFileRestore,
  type TargetKind,
} from '../../../../src/core/jobs/guestFiles/fileRestorePlan.ts';
import type { GuestLocation } from '../../../../src/core/jobs/guestFiles/guestVolumes.ts';
import { hostName } from '../../../../src/core/jobs/guestFiles/hostName.ts';
import type { Volume } from '../../../../src/core/volume/volume.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { fakeGuest, type FakeGuest } from '../../../support/fakeGuest.ts';
import { pattern } from '../../../support/pattern.ts';
import { sampleDisk } from '../../../support/restorePoints.ts';

const volume: Volume = {
  ...{ index: 1, name: '', role: 'data', offsetBytes: 0, sizeBytes: 0, content: undefined },
  source: memorySource(new Uint8Array(0)),
} as unknown as Volume;

const guest = fakeGuest({
  root: { kind: 'directory', entries: { etc: 'etc', dev: 'dev', home: 'home' } },
  etc: { kind: 'directory', entries: { hosts: 'hosts', link: 'link', 'conf.d': 'confd' } },
  hosts: { kind: 'file', content: pattern(100) },
  link: { kind: 'symlink' },
  confd: { kind: 'directory', entries: { a: 'a', b: 'b' } },
  a: { kind: 'file', content: pattern(20) },
  b: { kind: 'file', content: pattern(3) },
  dev: { kind: 'directory', entries: { null: 'null', pipe: 'pipe' } },
  null: { kind: 'character-device' },
  pipe: { kind: 'fifo' },
  home: {
    kind: 'directory',
    entries: { loop: 'home', broken: 'broken', fine: 'b' },
    problems: ['one entry was not readable'],
  },
  broken: { kind: 'file', damage: new CorruptDataError('inode 12 is damaged') },
});

async function locate({ fileSystem }: FakeGuest, path: string): Promise<GuestLocation> {
  const node = await fileSystem.lookup(path, anySignal);
  return { disk: sampleDisk({}), volume, fileSystem, node, path };
}

async function plan(
  path: string,
  standing: Readonly<Record<string, TargetKind>> = {},
  onConflict: ConflictPolicy | AskConflict = 'fail',
  from = guest,
) {
  const lookUp = async (target: string) => standing[target] ?? 'absent';
  return await planFileRestore(
    [await locate(from, path)],
    { targetFolder: '/to', onConflict },
    lookUp,
    anySignal,
  );
}

const at = (...names: string[]) => join('/to', ...names);

describe('the plan of restoring guest files', () => {
  test('has a folder before what is in it, and counts the bytes of files', async () => {
    const { items, totalBytes, problems, targetFolder } = await plan('/etc');
    expect(items.map(({ kind, guestPath, targetPath }) => [kind, guestPath, targetPath])).toEqual([
      ['folder', '/etc', at('etc')],
      ['file', '/etc/hosts', at('etc', 'hosts')],
      ['symlink', '/etc/link', at('etc', 'link')],
      ['folder', '/etc/conf.d', at('etc', 'conf.d')],
      ['file', '/etc/conf.d/a', at('etc', 'conf.d', 'a')],
      ['file', '/etc/conf.d/b', at('etc', 'conf.d', 'b')],
    ]);
    expect([totalBytes, problems, targetFolder]).toEqual([123, [], '/to']);
  });

  test('names the root of a volume after its disk', async () => {
    const { items } = await plan('/');
    expect(items.slice(0, 2).map(({ guestPath, targetPath }) => [guestPath, targetPath])).toEqual([
      ['/', at('disk-2000-volume-1')],
      ['/etc', at('disk-2000-volume-1', 'etc')],
    ]);
  });

  test('says what it leaves out, and keeps the rest: devices, damaged files, folders in themselves', async () => {
    const devices = await plan('/dev');
    expect(devices.items.map(({ guestPath }) => guestPath)).toEqual(['/dev']);
    expect(devices.problems).toEqual([
      '/dev/null is a character-device, which is not restored',
      '/dev/pipe is a fifo, which is not restored',
    ]);
    const home = await plan('/home');
    expect(home.items.map(({ guestPath }) => guestPath)).toEqual(['/home', '/home/fine']);
    expect(home.problems).toEqual([
      '/home: one entry was not readable',
      expect.stringMatching(/^\/home\/loop: lies in itself/),
      '/home/broken: inode 12 is damaged',
    ]);
  });

  test('leaves out what lies in a damaged folder, and restores the rest', async () => {
    const damaged = fakeGuest({
      root: { kind: 'directory', entries: { lost: 'lost', kept: 'kept' } },
      lost: { kind: 'directory', contentDamage: new CorruptDataError('block 7 is damaged') },
      kept: { kind: 'file', content: pattern(5) },
    });
    const { items, problems } = await plan('/', {}, 'fail', damaged);
    expect(items.map(({ guestPath }) => guestPath)).toEqual(['/', '/lost', '/kept']);
    expect(problems).toEqual(['/lost: block 7 is damaged']);
  });

  test.each(['/etc/.', '/etc/', 'etc'])('takes %s for the folder itself', async path => {
    expect((await plan(path)).items[0]?.targetPath).toBe(at('etc'));
  });

  test('refuses two things that were asked for under one name', async () => {
    const twice = [await locate(guest, '/etc/hosts'), await locate(guest, '/etc/hosts')];
    const options = { targetFolder: '/to', onConflict: 'overwrite' as const };
    await expect(planFileRestore(twice, options, async () => 'absent', anySignal)).rejects.toMatchObject({
      code: 'CONFLICT',
      object: at('hosts'),
    });
  });

  test('ends in a tree deeper than any path', async () => {
    const abyss = fakeGuest(key => ({
      kind: 'directory',
      entries: { d: key === 'root' ? '1' : `${Number(key) + 1}` },
    }));
    const { items, problems } = await plan('/', {}, 'fail', abyss);
    expect(items).toHaveLength(2048);
    expect(problems).toHaveLength(1);
  });

  test('passes on what is no damage of one file', async () => {
    const away = fakeGuest({
      root: { kind: 'directory', entries: { f: 'f' } },
      f: { kind: 'file', damage: Object.assign(new CorruptDataError(''), { code: 'UNREACHABLE' }) },
    });
    await expect(plan('/', {}, 'fail', away)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('what stands at the target', () => {
  const file = at('etc', 'hosts');
  const folder = at('etc', 'conf.d');
  const link = at('etc', 'link');

  test.each([
    ['a folder is added to', { [at('etc')]: 'folder', [folder]: 'folder' }, 'fail'],
    ['a file is replaced if allowed', { [file]: 'file' }, 'overwrite'],
    ['a link in place of a file is replaced, not followed, if allowed', { [file]: 'symlink' }, 'overwrite'],
    ['a file in place of a link is replaced if allowed', { [link]: 'file' }, 'overwrite'],
  ] as const)('%s', async (_what, standing, onConflict) => {
    const { items } = await plan('/etc', standing, onConflict);
    const found = items.filter(({ existing }) => existing !== 'absent');
    expect(Object.fromEntries(found.map(item => [item.targetPath, item.existing]))).toEqual(standing);
  });

  test('is asked about one by one, with what is possible there', async () => {
    const standing = { [file]: 'file', [link]: 'folder', [folder]: 'file' } as const;
    const asked: Conflict[] = [];
    const { items, skippedCount } = await plan('/etc', standing, async conflict => {
      asked.push(conflict);
      await Promise.resolve();
      return conflict.targetPath === file ? 'overwrite' : conflict.targetPath === link ? 'rename' : 'skip';
    });
    expect(asked.map(({ targetPath, choices, stat }) => [targetPath, choices, stat?.sizeBytes])).toEqual([
      [file, ['overwrite', 'skip', 'rename'], 100],
      [link, ['skip', 'rename'], 0],
      [folder, ['skip', 'rename'], 0],
    ]);
    expect(items.map(({ targetPath, existing }) => [targetPath, existing])).toEqual([
      [at('etc'), 'absent'],
      [file, 'file'],
      [at('etc', 'link (restored)'), 'absent'],
    ]);
    // The folder with what is in it.
    expect(skippedCount).toBe(3);
  });

  test.each([
    ['a file, unless allowed', { [file]: 'file' }, 'fail', /--overwrite/],
    ['a link, unless allowed', { [link]: 'symlink' }, 'fail', /--overwrite/],
    [
      'a link in place of a folder, ever: it could lead anywhere',
      { [folder]: 'symlink' },
      'overwrite',
      /another folder$/,
    ],
    ['a file in place of a folder', { [folder]: 'file' }, 'overwrite', /another folder$/],
    ['a folder in place of a file: it would be lost', { [file]: 'folder' }, 'overwrite', /another folder$/],
    ['a device', { [file]: 'other' }, 'overwrite', /another folder/],
  ] as const)('is not replaced: %s', async (_what, standing, onConflict, remedy) => {
    await expect(plan('/etc', standing, onConflict)).rejects.toMatchObject({
      code: 'CONFLICT',
      object: Object.keys(standing)[0],
      remedy: expect.stringMatching(remedy) as string,
    });
  });
});

describe('what is in the way', () => {
  const targets = (items: readonly { readonly guestPath: string; readonly targetPath: string }[]) =>
    Object.fromEntries(items.map(({ guestPath, targetPath }) => [guestPath, targetPath]));
  const standing = {
    [at('etc')]: 'folder',
    [at('etc', 'hosts')]: 'file',
    [at('etc', 'hosts (restored)')]: 'file',
    [at('etc', 'conf.d')]: 'symlink',
  } as const;

  test('stays, if it is to be skipped, with everything that would be in it', async () => {
    const { items, skippedCount, totalBytes } = await plan('/etc', standing, 'skip');
    expect(items.map(({ guestPath }) => guestPath)).toEqual(['/etc', '/etc/link']);
    expect([skippedCount, totalBytes]).toEqual([4, 0]);
  });

  test('stays, if names are to be changed, and everything is restored beside it', async () => {
    const { items, skippedCount } = await plan('/etc', standing, 'rename');
    expect(targets(items)).toEqual({
      '/etc': at('etc'),
      '/etc/hosts': at('etc', 'hosts (restored 2)'),
      '/etc/link': at('etc', 'link'),
      '/etc/conf.d': at('etc', 'conf.d (restored)'),
      '/etc/conf.d/a': at('etc', 'conf.d (restored)', 'a'),
      '/etc/conf.d/b': at('etc', 'conf.d (restored)', 'b'),
    });
    expect(items.filter(({ existing }) => existing !== 'absent').map(({ guestPath }) => guestPath)).toEqual([
      '/etc',
    ]);
    expect(skippedCount).toBe(0);
  });

  test('keeps the extension where a name is changed', async () => {
    const named = fakeGuest({
      root: { kind: 'directory', entries: { 'app.conf': 'f' } },
      f: { kind: 'file' },
    });
    const { items } = await plan('/app.conf', { [at('app.conf')]: 'other' }, 'rename', named);
    expect(items.map(({ targetPath }) => targetPath)).toEqual([at('app (restored).conf')]);
  });
});

describe('the name of a guest file', () => {
  test.each([
    ['.', '_'],
    ['..', '_'],
    ['a/b', 'a_b'],
    ['a\0b', 'a_b'],
    ['plain.txt', 'plain.txt'],
    ['a:b*?', 'a:b*?'],
    ['CON', 'CON'],
    ['dot.', 'dot.'],
    ['…ü漢', '…ü漢'],
  ])('%j is %j here', (name, expected) => {
    expect(hostName(name, false)).toBe(expected);
  });

  test.each([
    ['.', '_'],
    ['..', '_'],
    ['a\\..\\b', 'a_.._b'],
    ['c:\\autoexec.bat', 'c__autoexec.bat'],
    ['stream:data', 'stream_data'],
    ['what?*"<>|', 'what______'],
    ['tab\there\u0000\u007f', 'tab_here__'],
    ['CON', '_CON'],
    ['con.txt', '_con.txt'],
    ['lpt1.', 'lpt1_'],
    ['console', 'console'],
    ['com10', 'com10'],
    ['trailing.', 'trailing_'],
    ['trailing ', 'trailing_'],
    ['three...', 'three.._'],
    ['.hidden', '.hidden'],
    ['…ü漢', '…ü漢'],
  ])('%j is %j on Windows', (name, expected) => {
    expect(hostName(name, true)).toBe(expected);
  });
});
