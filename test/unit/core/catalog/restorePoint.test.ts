import { beforeAll, describe, expect, test } from 'vitest';
import { KiB } from '../../../../src/base/units.ts';
import { openRestorePoint } from '../../../../src/core/catalog/restorePoint.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../../../src/core/repository/snapshot.ts';
import type { TreeNode } from '../../../../src/core/repository/tree.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { sampleManifest } from '../../../support/manifests.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import { saveFiles } from '../../../support/repositories.ts';
import { memoryRepository, sampleDisk, savePoint } from '../../../support/restorePoints.ts';

const geometry = { chunkBytes: 4 * KiB, partBytes: 16 * KiB };
const manifest = sampleManifest({
  disks: [
    sampleDisk({ ...geometry, key: 2000, capacityBytes: 20 * KiB }),
    sampleDisk({ ...geometry, key: 16_000, capacityBytes: 3 * KiB }),
  ],
});
const contents = new Map([
  [2000, pattern(20 * KiB, 0, 1)],
  [16_000, pattern(3 * KiB, 0, 2)],
]);

let repository: Repository;
let id: SnapshotId;

beforeAll(async () => {
  repository = await memoryRepository();
  id = await savePoint(repository, { manifest, contents, config: '{"name":"web01"}' });
  return async () => await repository[Symbol.asyncDispose]();
});

test('what was committed is what is opened', async () => {
  const point = await openRestorePoint(repository, id, signal);
  expect(point).toMatchObject({ id, manifest, config: '{"name":"web01"}' });
  expect([...point.disks.keys()]).toEqual([2000, 16_000]);
});

test('the snapshot carries the identities, and what a list shows', async () => {
  expect(await repository.loadSnapshot(id, signal)).toMatchObject({
    time: '2026-11-22T10:00:00Z',
    hostname: manifest.server.instanceUuid,
    paths: [`/${manifest.vm.instanceUuid}`],
    username: 'backup',
    tags: [
      'quiesce',
      'name:web01',
      'vcenter:vcenter.example',
      'level:crash',
      'requested:filesystem',
      'read:full',
      'claimed:filesystem',
    ],
    programVersion: 'quiesce 0.0.0',
  });
});

test('the tree is laid out as documented, with a readme that names the disks', async () => {
  const { tree } = await repository.loadSnapshot(id, signal);
  const { nodes } = await repository.loadTree(tree, signal);
  expect(nodes.map(({ name, type, permissions }) => [name, type, permissions])).toEqual([
    ['README-RESTORE.txt', 'file', 0o600],
    ['config.json', 'file', 0o600],
    ['disks', 'dir', 0o700],
    ['manifest.json', 'file', 0o600],
  ]);
  for (const node of nodes) expect(node.mtime).toBe('2026-11-22T10:00:00Z');
  const disks = nodes.find(node => node.name === 'disks');
  const folders = disks?.type === 'dir' ? (await repository.loadTree(disks.subtree, signal)).nodes : [];
  expect(folders.map(({ name, mtime }) => [name, mtime])).toEqual([
    ['16000', '1970-01-01T00:00:00Z'],
    ['2000', '1970-01-01T00:00:00Z'],
  ]);
  const readme = nodes[0]?.type === 'file' ? nodes[0].content : [];
  const text = Buffer.from(await repository.loadBlob('data', readme[0]!, signal)).toString();
  expect(text).toContain('disks/2000   Hard disk 1, 20480 bytes');
  expect(text).toContain('disks/16000   Hard disk 1, 3072 bytes');
});

describe('what is not a whole restore point is refused', () => {
  test('a snapshot of another program', async () => {
    const foreign = await saveFiles(repository, { 'etc.tar': pattern(100) }, 50);
    await expect(openRestorePoint(repository, foreign, signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each(['config.json', 'disks'])('one without %s', async missing => {
    const damaged = await savedWithout(node => node.name === missing);
    await expect(openRestorePoint(repository, damaged, signal)).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      message: expect.stringContaining(`${missing} is missing`) as string,
    });
  });

  test('one whose manifest names a disk it does not hold', async () => {
    const damaged = await savePoint(repository, {
      manifest,
      contents: new Map([[2000, contents.get(2000)!]]),
    });
    await expect(openRestorePoint(repository, damaged, signal)).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      message: expect.stringContaining('16000 is missing') as string,
    });
  });

  /** A copy of the restore point whose root lacks something. */
  async function savedWithout(isMissing: (node: TreeNode) => boolean): Promise<SnapshotId> {
    await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    const snapshot = await repository.loadSnapshot(id, signal);
    const { nodes } = await repository.loadTree(snapshot.tree, signal);
    const { id: tree } = await repository.saveTree({ nodes: nodes.filter(node => !isMissing(node)) }, signal);
    return await repository.saveSnapshot({ ...snapshot, tree }, lock, signal);
  }
});
