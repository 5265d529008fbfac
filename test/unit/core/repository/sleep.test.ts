import { describe, expect, test } from 'vitest';

import type { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { ObjectStore } from '../../../../src/core/repository/objectStore.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import { InterruptedProcess, type Interruption } from '../../../faults/interruptedProcess.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { ImpatientClock } from '../../../support/manualClock.ts';
import {
  backUpCycle,
  checkAll,
  cycleChunkBytes,
  expectWholePoints,
  pruneAll,
  removePoint,
} from '../../../support/pruneCycle.ts';
import {
  copyOf,
  createTestRepository,
  testDeps,
  testHost,
  testPassword,
} from '../../../support/repositories.ts';

const packBytes = 5 * cycleChunkBytes;
const hourMs = 60 * 60_000;
const isProof = process.env['QUIESCE_PROOF'] === 'full';
let seeds = 900;

/** What one does asleep, and what others do meanwhile. */
const scenes = [
  {
    name: 'a backup, while everything is forgotten and pruned',
    work: async (repository: Repository) => {
      await backUpCycle(repository, 3);
    },
    meanwhile: async (repository: Repository) => {
      for (const { id } of await collect(repository.listSnapshots(signal))) await removePoint(repository, id);
      await pruneAll(repository);
    },
  },
  {
    name: 'a backup, while only what it has stored so far is pruned',
    work: async (repository: Repository) => {
      await backUpCycle(repository, 3);
    },
    meanwhile: async (repository: Repository) => {
      await pruneAll(repository);
    },
  },
  {
    name: 'a backup, while half of what it needs is copied elsewhere and pruned',
    work: async (repository: Repository) => {
      await backUpCycle(repository, 1);
    },
    meanwhile: async (repository: Repository) => {
      const [first] = await collect(repository.listSnapshots(signal));
      await removePoint(repository, first!.id);
      await pruneAll(repository);
    },
  },
  {
    name: 'a prune, while what it is about to remove is backed up again',
    work: async (repository: Repository) => {
      const [first] = await collect(repository.listSnapshots(signal));
      await removePoint(repository, first!.id);
      await pruneAll(repository);
    },
    meanwhile: async (repository: Repository) => {
      for (const seed of [1, 2]) await backUpCycle(repository, seed);
    },
  },
  {
    name: 'a prune, while another prunes',
    work: async (repository: Repository) => {
      const [first] = await collect(repository.listSnapshots(signal));
      await removePoint(repository, first!.id);
      await pruneAll(repository);
    },
    meanwhile: async (repository: Repository) => {
      const [first] = await collect(repository.listSnapshots(signal));
      if (first !== undefined) await removePoint(repository, first.id);
      await pruneAll(repository);
      await backUpCycle(repository, 3);
    },
  },
];

describe.each(['before', 'after'] as const)(
  'asleep past the life of its lock, %s any of its operations',
  when => {
    test.each(scenes)('$name: no restore point is left that is not whole', async ({ work, meanwhile }) => {
      const base = await twoPoints();
      const operations = await countOperations(base, work);
      expect(operations).toBeGreaterThan(8);
      for (let at = 1; at <= operations; at += operations > 40 && !isProof ? 4 : 1) {
        const store = await copyOf(base);
        const machine = new InterruptedProcess();
        const clock = new ImpatientClock();
        await using sleeper = await open(
          machine.store(store, () => 0),
          clock,
        );
        const asleep = machine.begin({ kind: 'sleep', at, when } satisfies Interruption);
        const outcome = work(sleeper).catch((error: unknown) => error);
        await Promise.race([asleep, outcome]);
        const later = new ImpatientClock(new Date(clock.now().getTime() + hourMs).toISOString());
        await using other = await open(store, later);
        await meanwhile(other);
        clock.jump(hourMs);
        machine.wake();
        const error = await outcome;
        if (error !== undefined) expect(error, `operation ${at}`).toMatchObject({ code: refused });

        await other.removeStaleLocks(signal);
        await using reader = await open(store, later);
        expect((await checkAll(reader)).errors, `operation ${at}`).toEqual([]);
        const points = await expectWholePoints(reader, [1, 2, 3]);

        // Nothing that it knew before keeps it from working on.
        await backUpCycle(sleeper, 3);
        expect(await expectWholePoints(reader, [1, 2, 3]), `operation ${at}`).toBe(points + 1);
      }
    });
  },
);

const refused = expect.stringMatching(/^(CONFLICT|NOT_FOUND|CORRUPT_DATA)$/) as string;

async function open(store: ObjectStore, clock: ImpatientClock): Promise<Repository> {
  const host = { ...testHost, isAlive: () => true };
  return await openRepository(
    store,
    testPassword,
    testDeps({ seed: (seeds += 1), packBytes, clock, host }),
    signal,
  );
}

/** Two restore points that share half of what they hold. */
async function twoPoints(): Promise<MemoryObjectStore> {
  const { store } = await createTestRepository(testDeps({ seed: (seeds += 1), packBytes }));
  await using repository = await open(store, new ImpatientClock());
  for (const seed of [1, 2]) await backUpCycle(repository, seed);
  return store;
}

async function countOperations(
  base: ObjectStore,
  work: (repository: Repository) => Promise<void>,
): Promise<number> {
  const machine = new InterruptedProcess();
  await using repository = await open(
    machine.store(await copyOf(base), () => 0),
    new ImpatientClock(),
  );
  void machine.begin();
  await work(repository);
  return machine.operationCount;
}
