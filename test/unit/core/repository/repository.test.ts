import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { Secret } from '../../../../src/base/secret.ts';
import { blobIdOf } from '../../../../src/core/codec/blobId.ts';
import type { MasterKey } from '../../../../src/core/codec/masterKey.ts';
import { inlineSealingPool } from '../../../../src/core/codec/inlineSealingPool.ts';
import type { SealingPool } from '../../../../src/core/codec/sealingPool.ts';
import { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { ObjectKind, ObjectStore } from '../../../../src/core/repository/objectStore.ts';
import { createRepository, openRepository } from '../../../../src/core/repository/openRepository.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import { FaultyObjectStore } from '../../../faults/faultyObjectStore.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { ManualClock } from '../../../support/manualClock.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import { createTestRepository, saveFiles, testDeps, testPassword } from '../../../support/repositories.ts';
import { seededRandom } from '../../../support/seededRandom.ts';

describe('opening', () => {
  test('says NOT_FOUND, and what to do, where there is no repository', async () => {
    const opening = openRepository(new MemoryObjectStore('/mnt/backup'), testPassword, testDeps(), signal);
    await expect(opening).rejects.toMatchObject({
      code: 'NOT_FOUND',
      object: '/mnt/backup',
      remedy: expect.stringContaining('mount') as string,
    });
  });

  test('says AUTHENTICATION for a wrong password, without quoting it', async () => {
    const { store } = await createTestRepository(testDeps());
    const failure = await openRepository(store, new Secret('hunter2'), testDeps(), signal).catch(
      (e: unknown) => e,
    );
    expect(failure).toMatchObject({ code: 'AUTHENTICATION', object: 'memory' });
    expect(JSON.stringify([failure, String(failure)])).not.toContain('hunter2');
  });

  test('passes over damaged and hostile key files', async () => {
    const { store } = await createTestRepository(testDeps());
    const greedy = { kdf: 'scrypt', N: 2 ** 30, r: 8, p: 1, salt: 'AAAA', data: 'AAAA' };
    const foreign = { kdf: 'argon9', N: 2, r: 8, p: 1, salt: 'AAAA', data: 'AAAA' };
    for (const content of ['', 'not JSON', JSON.stringify(greedy), JSON.stringify(foreign)]) {
      const bytes = Buffer.from(content);
      await store.put({ kind: 'key', id: blobIdOf(bytes) }, bytes, signal);
    }
    await using repository = await openRepository(store, testPassword, testDeps({ seed: 2 }), signal);
    expect(repository.id).toMatch(/^[0-9a-f]{64}$/);
  });

  test('creating refuses a place that is taken', async () => {
    const { store } = await createTestRepository(testDeps());
    await expect(createRepository(store, testPassword, testDeps(), signal)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });
});

describe('blobs', () => {
  test('are stored once, even while the same bytes are on their way', async () => {
    const { repository, lock } = await writable();
    const saving = Array.from(
      { length: 8 },
      async () => await repository.saveBlob('data', pattern(9000), signal),
    );
    const stored = (await Promise.all(saving)).map(({ storedBytes }) => storedBytes > 0);
    expect(stored.filter(Boolean)).toHaveLength(1);
    expect(await repository.hasBlob('data', blobIdOf(pattern(9000)), signal)).toBe(true);
    expect(await repository.hasBlob('tree', blobIdOf(pattern(9000)), signal)).toBe(false);
    expect(lock.lost.aborted).toBe(false);
  });

  test('a caller is not failed by another one that was cancelled over the same bytes', async () => {
    const cancelled = new AbortController();
    let firstSeal = true;
    const pool = (key: MasterKey): SealingPool => {
      const inner = inlineSealingPool(key, 'auto', seededRandom(5));
      return {
        ...inner,
        seal: async (hashed, s) => {
          if (firstSeal) {
            firstSeal = false;
            await new Promise(resolve => setImmediate(resolve));
            cancelled.abort();
          }
          return await inner.seal(hashed, s);
        },
        [Symbol.asyncDispose]: async () => await inner[Symbol.asyncDispose](),
      };
    };
    const { repository } = await writable(undefined, pool);
    const first = repository.saveBlob('data', pattern(9000), cancelled.signal);
    const second = repository.saveBlob('data', pattern(9000), signal);
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await second).storedBytes).toBeGreaterThan(0);
  });

  test('can be read before they are durable', async () => {
    const { repository, store } = await writable();
    const { id } = await repository.saveBlob('data', pattern(9000), signal);
    expect(await collect(store.list('pack', signal))).toEqual([]);
    expect(await repository.loadBlob('data', id, signal)).toEqual(pattern(9000));
    await repository.flush(signal);
    expect(await repository.loadBlob('data', id, signal)).toEqual(pattern(9000));
  });

  test('of zero bytes are refused: they may be what is left of an array given away before', async () => {
    const { repository } = await writable();
    await expect(repository.saveBlob('data', new Uint8Array(0), signal)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  test('that nobody has are NOT_FOUND, damaged ones CORRUPT_DATA', async () => {
    const { repository, store } = await writable();
    await expect(repository.loadBlob('data', blobIdOf(pattern(3)), signal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const { id } = await repository.saveBlob('data', pattern(9000), signal);
    await repository.flush(signal);
    await damage(store, 'pack');
    await expect(repository.loadBlob('data', id, signal)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
  });

  test('wait for the store instead of filling the memory', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>(resolve => (open = resolve));
    const { repository } = await writable(store => new SlowPacks(store, gate));
    let saved = 0;
    const saving = (async () => {
      for (let n = 0; n < 40; n += 1) {
        await repository.saveBlob('data', seededRandom(n).bytes(30_000), signal);
        saved += 1;
      }
    })();
    for (let turn = 0; turn < 200; turn += 1) await new Promise(resolve => setImmediate(resolve));
    // Three packs of 40 kB on their way, each of two blobs, and the one that is being filled.
    expect(saved).toBeLessThanOrEqual(8);
    open();
    await saving;
    expect(saved).toBe(40);
  });

  test('are in an index file after ten minutes, whatever the job does', async () => {
    const clock = new ManualClock();
    const { repository, store } = await writable(undefined, undefined, clock);
    const saveSome = async (from: number) => {
      for (let n = 0; n < 4; n += 1)
        await repository.saveBlob('data', seededRandom(from + n).bytes(30_000), signal);
      for (let turn = 0; turn < 50; turn += 1) await new Promise(resolve => setImmediate(resolve));
    };
    await saveSome(0);
    expect(await collect(store.list('index', signal))).toHaveLength(0);
    await clock.advance(11 * 60_000);
    await saveSome(100);
    await expect.poll(async () => (await collect(store.list('index', signal))).length).toBe(1);
  });
});

describe('snapshots', () => {
  test('a damaged one is a problem of its own and hides no other', async () => {
    const { store } = await createTestRepository(testDeps());
    await using repository = await openRepository(store, testPassword, testDeps({ seed: 2 }), signal);
    const damagedId = await saveFiles(repository, { a: pattern(100) }, 100);
    await damage(store, 'snapshot');
    const soundId = await saveFiles(repository, { b: pattern(200) }, 100);
    const entries = new Map(
      (await collect(repository.listSnapshots(signal))).map(entry => [entry.id, entry]),
    );
    expect(entries.get(damagedId)).toMatchObject({ problem: { code: 'CORRUPT_DATA' } });
    expect(entries.get(soundId)).toMatchObject({ snapshot: { hostname: 'vcenter' } });
    expect(entries.size).toBe(2);
  });

  test('are found by the beginning of their id', async () => {
    const { store } = await createTestRepository(testDeps());
    await using repository = await openRepository(store, testPassword, testDeps({ seed: 2 }), signal);
    const ids = [];
    for (let n = 0; n < 17; n += 1) ids.push(await saveFiles(repository, { a: pattern(10 + n) }, 100));
    for (const id of ids) expect(await repository.findSnapshot(id.slice(0, 20), signal)).toBe(id);
    // Seventeen ids have sixteen first digits: two share one.
    const first = ids.map(id => id.slice(0, 1)).find((digit, n, all) => all.indexOf(digit) !== n)!;
    const candidates = ids.filter(id => id.startsWith(first)).toSorted();
    await expect(repository.findSnapshot(first, signal)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(candidates.join(', ')) as string,
    });
    await expect(repository.findSnapshot('nonsense', signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

class SlowPacks extends FaultyObjectStore {
  readonly #gate: Promise<void>;

  constructor(inner: ObjectStore, gate: Promise<void>) {
    super(
      inner,
      () => 'done',
      () => new AppError('INTERNAL', 'no fault'),
    );
    this.#gate = gate;
  }

  override async put(...[name, bytes, putSignal]: Parameters<ObjectStore['put']>): Promise<void> {
    if (name.kind === 'pack') await this.#gate;
    await super.put(name, bytes, putSignal);
  }
}

async function writable(
  wrap: (store: ObjectStore) => ObjectStore = store => store,
  sealingPool?: (key: MasterKey) => SealingPool,
  clock?: ManualClock,
) {
  const { store } = await createTestRepository(testDeps());
  const deps = testDeps({
    seed: 2,
    packBytes: 40_000,
    ...(sealingPool === undefined ? {} : { sealingPool }),
  });
  const timed = clock === undefined ? deps : { ...deps, clock };
  const repository: Repository = await openRepository(wrap(store), testPassword, timed, signal);
  const locking = repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  if (clock !== undefined) {
    await clock.advance(0);
    await clock.advance(1000);
  }
  return { repository, store, lock: await locking };
}

/** Flips one bit in the middle of the only object of a kind. */
async function damage(store: MemoryObjectStore, kind: ObjectKind): Promise<void> {
  const [object] = await collect(store.list(kind, signal));
  const name = { kind, id: object!.id };
  const bytes = await store.get(name, object!.sizeBytes, signal);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = bytes[middle]! ^ 1;
  await store.remove(name, signal);
  await store.put(name, bytes, signal);
}
