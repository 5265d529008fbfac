import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';

import type { Progress } from '../../../../src/base/progress.ts';
import { checkRepository } from '../../../../src/core/jobs/checkRepository.ts';
import type { CheckResult } from '../../../../src/core/repository/check.ts';
import type { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { ObjectKind } from '../../../../src/core/repository/objectStore.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import type { SnapshotId } from '../../../../src/core/repository/snapshot.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import {
  copyOf,
  createTestRepository,
  saveFiles,
  testDeps,
  testPassword,
} from '../../../support/repositories.ts';

const deps = testDeps();
const chunkBytes = 64 * 1024;
let good: MemoryObjectStore;
let points: SnapshotId[];

beforeAll(async () => {
  ({ store: good } = await createTestRepository(deps));
  await using repository = await openRepository(good, testPassword, deps, signal);
  // The second one has a chunk of its own; the rest it shares with the first one.
  const first = pattern(4 * chunkBytes, 0, 1);
  const second = new Uint8Array([...first, ...pattern(chunkBytes, 0, 2)]);
  points = [
    await saveFiles(repository, { disk: first }, chunkBytes),
    await saveFiles(repository, { disk: second }, chunkBytes),
  ];
});

async function check(
  store: MemoryObjectStore,
  readData: boolean,
  onProgress: (progress: Progress) => void = () => undefined,
): Promise<CheckResult> {
  await using repository = await openRepository(store, testPassword, deps, signal);
  const result = await checkRepository(repository, memoryJournal(), { readData }, onProgress, signal);
  expect(await collect(store.list('lock', signal))).toEqual([]);
  return result;
}

async function idsOf(store: MemoryObjectStore, kind: ObjectKind): Promise<string[]> {
  return (await collect(store.list(kind, signal))).map(({ id }) => id);
}

/** Another content under the same name. */
async function replace(
  store: MemoryObjectStore,
  kind: ObjectKind,
  id: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const bytes = await store.get({ kind, id }, 2 ** 30, signal);
  await store.remove({ kind, id }, signal);
  await store.put({ kind, id }, change(bytes), signal);
}

function flipped(offset: (length: number) => number): (bytes: Uint8Array) => Uint8Array {
  return bytes => {
    const at = offset(bytes.length);
    return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
  };
}

/** The pack of data that the first point was stored in. */
async function dataPack(store: MemoryObjectStore): Promise<string> {
  const packs = await collect(store.list('pack', signal));
  return packs.toSorted((one, other) => other.sizeBytes - one.sizeBytes)[0]!.id;
}

test.each([false, true])(
  'a good repository has no findings, and all of it was looked at: %s',
  async readData => {
    const seen: Progress[] = [];
    const result = await check(good, readData, progress => seen.push(progress));
    const packs = await collect(good.list('pack', signal));
    const packBytes = packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    expect(result).toEqual({
      ...{ errors: [], errorCount: 0, warnings: [], warningCount: 0, damagedSnapshots: [] },
      ...{ snapshotCount: 2, indexFileCount: 2, packCount: 4, blobCount: 7, treeCount: 2 },
      packBytes,
      readBytes: readData ? packBytes : 0,
    });
    expect(seen.filter(({ totalBytes }) => totalBytes !== undefined).at(-1)).toMatchObject({
      doneBytes: packBytes,
      totalBytes: packBytes,
    });
  },
);

interface Damage {
  readonly name: string;
  readonly does: (store: MemoryObjectStore) => Promise<void>;
  /** Whether a quick look is enough. */
  readonly quick: boolean;
  readonly says: RegExp;
  /** How many restore points it damages. */
  readonly damages: 0 | 1 | 2;
}

const damages: readonly Damage[] = [
  {
    name: 'a pack is gone',
    does: async store => await store.remove({ kind: 'pack', id: await dataPack(store) }, signal),
    quick: true,
    says: /names it, but it is not there/,
    damages: 2,
  },
  {
    name: 'half a pack',
    does: async store =>
      await replace(store, 'pack', await dataPack(store), bytes => bytes.slice(0, bytes.length / 2)),
    quick: true,
    says: /bytes, \d+ by the index/,
    damages: 2,
  },
  {
    name: 'one bit of data',
    does: async store =>
      await replace(
        store,
        'pack',
        await dataPack(store),
        flipped(() => 100),
      ),
    quick: false,
    says: /blob [0-9a-f]{64}.*authentication code/,
    damages: 2,
  },
  {
    name: "one bit of a pack's header",
    does: async store =>
      await replace(
        store,
        'pack',
        await dataPack(store),
        flipped(length => length - 20),
      ),
    quick: true,
    says: /authentication code|another SHA-256/,
    damages: 0,
  },
  {
    name: 'a snapshot under the name of another',
    does: async store => {
      const other = await store.get({ kind: 'snapshot', id: points[0]! }, 2 ** 20, signal);
      await replace(store, 'snapshot', points[1]!, () => other);
    },
    quick: true,
    says: /another SHA-256 than its name/,
    damages: 0,
  },
  {
    name: 'half a snapshot',
    does: async store => await replace(store, 'snapshot', points[0]!, bytes => bytes.slice(0, 40)),
    quick: true,
    says: /snapshot [0-9a-f]{64}/,
    damages: 0,
  },
];

describe.each(damages)('$name', ({ does, quick, says, damages: count }) => {
  test.each([false, true])('is found, reading everything: %s', async readData => {
    const store = await copyOf(good);
    await does(store);
    const { errors, errorCount, damagedSnapshots } = await check(store, readData);
    if (!quick && !readData) {
      expect(errors).toEqual([]);
      return;
    }
    expect(errors.map(({ object, message }) => `${object}: ${message}`).join('\n')).toMatch(says);
    expect(errorCount).toBe(errors.length);
    expect(damagedSnapshots).toHaveLength(count);
  });
});

test('an index file that is lost leaves a pack without a name and points without blobs', async () => {
  const store = await copyOf(good);
  for (const id of await idsOf(store, 'index')) await store.remove({ kind: 'index', id }, signal);
  const { errors, warnings, damagedSnapshots } = await check(store, false);
  expect(errors).toHaveLength(2);
  expect(warnings).toHaveLength(4);
  expect(damagedSnapshots.toSorted()).toEqual(points.toSorted());
});

test('an index file that was damaged since the repository was opened is a finding', async () => {
  const store = await copyOf(good);
  await using repository = await openRepository(store, testPassword, deps, signal);
  const [id] = await idsOf(store, 'index');
  const lockTaken = repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  await using lock = await lockTaken;
  await replace(store, 'index', id!, bytes => bytes.slice(0, bytes.length - 1));
  const result = await repository.check({ readData: false }, lock, () => undefined, signal);
  expect(result.errors[0]).toEqual({
    object: `index ${id}`,
    message: expect.stringContaining('another SHA-256') as string,
  });
});

test('the bytes of a pack are compared with its name as well', async () => {
  const store = await copyOf(good);
  const id = await dataPack(store);
  const bytes = await store.get({ kind: 'pack', id }, 2 ** 30, signal);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(id);
});

test('a check that is cancelled ends at once and gives its lock back', async () => {
  const store = await copyOf(good);
  await using repository = await openRepository(store, testPassword, deps, signal);
  const stop = new AbortController();
  let steps = 0;
  const checking = checkRepository(
    repository,
    memoryJournal(),
    { readData: true },
    () => {
      steps += 1;
      stop.abort();
    },
    stop.signal,
  );
  await expect(checking).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(steps).toBe(1);
  expect(await idsOf(store, 'lock')).toEqual([]);
});
