import { expect, test } from 'vitest';

import type { NodeId } from '../../../src/core/guestfs/guestFileSystem.ts';
import { FolderListings, type ListingOrder } from '../../../src/worker/folderListings.ts';
import { anySignal } from '../../support/anySignal.ts';
import { type FakeNode, fakeGuest } from '../../support/fakeGuest.ts';

const nodes: Readonly<Record<string, FakeNode>> = {
  root: {
    kind: 'directory',
    entries: { 'b.txt': 'file', Alpha: 'folder', 'a.TXT': 'file', beta: 'folder', ß: 'file' },
    problems: ['an entry is damaged'],
  },
  file: { kind: 'file' },
  folder: { kind: 'directory' },
};

/** A guest whose listings are counted. */
function countedGuest() {
  const guest = fakeGuest(nodes);
  const { fileSystem } = guest;
  let listed = 0;
  const counted: typeof fileSystem = {
    ...fileSystem,
    list: async (folder, signal) => {
      listed += 1;
      return await fileSystem.list(folder, signal);
    },
  };
  return {
    fileSystem: counted,
    root: guest.idOf('root'),
    folder: guest.idOf('folder'),
    listed: () => listed,
  };
}

test.each<[ListingOrder, readonly string[]]>([
  [{}, ['Alpha', 'a.TXT', 'b.txt', 'beta', 'ß']],
  [{ foldersFirst: true }, ['Alpha', 'beta', 'a.TXT', 'b.txt', 'ß']],
  [{ nameContains: 'TXT' }, ['a.TXT', 'b.txt']],
  [{ nameContains: 'al' }, ['Alpha']],
  [{ nameContains: 'nothing' }, []],
  [{ nameContains: '.*' }, []],
])('in the order %j come %j', async (order, names) => {
  const { fileSystem, root } = countedGuest();
  const { entries, problems } = await new FolderListings().read(fileSystem, root, order, anySignal);
  expect(entries.map(({ name }) => name)).toEqual(names);
  expect(problems).toEqual(['an entry is damaged']);
});

test('pages of one folder read it once; another folder or order reads anew', async () => {
  const { fileSystem, root, folder, listed } = countedGuest();
  const listings = new FolderListings();
  const read = async (node: NodeId, order: ListingOrder) =>
    await listings.read(fileSystem, node, order, anySignal);
  await read(root, {});
  await read(root, { nameContains: '' });
  expect(listed()).toBe(1);
  await read(folder, {});
  await read(root, { foldersFirst: true });
  expect(listed()).toBe(3);
});

test('a listing that failed is asked for again', async () => {
  const { fileSystem, root } = countedGuest();
  const listings = new FolderListings();
  let isDamaged = true;
  const flaky: typeof fileSystem = {
    ...fileSystem,
    list: async (node, signal) => {
      if (isDamaged) throw new Error('gone');
      return await fileSystem.list(node, signal);
    },
  };
  await expect(listings.read(flaky, root, {}, anySignal)).rejects.toThrow('gone');
  isDamaged = false;
  expect((await listings.read(flaky, root, {}, anySignal)).entries).toHaveLength(5);
});
