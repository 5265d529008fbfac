import { expect, test } from 'vitest';

import { defined } from '../../../../src/base/assert.ts';
import { systemClock } from '../../../../src/base/clock.ts';
import { grainBytes, GrainMap } from '../../../../src/lab/disk/grainMap.ts';
import { VersionedDisk } from '../../../../src/lab/disk/versionedDisk.ts';
import { guestAccounts } from '../../../../src/lab/guest/accounts.ts';
import { GuestFiles } from '../../../../src/lab/guest/guestFiles.ts';
import type { GuestNode } from '../../../../src/lab/guest/fileTree.ts';
import type { ImageFile } from '../../../../src/lab/images/imageFiles.ts';
import { VimFault } from '../../../../src/lab/soap/vimFault.ts';
import { pattern } from '../../../support/pattern.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = defined(guestAccounts[0], 'root');
const user = defined(guestAccounts[1], 'user');

test("a file's bytes are those of the disk as it is now, with holes between its runs", async () => {
  const { files, disk } = await openFiles();
  const before = await contentOf(files.stat(root, '/data/holes'));
  expect(before.length).toBe(3 * 4096 + 100);
  expect(before.subarray(0, 4096)).toEqual(Buffer.from(pattern(4096, 8192, 1)));
  expect(before.subarray(4096, 8192).every(byte => byte === 0)).toBe(true);
  expect(before.subarray(8192, 12_288)).toEqual(Buffer.from(pattern(4096, 0, 1)));
  await disk.write(8192, Buffer.from('written'));
  expect((await contentOf(files.stat(root, '/data/holes'))).subarray(0, 7).toString()).toBe('written');
});

test('links are followed on the way and, where that is asked, at the end', async () => {
  const { files } = await openFiles();
  expect(files.stat(root, '/data/link').kind).toBe('symlink');
  expect(files.list(root, '/data/to-folder').map(([name]) => name)).toEqual(['.', '..', 'own.txt']);
  expect(files.stat(root, '/data/to-folder/own.txt').uid).toBe(1000);
  expect(files.stat(root, '/data/folder/../link').kind).toBe('symlink');
  expect(files.stat(root, '/../data').kind).toBe('directory');
  expect(faultOf(() => files.list(root, '/data/loop'))).toBe('FileNotFound');
  expect(faultOf(() => files.fileToRead(root, '/data/link'))).toBe('NotAFile');
});

test.each([
  ['write into a folder of root', (files: GuestFiles) => write(files, '/etc/new'), 'GuestPermissionDenied'],
  ['write a file of root', (files: GuestFiles) => write(files, '/data/holes'), 'GuestPermissionDenied'],
  ['write an own file', (files: GuestFiles) => write(files, '/data/folder/own.txt'), undefined],
  ['write for all', (files: GuestFiles) => write(files, '/tmp/new'), undefined],
  [
    'remove from a folder of root',
    (files: GuestFiles) => files.remove(user, '/data/folder/own.txt'),
    'GuestPermissionDenied',
  ],
  [
    'give an own file away',
    (files: GuestFiles) => files.setAttributes(user, '/data/folder/own.txt', { uid: 0 }),
    'GuestPermissionDenied',
  ],
  [
    'change the mode of an own file',
    (files: GuestFiles) => files.setAttributes(user, '/data/folder/own.txt', { mode: 0o600 }),
    undefined,
  ],
  [
    'change the mode of a file of root',
    (files: GuestFiles) => files.setAttributes(user, '/data/holes', { mode: 0o666 }),
    'GuestPermissionDenied',
  ],
  ['read a secret', (files: GuestFiles) => files.fileToRead(user, '/data/secret'), 'GuestPermissionDenied'],
  [
    'make a folder in one of root',
    (files: GuestFiles) => files.makeFolder(user, '/etc/mine', false),
    'GuestPermissionDenied',
  ],
])('an ordinary account tries to %s', async (_, attempt, fault) => {
  const { files } = await openFiles();
  expect(faultOf(() => attempt(files))).toBe(fault);
});

test('in a folder with the sticky bit nobody takes out what is not theirs', async () => {
  const { files } = await openFiles();
  files.write(root, '/tmp/theirs', Buffer.from('x'), {});
  files.write(user, '/tmp/mine', Buffer.from('x'), {});
  expect(faultOf(() => files.remove(user, '/tmp/theirs'))).toBe('GuestPermissionDenied');
  expect(faultOf(() => files.move(user, '/tmp/theirs', '/tmp/taken', false))).toBe('GuestPermissionDenied');
  expect(faultOf(() => files.move(user, '/tmp/mine', '/tmp/theirs', true))).toBe('GuestPermissionDenied');
  files.remove(user, '/tmp/mine');
  expect(faultOf(() => files.stat(root, '/tmp/mine'))).toBe('FileNotFound');
});

test('a move replaces only what it may, and takes the whole node with it', async () => {
  const { files } = await openFiles();
  files.write(root, '/etc/a', Buffer.from('a'), { mode: 0o4711, uid: 7, gid: 8, modifiedAt: new Date(1000) });
  files.write(root, '/etc/b', Buffer.from('b'), {});
  expect(faultOf(() => files.move(root, '/etc/a', '/etc/b', false))).toBe('FileAlreadyExists');
  files.move(root, '/etc/a', '/etc/b', true);
  expect(files.stat(root, '/etc/b')).toMatchObject({
    mode: 0o4711,
    uid: 7,
    gid: 8,
    modifiedAt: new Date(1000),
  });
  expect(faultOf(() => files.stat(root, '/etc/a'))).toBe('FileNotFound');
  expect(faultOf(() => files.move(root, '/data/folder', '/etc/c', false))).toBe('NotAFile');
});

test('folders are made with their parents where that is asked, and removed whole where that is asked', async () => {
  const { files } = await openFiles();
  expect(faultOf(() => files.makeFolder(root, '/srv/a/b', false))).toBe('FileNotFound');
  files.makeFolder(root, '/srv/a/b', true);
  expect(files.stat(root, '/srv/a/b')).toMatchObject({ kind: 'directory', mode: 0o755, uid: 0 });
  expect(faultOf(() => files.makeFolder(root, '/srv/a/b', true))).toBe('FileAlreadyExists');
  expect(faultOf(() => files.removeFolder(root, '/srv/a', false))).toBe('DirectoryNotEmpty');
  files.removeFolder(root, '/srv/a', true);
  expect(faultOf(() => files.stat(root, '/srv/a/b'))).toBe('FileNotFound');
});

test('what is written takes room, and what is removed gives it back', async () => {
  const { files } = await openFiles();
  const before = files.freeBytes;
  files.write(root, '/tmp/big', new Uint8Array(1000), {});
  expect(files.freeBytes).toBe(before - 1000);
  files.write(root, '/tmp/big', new Uint8Array(10), {});
  expect(files.freeBytes).toBe(before - 10);
  files.remove(root, '/tmp/big');
  expect(files.freeBytes).toBe(before);
});

async function openFiles(): Promise<{ files: GuestFiles; disk: VersionedDisk }> {
  const folder = temporaryFolder('guest-files');
  const [path, versions] = [join(folder, 'disk.img'), join(folder, 'versions')];
  writeFileSync(path, pattern(grainBytes, 0, 1));
  const allocated = GrainMap.empty(grainBytes);
  allocated.add(0);
  const disk = await VersionedDisk.open('disk', { path, sizeBytes: grainBytes, allocated }, versions);
  const rootFolder: ImageFile = node('/', 'directory', 0o755);
  const mounts = [
    { path: '/', disk, files: [rootFolder, node('/etc', 'directory', 0o755)] },
    { path: '/data', disk, files: [rootFolder, ...dataFiles] },
  ];
  return { files: new GuestFiles(mounts, systemClock), disk };
}

const dataFiles: readonly ImageFile[] = [
  {
    ...node('/holes', 'file', 0o644),
    sizeBytes: 3 * 4096 + 100,
    runs: [
      { fileOffsetBytes: 0, startBytes: 8192, lengthBytes: 4096 },
      { fileOffsetBytes: 8192, startBytes: 0, lengthBytes: 4096 },
    ],
  },
  node('/secret', 'file', 0o600),
  node('/folder', 'directory', 0o755),
  { ...node('/folder/own.txt', 'file', 0o644), uid: 1000, gid: 1000 },
  { ...node('/link', 'symlink', 0o777), target: 'holes' },
  { ...node('/to-folder', 'symlink', 0o777), target: '/data/folder' },
  { ...node('/loop', 'symlink', 0o777), target: 'loop' },
];

function node(path: string, kind: ImageFile['kind'], mode: number): ImageFile {
  return { path, kind, mode, uid: 0, gid: 0, sizeBytes: 0, modifiedMs: 0 };
}

function write(files: GuestFiles, path: string): void {
  files.write(user, path, Buffer.from('x'), {});
}

function faultOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof VimFault) return error.type;
    throw error;
  }
}

async function contentOf(found: GuestNode): Promise<Buffer> {
  if (found.kind !== 'file') throw new Error('no file');
  const pieces: Uint8Array[] = [];
  for await (const piece of found.content.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}
