import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import type { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { ObjectName } from '../../../../src/core/repository/objectStore.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { backUpCycle, checkAll, cycleChunkBytes, cycleFiles, pruneAll } from '../../../support/pruneCycle.ts';
import { copyOf, createTestRepository, testDeps, testPassword } from '../../../support/repositories.ts';

const packBytes = 5 * cycleChunkBytes;
let opened = 500;
const seeds = [1, 2, 3];
const kinds = ['config', 'key', 'snapshot', 'index', 'pack'] as const;

const good = await threePoints();

/** Each file of a small repository, in each of these ways. */
const damages: Readonly<Record<string, (bytes: Uint8Array, other: Uint8Array) => Uint8Array | undefined>> = {
  removed: () => undefined,
  emptied: () => new Uint8Array(),
  truncated: bytes => bytes.slice(0, bytes.length >> 1),
  'one byte short': bytes => bytes.slice(0, -1),
  'flipped in its first byte': bytes => flipped(bytes, 0),
  'flipped in the middle': bytes => flipped(bytes, bytes.length >> 1),
  'flipped in its last byte': bytes => flipped(bytes, bytes.length - 1),
  'replaced by another of its kind': (_, other) => other.slice(),
};

describe.each(kinds)('a damaged %s', kind => {
  test.each(Object.keys(damages))(
    '%s: is named, nothing wrong is read, and all else comes back',
    async how => {
      const store = await copyOf(good);
      const names = await collect(store.list(kind, signal));
      for (const [position, { id }] of names.entries()) {
        const other = names[(position + 1) % names.length]!.id;
        if (how.startsWith('replaced') && other === id) continue;
        const damaged = await copyOf(store);
        await damage(damaged, { kind, id }, { kind, id: other }, how);
        const found = await lookAt(damaged);
        // A key nobody can open and one that is not there look alike; a snapshot that is gone leaves no trace; of an index
        // that is gone the packs tell, which nothing names any more.
        const isTraceless = how === 'removed' && kind === 'snapshot';
        const namesItself = kind !== 'key' && how !== 'removed';
        if (!isTraceless) expect(found.named, `${how} ${id}`).not.toEqual([]);
        if (namesItself) expect(found.named.join('\n'), how).toContain(id);
        // Without its key or config nothing is; without one snapshot the others are.
        if (kind === 'snapshot') expect(found.whole).toBe(how.startsWith('replaced') ? 3 : 2);
        if (kind === 'pack') expect(found.whole + found.damaged).toBe(3);
      }
    },
  );
});

describe('a repair', () => {
  test.each(Object.keys(damages))('of an index file that is %s loses nothing', async how => {
    const store = await copyOf(good);
    const names = await collect(store.list('index', signal));
    for (const [position, { id }] of names.entries()) {
      const damaged = await copyOf(store);
      const other = names[(position + 1) % names.length]!.id;
      await damage(damaged, { kind: 'index', id }, { kind: 'index', id: other }, how);
      await using repository = await open(damaged, true);
      const result = await repaired(repository);
      expect(result.lostBlobCount).toBe(0);
      expect(await checkAll(repository)).toMatchObject({ errorCount: 0, warningCount: 0 });
      expect(await lookAt(damaged)).toMatchObject({ named: [], whole: 3 });
      expect(await repaired(repository)).toMatchObject({
        ...{ damagedIndexFiles: [], foundPacks: [], missingPacks: [], damagedPacks: [] },
      });
    }
  });

  test.each(Object.keys(damages))(
    'of a pack that is %s keeps all that is good, and backups heal it',
    async how => {
      const store = await copyOf(good);
      const names = await collect(store.list('pack', signal));
      for (const [position, { id }] of names.entries()) {
        const damaged = await copyOf(store);
        const other = names[(position + 1) % names.length]!.id;
        await damage(damaged, { kind: 'pack', id }, { kind: 'pack', id: other }, how);
        const before = await lookAt(damaged);
        await using repository = await open(damaged, true);
        const result = await repaired(repository);
        expect(how === 'removed' ? result.missingPacks : result.damagedPacks).toEqual([id]);
        if (how.startsWith('flipped')) expect(result.lostBlobCount).toBeLessThanOrEqual(1);
        const after = await lookAt(damaged);
        expect(after.whole).toBeGreaterThanOrEqual(before.whole);
        // The same bytes are stored again, as a new restore point of the VM would have them.
        for (const seed of seeds) await backUpCycle(repository, seed);
        expect((await lookAt(damaged)).damaged).toBe(0);
        await pruneAll(repository);
        expect(await checkAll(repository)).toMatchObject({ errorCount: 0, warningCount: 0 });
      }
    },
  );

  test('of nothing writes nothing', async () => {
    const store = await copyOf(good);
    await using repository = await open(store);
    const before = await collect(store.list('index', signal));
    expect(await repaired(repository)).toMatchObject({ rescuedBlobCount: 0, lostBlobCount: 0 });
    expect(await collect(store.list('index', signal))).toEqual(before);
  });

  test('removes unreadable snapshots only if it may, and then a prune is possible again', async () => {
    const store = await copyOf(good);
    const id = (await collect(store.list('snapshot', signal)))[0]!.id;
    await damage(store, { kind: 'snapshot', id }, { kind: 'snapshot', id }, 'truncated');
    await using repository = await open(store);
    await expect(pruneAll(repository)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
    expect(await repaired(repository)).toMatchObject({ unreadableSnapshots: [id], removedSnapshots: [] });
    expect(await repaired(repository, true)).toMatchObject({ removedSnapshots: [id] });
    await pruneAll(repository);
    expect((await lookAt(store)).whole).toBe(2);
  });
});

describe('a check of a part of the data', () => {
  test('reads each pack once if all parts are read, the same that restic does, and finds what is in it', async () => {
    const store = await copyOf(good);
    await using repository = await open(store);
    const [pack] = await collect(store.list('pack', signal));
    await damage(
      store,
      { kind: 'pack', id: pack!.id },
      { kind: 'pack', id: pack!.id },
      'flipped in its first byte',
    );
    await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    const results = [];
    for (const part of [1, 2, 3]) {
      const subset = { kind: 'part', part, parts: 3 } as const;
      results.push(await repository.check({ readData: true, subset }, lock, () => undefined, signal));
    }
    const whole = await repository.check({ readData: true }, lock, () => undefined, signal);
    expect(results.reduce((sum, { readBytes }) => sum + readBytes, 0)).toBe(whole.readBytes);
    const partOfPack = Number.parseInt(pack!.id.slice(0, 2), 16) % 3;
    expect(results.map(({ errorCount }) => errorCount > 0)).toEqual(
      [0, 1, 2].map(part => part === partOfPack),
    );
  });

  test('or of a random share reads so many packs', async () => {
    const store = await copyOf(good);
    const packs = await collect(store.list('pack', signal));
    await using repository = await open(store);
    await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    const subset = { kind: 'sample', share: 0.01 } as const;
    const { readBytes } = await repository.check({ readData: true, subset }, lock, () => undefined, signal);
    expect(packs.map(({ sizeBytes }) => sizeBytes)).toContain(readBytes);
  });
});

async function open(store: MemoryObjectStore, toRepair = false): Promise<Repository> {
  return await openRepository(
    store,
    testPassword,
    testDeps({ seed: (opened += 1), packBytes, toRepair }),
    signal,
  );
}

async function threePoints(): Promise<MemoryObjectStore> {
  const { store } = await createTestRepository(testDeps({ seed: (opened += 1), packBytes }));
  await using repository = await open(store);
  for (const seed of seeds) await backUpCycle(repository, seed);
  return store;
}

async function damage(
  store: MemoryObjectStore,
  name: ObjectName,
  other: ObjectName,
  how: string,
): Promise<void> {
  const bytes = await store.get(name, 1 << 26, signal);
  const damaged = damages[how]!(bytes, await store.get(other, 1 << 26, signal));
  await store.remove(name, signal);
  if (damaged !== undefined) await store.put(name, damaged, signal);
}

async function repaired(repository: Repository, removeUnreadableSnapshots = false) {
  await using lock = await repository.lock({ mode: 'exclusive', journal: memoryJournal() }, signal);
  const options = { readData: true, removeUnreadableSnapshots };
  return await repository.repair(options, lock, () => undefined, signal);
}

/** What is named as damaged, and how many restore points come back whole; that any comes back wrong fails. */
async function lookAt(store: MemoryObjectStore) {
  const found = { named: [] as string[], whole: 0, damaged: 0 };
  const expected = seeds.map(seed => hashOf(cycleFiles(seed)['disk.raw']!));
  const unlessDamaged = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      expect(AppError.is(error, 'CORRUPT_DATA', 'NOT_FOUND', 'AUTHENTICATION', 'UNSUPPORTED_FORMAT')).toBe(
        true,
      );
      found.named.push((error as Error).message);
      return false;
    }
  };
  await unlessDamaged(async () => {
    await using repository = await open(store);
    const result = await checkAll(repository);
    found.named.push(...result.errors.map(({ object, message }) => `${object}: ${message}`));
    for await (const entry of repository.listSnapshots(signal)) {
      if ('problem' in entry) continue;
      const isWhole = await unlessDamaged(async () => {
        for (const node of (await repository.loadTree(entry.snapshot.tree, signal)).nodes) {
          if (node.type !== 'file') throw new Error('only files are in these trees');
          const parts = [];
          for (const id of node.content) parts.push(await repository.loadBlob('data', id, signal));
          expect(expected).toContain(hashOf(Buffer.concat(parts)));
        }
      });
      found[isWhole ? 'whole' : 'damaged'] += 1;
    }
  });
  return found;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function flipped(bytes: Uint8Array, offset: number): Uint8Array {
  const damaged = bytes.slice();
  damaged[offset]! ^= 1;
  return damaged;
}
