import { FileType, Uri } from 'vscode';
import { expect, test } from 'vitest';

import { AppError } from '../../../src/base/errors.ts';
import { GuestFileSystem, guestUri, maxOpenedBytes } from '../../../src/host/guestFileSystem.ts';
import {
  type GuestNodeDto,
  type GuestPath,
  listGuestFolder,
  maxReadBytes,
  readGuestFile,
  statGuestNode,
} from '../../../src/protocol/guest.ts';
import { FakeWorker } from '../../support/fakeWorker.ts';
import { patternByte } from '../../support/pattern.ts';
import { guestNode, pointId } from './hostFixture.ts';

const root: GuestPath = { repository: 'main', point: pointId, deviceKey: 2000, volumeIndex: 1, path: '/' };
const uri = (path: string) => guestUri({ ...root, path });

/** A guest with these nodes; the content of a file follows from the offset. */
function fixture(nodes: Readonly<Record<string, GuestNodeDto>>, unlocks?: () => boolean) {
  const worker = new FakeWorker()
    .on(statGuestNode, ({ path }) => {
      const node = nodes[path];
      if (node === undefined) throw new AppError('NOT_FOUND', `${path} does not exist`);
      return node;
    })
    .on(readGuestFile, ({ path, offsetBytes, lengthBytes }) => {
      expect(lengthBytes).toBeLessThanOrEqual(maxReadBytes);
      const sizeBytes = nodes[path]?.sizeBytes ?? 0;
      const length = Math.min(lengthBytes, sizeBytes - offsetBytes);
      const bytes = Uint8Array.from({ length }, (_, index) => patternByte(offsetBytes + index));
      return { content: Buffer.from(bytes).toString('base64'), sizeBytes };
    })
    .on(listGuestFolder, ({ offset, limit }) => {
      const all = Object.values(nodes);
      return {
        fileSystem: { kind: 'ext4', label: '', journal: 'clean' as const, problems: [] },
        entries: all.slice(offset, offset + Math.min(limit, 2)),
        unreadable: [],
        totalCount: all.length,
        problems: [],
      };
    });
  const repository = async (name: string) => await Promise.resolve({ name, location: '/', id: 'i' });
  const unlock = async () => await Promise.resolve(unlocks?.() ?? false);
  return { worker, files: new GuestFileSystem(worker, { repository, unlock }) };
}

test('a file on an encrypted volume is opened again by a worker that has to unlock it first', async () => {
  const nodes: Record<string, GuestNodeDto> = {};
  const { files } = fixture(nodes, () => {
    nodes['/etc/secret'] = guestNode('secret', { sizeBytes: 7 });
    return true;
  });
  expect(await files.readFile(uri('/etc/secret'))).toHaveLength(7);
  const never = fixture({}, () => false).files;
  await expect(never.readFile(uri('/etc/secret'))).rejects.toMatchObject({ code: 'FileNotFound' });
});

test('a file has its true size and time, and all its bytes over many pages', async () => {
  const sizeBytes = 2 * maxReadBytes + 17;
  const { files, worker } = fixture({ '/etc/big': guestNode('big', { sizeBytes }) });
  expect(await files.stat(uri('/etc/big'))).toEqual({
    type: FileType.File,
    size: sizeBytes,
    mtime: Date.parse('2026-01-02T03:04:05Z'),
    ctime: Date.parse('2026-01-02T03:04:05Z'),
    permissions: 1,
  });
  const content = await files.readFile(uri('/etc/big'));
  expect(content.byteLength).toBe(sizeBytes);
  expect(content.findIndex((byte, offsetBytes) => byte !== patternByte(offsetBytes))).toBe(-1);
  expect(worker.paramsOf(readGuestFile)).toHaveLength(3);
});

test('links are followed; a link in a circle is not found', async () => {
  const { files } = fixture({
    '/a': guestNode('a', { kind: 'symlink', linkTarget: 'etc/real' }),
    '/etc/real': guestNode('real', { sizeBytes: 5 }),
    '/loop': guestNode('loop', { kind: 'symlink', linkTarget: '/loop' }),
  });
  expect(await files.stat(uri('/a'))).toMatchObject({ type: FileType.SymbolicLink | FileType.File, size: 5 });
  expect(await files.readFile(uri('/a'))).toEqual(
    Uint8Array.from({ length: 5 }, (_, index) => patternByte(index)),
  );
  await expect(files.stat(uri('/loop'))).rejects.toMatchObject({ code: 'FileNotFound' });
});

test('a folder is listed over all its pages', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const { files } = fixture({
    '/': guestNode('', { kind: 'directory' }),
    ...Object.fromEntries(names.map(name => [`/${name}`, guestNode(name)])),
  });
  expect((await files.readDirectory(uri('/'))).map(([name]) => name)).toEqual(['', ...names]);
});

test.each([
  [
    'larger than an editor should hold',
    guestNode('x', { sizeBytes: maxOpenedBytes + 1 }),
    'Unavailable',
    /Restore Guest File/,
  ],
  ['a device', guestNode('x', { kind: 'block-device' }), 'Unavailable', /no content/],
  ['a folder', guestNode('x', { kind: 'directory' }), 'FileIsADirectory', /x/],
])('%s is not read', async (_, node, code, message) => {
  const { files, worker } = fixture({ '/x': node });
  await expect(files.readFile(uri('/x'))).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
  expect(worker.paramsOf(readGuestFile)).toEqual([]);
});

test('a file that ends early is an error, not a shorter file', async () => {
  const { files, worker } = fixture({ '/x': guestNode('x', { sizeBytes: 10 }) });
  worker.on(readGuestFile, () => ({ content: Buffer.from('short').toString('base64'), sizeBytes: 10 }));
  await expect(files.readFile(uri('/x'))).rejects.toMatchObject({ code: 'Unavailable' });
});

test('what is missing or none of ours is not found, and nothing can be changed', async () => {
  const { files } = fixture({});
  await expect(files.stat(uri('/gone'))).rejects.toMatchObject({ code: 'FileNotFound' });
  await expect(files.stat(Uri.from({ scheme: 'quiesce', path: '/x' }))).rejects.toMatchObject({
    code: 'FileNotFound',
  });
  const changes = ['writeFile', 'delete', 'rename', 'createDirectory'] as const;
  for (const change of changes)
    expect(() => files[change](uri('/x'))).toThrow(expect.objectContaining({ code: 'NoPermissions' }));
});
