import { beforeAll, describe, expect, test } from 'vitest';
import { KiB } from '../../../../src/base/units.ts';
import { DiskTreeWriter } from '../../../../src/core/catalog/diskTreeWriter.ts';
import { blobIdOf, type BlobId } from '../../../../src/core/codec/blobId.ts';
import type { RepositoryLock } from '../../../../src/core/repository/locks.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import type { FileNode, FolderNode } from '../../../../src/core/repository/tree.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import { memoryRepository, saveDisk } from '../../../support/restorePoints.ts';

const geometry = { chunkBytes: 4 * KiB, partBytes: 16 * KiB };
let repository: Repository;
let lock: RepositoryLock;

beforeAll(async () => {
  repository = await memoryRepository();
  lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  return async () => {
    await lock[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  };
});

interface Part {
  readonly folder: FolderNode;
  readonly raw: FileNode;
}

async function partsOf(tree: BlobId): Promise<Part[]> {
  const { nodes } = await repository.loadTree(tree, signal);
  const folders = nodes as FolderNode[];
  return await Promise.all(
    folders.map(async folder => {
      const files = (await repository.loadTree(folder.subtree, signal)).nodes as FileNode[];
      expect(files).toHaveLength(1);
      return { folder, raw: files[0]! };
    }),
  );
}

describe('a disk is stored as one folder for each part, with one file that holds its chunks', () => {
  test.each([
    ['less than a chunk', 1000, [[1000, 1]]],
    ['one part, to the byte', 16 * KiB, [[16 * KiB, 4]]],
    [
      'a last part of one byte',
      16 * KiB + 1,
      [
        [16 * KiB, 4],
        [1, 1],
      ],
    ],
    [
      'a last part with a last chunk that is not whole',
      41 * KiB,
      [
        [16 * KiB, 4],
        [16 * KiB, 4],
        [9 * KiB, 3],
      ],
    ],
    ['nothing', 0, []],
  ] as const)('%s', async (_what, sizeBytes, expected) => {
    const content = pattern(sizeBytes);
    const parts = await partsOf(await saveDisk(repository, geometry, content));
    expect(parts.map(({ raw }) => [raw.sizeBytes, raw.content.length])).toEqual(expected);
    expect(parts.map(({ folder }) => folder.name)).toEqual(
      ['00000', '00001', '00002'].slice(0, expected.length),
    );
    expect(parts.flatMap(({ raw }) => raw.content)).toEqual(
      Array.from({ length: Math.ceil(sizeBytes / geometry.chunkBytes) }, (_, index) =>
        blobIdOf(content.subarray(index * geometry.chunkBytes, (index + 1) * geometry.chunkBytes)),
      ),
    );
  });

  test('with the same metadata at any time, so that what is unchanged is the same tree', async () => {
    const before = pattern(41 * KiB);
    const after = before.slice();
    after[17 * KiB]! ^= 0xff;
    const [old, unchanged, changed] = [
      await saveDisk(repository, geometry, before),
      await saveDisk(repository, geometry, before.slice()),
      await saveDisk(repository, geometry, after),
    ];
    expect(unchanged).toBe(old);
    expect(changed).not.toBe(old);
    const [oldParts, changedParts] = [await partsOf(old), await partsOf(changed)];
    const same = changedParts.map(({ folder }, index) => folder.subtree === oldParts[index]?.folder.subtree);
    expect(same).toEqual([true, false, true]);
    for (const { folder, raw } of oldParts) {
      const constant = { mtime: '1970-01-01T00:00:00Z', atime: '1970-01-01T00:00:00Z', uid: 0, gid: 0 };
      expect(folder).toMatchObject({ ...constant, permissions: 0o700 });
      expect(raw).toMatchObject({ ...constant, name: 'raw', permissions: 0o600 });
    }
  });

  test('and never as half a disk', async () => {
    const writer = new DiskTreeWriter(repository, { sizeBytes: 8 * KiB, ...geometry });
    await writer.addChunk(blobIdOf(pattern(4 * KiB)), 4 * KiB, signal);
    await expect(writer.finish(signal)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
