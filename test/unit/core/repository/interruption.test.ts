import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { AppError, CancelledError } from '../../../../src/base/errors.ts';
import type { Sealer } from '../../../../src/core/codec/sealer.ts';
import { parseIndex } from '../../../../src/core/repository/internal/indexFile.ts';
import { readPackHeader } from '../../../../src/core/repository/internal/pack.ts';
import { unsealJson } from '../../../../src/core/repository/internal/unpacked.ts';
import { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { ObjectName, ObjectStore } from '../../../../src/core/repository/objectStore.ts';
import { createRepository, openRepository } from '../../../../src/core/repository/openRepository.ts';
import { underLock } from '../../../../src/core/repository/underLock.ts';
import { FaultyObjectStore, fullStore, stopAtWrite } from '../../../faults/faultyObjectStore.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import { seededRandom } from '../../../support/seededRandom.ts';
import {
  copyInto,
  copyOf,
  createTestRepository,
  indexOnDisk,
  readEverything,
  saveFiles,
  testDeps,
  testPassword,
} from '../../../support/repositories.ts';
import { suiteFolder } from '../../../support/temporaryFolder.ts';

const chunkBytes = 20_000;
/** Several packs a job, without megabytes a job. */
const packBytes = 15_000;
const before = { 'disk.raw': pattern(500_000, 0, 1) };
const after = { 'disk.raw': changed(pattern(500_000, 0, 1)), 'second.raw': pattern(300_000, 0, 2) };
let seed = 0;
const indexSegments = indexOnDisk(suiteFolder('interruption'));
const deps = () => testDeps({ packBytes, indexSegments, seed: (seed += 1) });

describe('a backup killed at any of its writes', () => {
  test.each(['before', 'after'] as const)('leaves a sound repository (%s the write)', async when => {
    const { store: base, sealer } = await repositoryWithOneBackup();
    const writes = await countWrites(base);
    expect(writes).toBeGreaterThan(20);
    for (let n = 1; n <= writes; n += 1) {
      const store = await copyOf(base);
      {
        await using doomed = await openRepository(stopAtWrite(store, n, when), testPassword, deps(), signal);
        const outcome = saveFiles(doomed, after, chunkBytes);
        // The last write takes the lock away: the backup is complete by then, and a lock left behind no failure.
        if (n < writes) await expect(outcome, `write ${n}`).rejects.toMatchObject({ code: 'INTERNAL' });
        else await outcome;
      }
      await assertSound(store, sealer);
      await using reopened = await openRepository(store, testPassword, deps(), signal);
      const complete = (await readEverything(reopened)).size - 1;
      expect(complete === 0 || (complete === 1 && n >= writes - 1), `write ${n}`).toBe(true);
      const id = await saveFiles(reopened, after, chunkBytes);
      const files = (await readEverything(reopened)).get(id);
      for (const [name, bytes] of Object.entries(after))
        expect(files?.get(name)?.equals(bytes), name).toBe(true);
      await assertSound(store, sealer);
    }
  });

  test('uses again what was durable before', async () => {
    const { store } = await repositoryWithOneBackup();
    await using first = await openRepository(store, testPassword, deps(), signal);
    await using lock = await first.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    const saved = await first.saveBlob('data', pattern(chunkBytes, 9), signal);
    expect(saved.storedBytes).toBeGreaterThan(0);
    await first.flush(signal);
    expect(lock.lost.aborted).toBe(false);
    await using second = await openRepository(store, testPassword, deps(), signal);
    await using other = await second.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    expect(other.mode).toBe('shared');
    expect(await second.saveBlob('data', pattern(chunkBytes, 9), signal)).toMatchObject({
      id: saved.id,
      storedBytes: 0,
    });
  });
});

test('packs that no index file names are found, and what is in them is not stored again', async () => {
  const { store } = await repositoryWithOneBackup();
  // Random, so that each fills a pack.
  const blobs = Array.from({ length: 6 }, (_, n) => seededRandom(n).bytes(packBytes));
  const isStored = async () => (await collect(store.list('pack', signal))).length;
  const before = await isStored();
  {
    await using killed = await openRepository(store, testPassword, deps(), signal);
    await using lock = await killed.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    for (const blob of blobs) await killed.saveBlob('data', blob.slice(), signal);
    await expect.poll(isStored).toBe(before + blobs.length);
    expect(lock.lost.aborted).toBe(false);
  }
  const indexFiles = async () => (await collect(store.list('index', signal))).length;
  const named = await indexFiles();
  await using next = await openRepository(store, testPassword, deps(), signal);
  await using lock = await next.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  expect(await next.adoptFoundPacks(lock, signal)).toBe(blobs.length);
  expect(await next.adoptFoundPacks(lock, signal)).toBe(0);
  expect(await indexFiles()).toBe(named + 1);
  for (const blob of blobs) expect((await next.saveBlob('data', blob.slice(), signal)).storedBytes).toBe(0);
});

test('a flush that is cancelled before it begins leaves nobody to hear of the uploads it has joined', async () => {
  const store = fullStore((await repositoryWithOneBackup()).store, () => isFull);
  let isFull = false;
  await using repository = await openRepository(store, testPassword, deps(), signal);
  await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  await repository.saveBlob('data', pattern(chunkBytes / 2, 9), signal);
  isFull = true;
  // The runner fails a test for a rejection that nobody handles; the program ends by one.
  await expect(repository.flush(AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  await new Promise(resolve => setTimeout(resolve, 20));
  isFull = false;
  expect(lock.lost.aborted).toBe(false);
});

test('what a failed job has on its way to the store is stopped before its lock is given back', async () => {
  const store = new SlowPacks();
  await copyInto(store, (await repositoryWithOneBackup()).store);
  await using repository = await openRepository(store, testPassword, deps(), signal);
  const request = { mode: 'shared', journal: memoryJournal() } as const;
  // Random, so that each fills a pack.
  const blobs = [1, 2].map(n => seededRandom(n).bytes(packBytes));
  const failing = underLock(repository, request, signal, async () => {
    store.isSlow = true;
    for (const blob of blobs) await repository.saveBlob('data', blob.slice(), signal);
    expect(store.onTheirWay).toBe(2);
    throw new AppError('UNREACHABLE', 'the host is away');
  });
  await expect(failing).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(store.onTheirWay).toBe(0);
  store.isSlow = false;
  const id = await saveFiles(repository, { 'disk.raw': blobs[0]!, 'second.raw': blobs[1]! }, packBytes);
  await using reopened = await openRepository(store, testPassword, deps(), signal);
  const files = (await readEverything(reopened)).get(id);
  expect(files?.get('second.raw')?.equals(blobs[1]!)).toBe(true);
});

test('a creation killed at any of its writes can be repeated', async () => {
  const whole = new FaultyObjectStore(new MemoryObjectStore(), () => 'done', unexpected);
  await createRepository(whole, testPassword, deps(), signal);
  for (let n = 1; n <= whole.writeCount; n += 1) {
    const store = new MemoryObjectStore();
    await expect(
      createRepository(stopAtWrite(store, n, 'before'), testPassword, deps(), signal),
    ).rejects.toThrow();
    await expect(openRepository(store, testPassword, deps(), signal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await using repository = await createRepository(store, testPassword, deps(), signal);
    const id = await saveFiles(repository, before, chunkBytes);
    await using reopened = await openRepository(store, testPassword, deps(), signal);
    expect([...(await readEverything(reopened)).keys()]).toEqual([id]);
  }
});

test('a full store fails the backup, and the same handle completes it once there is space', async () => {
  const { store, sealer } = await repositoryWithOneBackup();
  let full = true;
  const limited = fullStore(store, () => full);
  await using repository = await openRepository(limited, testPassword, deps(), signal);
  await expect(saveFiles(repository, after, chunkBytes)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  full = false;
  await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  full = true;
  const many = Array.from({ length: 20 }, (_, index) => pattern(chunkBytes, index * chunkBytes, 5));
  const saveAll = async () => {
    for (const bytes of many) await repository.saveBlob('data', bytes.slice(), signal);
    await repository.flush(signal);
  };
  await expect(saveAll()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  full = false;
  await saveAll();
  expect(lock.lost.aborted).toBe(false);
  await assertSound(store, sealer);
  await using reopened = await openRepository(store, testPassword, deps(), signal);
  for (const bytes of many) {
    const id = createHash('sha256').update(bytes).digest('hex') as Parameters<typeof reopened.loadBlob>[1];
    expect(Buffer.from(await reopened.loadBlob('data', id, signal)).equals(bytes)).toBe(true);
  }
});

test('an upload whose answer was lost is not taken for a failure when it is tried again', async () => {
  const { store } = await repositoryWithOneBackup();
  const lost = new Set<string>();
  const flaky = new FaultyObjectStore(
    store,
    ({ operation, name }) => {
      if (operation !== 'put' || name.kind !== 'pack' || lost.has(name.id)) return 'done';
      lost.add(name.id);
      return 'answer-lost';
    },
    () => new AppError('UNREACHABLE', 'the connection was closed'),
  );
  await using repository = await openRepository(flaky, testPassword, deps(), signal);
  await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  const { id } = await repository.saveBlob('data', pattern(chunkBytes, 77), signal);
  await expect(repository.flush(signal)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await repository.flush(signal);
  expect(lost.size).toBe(1);
  expect(lock.mode).toBe('shared');
  await using reopened = await openRepository(store, testPassword, deps(), signal);
  expect(Buffer.from(await reopened.loadBlob('data', id, signal)).equals(pattern(chunkBytes, 77))).toBe(true);
});

function changed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  bytes.set(pattern(60_000, 0, 8), 200_000);
  return bytes;
}

function unexpected(): AppError {
  return new AppError('INTERNAL', 'no fault was asked for');
}

async function repositoryWithOneBackup() {
  const { store, sealer } = await createTestRepository(deps());
  await using repository = await openRepository(store, testPassword, deps(), signal);
  await saveFiles(repository, before, chunkBytes);
  return { store, sealer };
}

async function countWrites(store: ObjectStore): Promise<number> {
  const counting = new FaultyObjectStore(await copyOf(store), () => 'done', unexpected);
  await using repository = await openRepository(counting, testPassword, deps(), signal);
  await saveFiles(repository, after, chunkBytes);
  return counting.writeCount;
}

/** What a repository promises at every moment: names are hashes, and an index names only what packs really hold. */
async function assertSound(store: ObjectStore, sealer: Sealer): Promise<void> {
  for (const kind of ['key', 'lock', 'snapshot', 'index', 'pack'] as const) {
    for (const { id } of await collect(store.list(kind, signal))) {
      const bytes = await store.get({ kind, id }, 1 << 26, signal);
      expect(createHash('sha256').update(bytes).digest('hex'), kind).toBe(id);
    }
  }
  const packs = new Map<string, unknown>();
  for (const { id } of await collect(store.list('pack', signal)))
    packs.set(id, readPackHeader(await store.get({ kind: 'pack', id }, 1 << 26, signal), sealer, id));
  for (const { id } of await collect(store.list('index', signal))) {
    const json = await unsealJson(
      await store.get({ kind: 'index', id }, 1 << 26, signal),
      sealer,
      1 << 26,
      id,
    );
    for (const { packId, blobs } of parseIndex(json, id)) expect(blobs).toEqual(packs.get(packId));
  }
}

/** A store at the end of a slow line: packs are on their way until somebody stops them. */
class SlowPacks extends MemoryObjectStore {
  isSlow = false;
  onTheirWay = 0;

  override async put(name: ObjectName, bytes: Uint8Array, stop: AbortSignal): Promise<void> {
    if (this.isSlow && name.kind === 'pack') await this.#onItsWay(stop);
    await super.put(name, bytes, stop);
  }

  async #onItsWay(stop: AbortSignal): Promise<never> {
    this.onTheirWay += 1;
    await once(stop, 'abort');
    // A store hears of it late.
    await new Promise(resolve => setTimeout(resolve, 20));
    this.onTheirWay -= 1;
    throw new CancelledError();
  }
}
