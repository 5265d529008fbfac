import { beforeAll, describe, expect, test } from 'vitest';
import {
  findRestorePoint,
  latestRestorePoint,
  listBackupSets,
} from '../../../../src/core/catalog/backupSet.ts';
import { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../../../src/core/repository/snapshot.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { sampleManifest } from '../../../support/manifests.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import { nodeMetadata } from '../../../support/repositories.ts';
import { memoryRepository, savePoint } from '../../../support/restorePoints.ts';

const [web, database, newWeb] = ['5012-web', '5012-database', '5012-new-web'];
const damagedId = 'd'.repeat(64) as SnapshotId;
let repository: Repository;
/** By what they are; saved in another order than they were taken. */
const points = new Map<string, SnapshotId>();

beforeAll(async () => {
  const store = new MemoryObjectStore();
  repository = await memoryRepository(store);
  await save('web, newest', web, 'web02', '2026-11-22T10:00:00Z');
  await save('web, oldest', web, 'web01', '2026-11-20T10:00:00Z');
  await save('web, middle', web, 'web01', '2026-11-21T10:00:00.5Z');
  await save('database', database, 'db01', '2026-11-21T09:00:00Z');
  await save('another VM of the name', newWeb, 'db01', '2026-11-22T09:00:00Z');
  await saveForeign();
  await store.put({ kind: 'snapshot', id: damagedId }, pattern(200), signal);
  return async () => await repository[Symbol.asyncDispose]();
});

async function save(what: string, instanceUuid: string, name: string, takenAt: string): Promise<void> {
  const { vm } = sampleManifest();
  const manifest = sampleManifest({ vm: { ...vm, instanceUuid, name }, takenAt, disks: [] });
  points.set(what, await savePoint(repository, { manifest }));
}

/** As `restic backup` of a folder writes it, for the same path as a VM's. */
async function saveForeign(): Promise<void> {
  await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  const { id: content } = await repository.saveBlob('data', pattern(10), signal);
  const file = { ...nodeMetadata, type: 'file' as const, name: 'f', sizeBytes: 10, content: [content] };
  const { id: tree } = await repository.saveTree({ nodes: [file] }, signal);
  const time = '2027-01-01T00:00:00Z';
  const foreign = {
    time,
    tree,
    paths: [`/${web}`],
    hostname: 'laptop',
    username: 'me',
    tags: ['level:crash'],
  };
  points.set('foreign', await repository.saveSnapshot(foreign, lock, signal));
}

const id = (what: string) => points.get(what)!;

describe('restore points are listed', () => {
  test('by VM, whatever it was called, newest first; those of other programs are passed over', async () => {
    const { sets } = await listBackupSets(repository, signal);
    const found = sets.map(set => [set.vmName, set.vmInstanceUuid, set.points.map(point => point.id)]);
    expect(found.toSorted()).toEqual([
      ['db01', database, [id('database')]],
      ['db01', newWeb, [id('another VM of the name')]],
      ['web02', web, [id('web, newest'), id('web, middle'), id('web, oldest')]],
    ]);
    expect(sets.map(set => set.vmName)).toEqual(['db01', 'db01', 'web02']);
  });

  test('with what the snapshot tells', async () => {
    expect(await latestRestorePoint(repository, web, signal)).toEqual({
      id: id('web, newest'),
      takenAt: new Date('2026-11-22T10:00:00Z'),
      vmInstanceUuid: web,
      vmName: 'web02',
      serverInstanceUuid: sampleManifest().server.instanceUuid,
      proven: 'crash',
      tags: [
        'quiesce',
        'name:web02',
        `vcenter:${sampleManifest().server.address}`,
        'level:crash',
        'requested:filesystem',
        'read:full',
        'claimed:filesystem',
      ],
      requested: 'filesystem',
      claimed: 'filesystem',
      read: 'full',
    });
    expect(await latestRestorePoint(repository, 'unknown', signal)).toBeUndefined();
  });

  test('beside a damaged one, which is a problem of its own', async () => {
    const { problems } = await listBackupSets(repository, signal);
    expect(problems.map(({ code, message }) => [code, message.includes(damagedId)])).toEqual([
      ['CORRUPT_DATA', true],
    ]);
  });
});

describe('a restore point is found', () => {
  test.each([
    ['by the name of its VM: the newest', 'web02', 'web, newest'],
    ['by the UUID of its VM: the newest', web, 'web, newest'],
    ['by the UUID of one of two VMs of a name', newWeb, 'another VM of the name'],
  ])('%s', async (_how, wanted, what) => {
    expect((await findRestorePoint(repository, wanted, signal)).point.id).toBe(id(what));
  });

  test.each(['web, oldest', 'database'])('by its id, or enough of it: %s', async what => {
    for (const digits of [64, 8])
      expect((await findRestorePoint(repository, id(what).slice(0, digits), signal)).point.id).toBe(id(what));
  });

  test('by the name of its VM with what cannot be read, for that may be newer; by its id without', async () => {
    const byName = await findRestorePoint(repository, 'web02', signal);
    expect(byName.unreadable.map(({ code }) => code)).toEqual(['CORRUPT_DATA']);
    expect((await findRestorePoint(repository, id('web, oldest'), signal)).unreadable).toEqual([]);
  });

  test('not by a name that several VMs have, nor by digits that several ids begin with', async () => {
    const both = ['database', 'another VM of the name'].map(what => id(what).slice(0, 8));
    for (const [wanted, named] of [
      ['db01', both],
      ['', [...points].filter(([what]) => what !== 'foreign').map(([, point]) => point.slice(0, 8))],
    ] as const) {
      const refused = await findRestorePoint(repository, wanted, signal).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'CONFLICT', object: wanted });
      for (const shown of named) expect((refused as Error).message).toContain(shown);
    }
  });

  test('not if it is damaged: that is told, not that it is missing', async () => {
    await expect(findRestorePoint(repository, damagedId.slice(0, 9), signal)).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
    });
  });

  test.each([
    ['a former name', () => 'web01'],
    ['a snapshot of another program', () => id('foreign')],
    ['nothing like it', () => 'unknown'],
  ])('not for %s', async (_what, wanted) => {
    await expect(findRestorePoint(repository, wanted(), signal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      object: wanted(),
    });
  });
});
