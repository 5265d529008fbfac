import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blobIdOf } from '../../../../src/core/codec/blobId.ts';
import type { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { ObjectStore } from '../../../../src/core/repository/objectStore.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../../../src/core/repository/snapshot.ts';
import { stopAtWrite } from '../../../faults/faultyObjectStore.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import {
  backUpCycle,
  checkAll,
  cycleChunkBytes,
  cycleFiles,
  expectWholePoints,
  pruneAll,
  removePoint,
  thorough,
} from '../../../support/pruneCycle.ts';
import {
  copyOf,
  createTestRepository,
  indexOnDisk,
  testDeps,
  testHost,
  testPassword,
} from '../../../support/repositories.ts';
import { suiteFolder } from '../../../support/temporaryFolder.ts';

const isProof = process.env['QUIESCE_PROOF'] === 'full';
/** Few blobs in a pack, so that packs are partly used. */
const packBytes = 5 * cycleChunkBytes;
const indexSegments = indexOnDisk(suiteFolder('prune'));
let seeds = 100;

async function open(store: ObjectStore, pid = testHost.pid): Promise<Repository> {
  return await openRepository(
    store,
    testPassword,
    testDeps({ seed: (seeds += 1), packBytes, indexSegments, host: { ...testHost, pid } }),
    signal,
  );
}

/** Two restore points that share half of what they hold. */
async function twoPoints(): Promise<{ store: MemoryObjectStore; first: SnapshotId }> {
  const { store } = await createTestRepository(testDeps({ seed: (seeds += 1), packBytes }));
  await using repository = await open(store);
  const first = await backUpCycle(repository, 1);
  await backUpCycle(repository, 2);
  return { store, first };
}

async function storedBytes(store: ObjectStore): Promise<number> {
  return (await collect(store.list('pack', signal))).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

describe('a prune', () => {
  test('removes what nothing needs, copies what partly used packs hold, and leaves a second one nothing', async () => {
    const { store, first } = await twoPoints();
    await using repository = await open(store);
    const before = await storedBytes(store);
    await removePoint(repository, first);
    const { plan, removed } = await pruneAll(repository);
    expect(plan.repackedPacks.count).toBeGreaterThan(0);
    expect(removed.removedPacks.count).toBeGreaterThanOrEqual(plan.repackedPacks.count);
    const after = await storedBytes(store);
    expect(after).toBeLessThan(before);
    // Beside the used blobs only the headers of their packs.
    expect(after - plan.usedBytes).toBeLessThan(5000);
    expect(await expectWholePoints(repository, [2])).toBe(1);
    expect(await checkAll(repository)).toMatchObject({ errorCount: 0, warningCount: 0 });
    const again = await pruneAll(repository);
    expect(again.plan).toMatchObject({
      unusedPacks: { count: 0 },
      unnamedPacks: { count: 0 },
      repackedPacks: { count: 0 },
      remainingUnusedBytes: 0,
    });
    expect(again.removed.removedPacks.count).toBe(0);
  });

  test('keeps within its limits', async () => {
    const { store, first } = await twoPoints();
    await using repository = await open(store);
    await removePoint(repository, first);
    const lazy = await pruneAll(repository, { maxUnusedShare: 1 });
    expect(lazy.plan).toMatchObject({ repackedPacks: { count: 0 }, copiedBytes: 0 });
    expect(lazy.plan.remainingUnusedBytes).toBeGreaterThan(0);
    const maxRepackBytes = 3 * cycleChunkBytes;
    const limited = await pruneAll(repository, { maxUnusedShare: 0, maxRepackBytes });
    expect(limited.plan.copiedBytes).toBeLessThanOrEqual(maxRepackBytes);
    expect(limited.plan.remainingUnusedBytes).toBeLessThanOrEqual(lazy.plan.remainingUnusedBytes);
    expect(await expectWholePoints(repository, [2])).toBe(1);
  });

  test('of everything leaves a repository that takes backups again', async () => {
    const { store, first } = await twoPoints();
    await using repository = await open(store);
    for await (const { id } of repository.listSnapshots(signal)) await removePoint(repository, id);
    expect(first).toHaveLength(64);
    await pruneAll(repository);
    expect(await storedBytes(store)).toBe(0);
    expect(await collect(store.list('index', signal))).toEqual([]);
    await backUpCycle(repository, 1);
    expect(await expectWholePoints(repository, [1])).toBe(1);
    expect(await checkAll(repository)).toMatchObject({ errorCount: 0, warningCount: 0 });
  });

  test('keeps what a backup that ran beside it has found stored, though nothing needed it before', async () => {
    const { store, first } = await twoPoints();
    await using pruner = await open(store);
    await using backup = await open(store);
    await removePoint(pruner, first);
    const shared = await pruner.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    await using pruning = await pruner.startPrune(thorough, shared, () => undefined, signal);
    const stored = await storedBytes(store);
    await backUpCycle(backup, 1);
    // All its chunks were there; only trees were stored.
    expect((await storedBytes(store)) - stored).toBeLessThan(cycleChunkBytes);
    await pruning.repack(shared, () => undefined, signal);
    await shared[Symbol.asyncDispose]();
    await using alone = await pruner.lock({ mode: 'exclusive', journal: memoryJournal() }, signal);
    await pruning.sweep(alone, () => undefined, signal);
    await alone[Symbol.asyncDispose]();
    await using reopened = await open(store);
    expect(await expectWholePoints(reopened, [1, 2])).toBe(2);
    expect(await checkAll(pruner)).toMatchObject({ errorCount: 0, warningCount: 0 });
  });

  test('gives way to a backup that runs, and to nothing else of its own', async () => {
    const { store, first } = await twoPoints();
    await using pruner = await open(store);
    await using backup = await open(store);
    await removePoint(pruner, first);
    const running = await backup.lock({ mode: 'shared', journal: memoryJournal() }, signal);
    await expect(pruneAll(pruner)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await expectWholePoints(pruner, [2])).toBe(1);
    await running[Symbol.asyncDispose]();
    await pruneAll(pruner);
    expect(await collect(store.list('lock', signal))).toEqual([]);
  });

  test('refuses where it cannot tell what is needed, and removes nothing', async () => {
    const { store } = await twoPoints();
    const [snapshot] = await collect(store.list('snapshot', signal));
    const [index] = await collect(store.list('index', signal));
    for (const name of [
      { kind: 'snapshot', id: snapshot!.id },
      { kind: 'index', id: index!.id },
    ] as const) {
      const damaged = await copyOf(store);
      const bytes = await damaged.get(name, 1 << 20, signal);
      await damaged.remove(name, signal);
      // A snapshot that cannot be read, an index file that is gone.
      if (name.kind === 'snapshot') await damaged.put(name, bytes.subarray(1), signal);
      const before = await collect(damaged.list('pack', signal));
      await using repository = await open(damaged);
      await expect(pruneAll(repository)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
      expect(await collect(damaged.list('pack', signal))).toEqual(before);
    }
  });

  test('joins small index files', async () => {
    const { store } = await createTestRepository(testDeps({ seed: (seeds += 1), packBytes }));
    await using repository = await open(store);
    let last: SnapshotId | undefined;
    for (let seed = 0; seed < 20; seed += 1) last = await backUpCycle(repository, seed);
    expect((await collect(store.list('index', signal))).length).toBeGreaterThanOrEqual(20);
    await removePoint(repository, last!);
    await pruneAll(repository);
    expect((await collect(store.list('index', signal))).length).toBeLessThanOrEqual(2);
    expect(
      await expectWholePoints(
        repository,
        Array.from({ length: 19 }, (_, seed) => seed),
      ),
    ).toBe(19);
    expect(await checkAll(repository)).toMatchObject({ errorCount: 0, warningCount: 0 });
  });
});

/** A backup, forgetting the oldest restore point, a prune. */
async function cycle(repository: Repository, oldest: SnapshotId): Promise<void> {
  await backUpCycle(repository, 3);
  await removePoint(repository, oldest).catch((error: unknown) => {
    if ((error as { code?: string }).code !== 'NOT_FOUND') throw error;
  });
  await pruneAll(repository);
}

describe.each(['before', 'after'] as const)('killed %s any write of backup, forget and prune', when => {
  test('the repository is sound, nothing that was kept is lost, and the next run goes on', async () => {
    const { store, first } = await twoPoints();
    const whole = stopAtWrite(await copyOf(store), Infinity, when);
    {
      await using repository = await open(whole);
      await cycle(repository, first);
    }
    expect(whole.writeCount).toBeGreaterThan(20);
    for (let n = 1; n <= whole.writeCount; n += 1) {
      const copy = await copyOf(store);
      {
        await using doomed = await open(stopAtWrite(copy, n, when), 999);
        // Giving a lock back fails nobody's work.
        await cycle(doomed, first).catch(() => undefined);
      }
      await using repository = await open(copy);
      expect((await checkAll(repository)).errorCount, `write ${n}`).toBe(0);
      await expectWholePoints(repository, [1, 2, 3]);
      const left = (await collect(copy.list('snapshot', signal))).filter(({ id }) => id !== first).length;
      expect(left, `write ${n}`).toBeGreaterThanOrEqual(1);
      await cycle(repository, first);
      expect(await expectWholePoints(repository, [2, 3]), `write ${n}`).toBe(left + 1);
      expect(await checkAll(repository)).toMatchObject({ errorCount: 0, warningCount: 0 });
    }
  });
});

test('whatever is backed up, forgotten and pruned in whatever order: what is kept is whole, what is not takes no space', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('backup' as const), seed: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ kind: fc.constant('forget' as const), which: fc.nat(20) }),
    fc.record({ kind: fc.constant('prune' as const), share: fc.constantFrom(0, 0.05, 0.5) }),
    fc.record({ kind: fc.constant('stray' as const), seed: fc.integer({ min: 10, max: 20 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async steps => {
      const { store } = await createTestRepository(testDeps({ seed: (seeds += 1), packBytes }));
      await using repository = await open(store);
      const kept = new Map<SnapshotId, number>();
      for (const action of steps) {
        if (action.kind === 'backup') kept.set(await backUpCycle(repository, action.seed), action.seed);
        if (action.kind === 'prune') await pruneAll(repository, { maxUnusedShare: action.share });
        if (action.kind === 'stray') {
          await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
          await repository.saveBlob('data', cycleFiles(action.seed)['disk.raw']!, signal);
          expect(lock.lost.aborted).toBe(false);
        }
        const [doomed] = [...kept.keys()].slice(
          action.kind === 'forget' ? action.which % Math.max(1, kept.size) : Infinity,
        );
        if (doomed !== undefined) {
          await removePoint(repository, doomed);
          kept.delete(doomed);
        }
      }
      await pruneAll(repository);
      expect(await expectWholePoints(repository, [...kept.values()])).toBe(kept.size);
      expect(await checkAll(repository)).toMatchObject({ errorCount: 0, warningCount: 0 });
      const chunks = new Set(
        [...kept.values()].flatMap(seed => {
          const bytes = cycleFiles(seed)['disk.raw']!;
          return Array.from({ length: bytes.length / cycleChunkBytes }, (_, chunk) =>
            blobIdOf(bytes.subarray(chunk * cycleChunkBytes, (chunk + 1) * cycleChunkBytes)),
          );
        }),
      );
      await using anew = await open(store);
      await using lock = await anew.lock({ mode: 'shared', journal: memoryJournal() }, signal);
      await using pruning = await anew.startPrune(thorough, lock, () => undefined, signal);
      expect(pruning.plan.remainingUnusedBytes).toBe(0);
      expect(pruning.plan.usedBlobCount).toBeGreaterThanOrEqual(chunks.size);
      expect(pruning.plan.usedBlobCount).toBeLessThanOrEqual(chunks.size + 2 * kept.size);
    }),
    { numRuns: isProof ? 300 : 12 },
  );
});
