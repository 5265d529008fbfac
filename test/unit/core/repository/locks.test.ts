import { expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { MiB } from '../../../../src/base/units.ts';
import type { LocalHost } from '../../../../src/core/repository/localHost.ts';
import type { LockRequest } from '../../../../src/core/repository/locks.ts';
import type { ObjectStore } from '../../../../src/core/repository/objectStore.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import { FaultyObjectStore, type WriteFate } from '../../../faults/faultyObjectStore.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { ManualClock, passing } from '../../../support/manualClock.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import {
  createTestRepository,
  saveFiles,
  testDeps,
  testHost,
  testPassword,
} from '../../../support/repositories.ts';

const minuteMs = 60_000;
const elsewhere: LocalHost = { ...testHost, hostname: 'other-host', username: 'other', pid: 99 };

test.each([
  ['shared', 'shared', true],
  ['shared', 'exclusive', false],
  ['exclusive', 'shared', false],
  ['exclusive', 'exclusive', false],
] as const)('after a %s lock a %s one: %s', async (held, wanted, granted) => {
  const { ours, theirs, clock } = await twoClients();
  await using first = await taken(theirs, { mode: held, journal: memoryJournal() }, clock);
  expect(first.mode).toBe(held);
  const second = taken(ours, { mode: wanted, journal: memoryJournal() }, clock);
  if (granted) {
    await using lock = await second;
    expect(lock.mode).toBe(wanted);
  } else {
    await expect(second).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('other@other-host (process 99) since 2026-03-01T12:00:00Z') as string,
    });
  }
});

test('two workers never hold the same VM', async () => {
  const { ours, theirs, clock } = await twoClients();
  const request = (vmId: string): LockRequest => ({ mode: 'shared', vmId, journal: memoryJournal() });
  await using first = await taken(theirs, request('vm-1'), clock);
  expect(first.mode).toBe('shared');
  await expect(taken(ours, request('vm-1'), clock)).rejects.toMatchObject({ code: 'CONFLICT' });
  await using second = await taken(ours, request('vm-2'), clock);
  expect(second.mode).toBe('shared');
  const holders = await ours.listLocks(signal);
  expect(
    holders.map(({ vmId, stale }) => ({ vmId, stale })).toSorted((a, b) => (a.vmId! < b.vmId! ? -1 : 1)),
  ).toEqual([
    { vmId: 'vm-1', stale: false },
    { vmId: 'vm-2', stale: false },
  ]);
});

test('of two that begin together at most one gets an exclusive lock', async () => {
  const { ours, theirs, clock, store } = await twoClients();
  const journal = memoryJournal();
  const both = [ours, theirs].map(async client => await client.lock({ mode: 'exclusive', journal }, signal));
  const outcomes = await passing(clock, Promise.allSettled(both));
  const refused = outcomes.filter(outcome => outcome.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'CONFLICT' });
  expect(await lockIds(store)).toHaveLength(2 - refused.length);
  for (const outcome of outcomes)
    if (outcome.status === 'fulfilled') await outcome.value[Symbol.asyncDispose]();
  expect(await lockIds(store)).toEqual([]);
  expect(journal.open).toEqual([]);
});

test('an early lock is given at once, and nothing that lasts is written before it has settled', async () => {
  const { ours, clock, store } = await twoClients();
  await using lock = await ours.lock({ mode: 'shared', journal: memoryJournal(), isEarly: true }, signal);
  const { id: tree } = await ours.saveTree({ nodes: [] }, signal);
  const saving = ours.saveSnapshot(snapshotOf(tree), lock, signal);
  const settling = lock.settled(signal).then(() => clock.monotonicMs());
  for (let step = 0; step < 3; step += 1) {
    await clock.advance(60);
    for (const kind of ['index', 'snapshot'] as const)
      expect(await collect(store.list(kind, signal))).toEqual([]);
  }
  await passing(clock, saving);
  expect(await settling).toBe(200);
  expect(lock.isContested).toBe(false);
  expect(await collect(store.list('snapshot', signal))).toHaveLength(1);
});

test('an early lock that was written at the same moment as another is lost, and leaves nothing', async () => {
  const { ours, theirs, clock, store } = await twoClients();
  const journal = memoryJournal();
  const taking = ours.lock({ mode: 'shared', journal, isEarly: true }, signal);
  const outcome = Promise.allSettled([theirs.lock({ mode: 'exclusive', journal: memoryJournal() }, signal)]);
  const lock = await taking;
  expect(await lockIds(store)).toHaveLength(2);
  const settled = expect(lock.settled(signal)).rejects.toMatchObject({ code: 'CONFLICT' });
  const [{ status }] = await passing(clock, outcome);
  await settled;
  expect([lock.lost.aborted, lock.isContested]).toEqual([true, true]);
  await expect(ours.saveBlob('data', pattern(10), signal)).rejects.toMatchObject({ code: 'CONFLICT' });
  await lock[Symbol.asyncDispose]();
  expect(await lockIds(store)).toHaveLength(status === 'fulfilled' ? 1 : 0);
  expect(journal.open).toEqual([]);
});

test('what was removed by somebody who could not see an early lock yet is noticed when it settles', async () => {
  const { ours, clock, store } = await twoClients();
  {
    await using before = await taken(ours, { mode: 'shared', journal: memoryJournal() }, clock);
    await ours.saveBlob('data', pattern(5000), signal);
    await ours.flush(signal);
    expect(before.lost.aborted).toBe(false);
  }
  await using lock = await ours.lock({ mode: 'shared', journal: memoryJournal(), isEarly: true }, signal);
  const { storedBytes } = await ours.saveBlob('data', pattern(5000), signal);
  expect(storedBytes).toBe(0);
  const { id: tree } = await ours.saveTree({ nodes: [] }, signal);
  for (const kind of ['index', 'pack'] as const)
    for (const { id } of await collect(store.list(kind, signal))) await store.remove({ kind, id }, signal);
  await expect(passing(clock, ours.saveSnapshot(snapshotOf(tree), lock, signal))).rejects.toMatchObject({
    code: 'CONFLICT',
    retryable: true,
  });
  expect(await collect(store.list('snapshot', signal))).toEqual([]);
});

test('an early lock can be given back before it has settled', async () => {
  const { ours, clock, store } = await twoClients();
  const lock = await ours.lock({ mode: 'shared', journal: memoryJournal(), isEarly: true }, signal);
  await lock[Symbol.asyncDispose]();
  expect(await lockIds(store)).toEqual([]);
  expect(clock.sleeperCount).toBe(0);
  expect(lock.lost.aborted).toBe(false);
  await expect(
    ours.lock({ mode: 'exclusive', journal: memoryJournal(), isEarly: true }, signal),
  ).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('a lock is in the journal before it is in the repository, and longer than it', async () => {
  const history: string[] = [];
  const journal = memoryJournal();
  const watch = (store: ObjectStore) =>
    new FaultyObjectStore(
      store,
      ({ operation, name }): WriteFate => {
        const known = journal.open.some(
          lease => lease.kind === 'repository-lock' && lease.lockId === name.id,
        );
        if (name.kind === 'lock')
          history.push(`${operation}, ${known ? 'in the journal' : 'unknown to the journal'}`);
        return 'done';
      },
      () => new AppError('INTERNAL', 'no fault'),
    );
  const { ours, clock, store } = await twoClients(watch);
  {
    await using lock = await taken(ours, { mode: 'shared', journal }, clock);
    expect(lock.lost.aborted).toBe(false);
    const [before] = await lockIds(store);
    await clock.advance(5 * minuteMs);
    const [refreshed, ...more] = await lockIds(store);
    expect(more).toEqual([]);
    expect(refreshed).not.toBe(before);
    expect(journal.open).toEqual([
      { kind: 'repository-lock', repositoryId: ours.id, location: 'memory', lockId: refreshed },
    ]);
  }
  expect(history).toEqual(
    Array.from({ length: 4 }, (_, n) => `${['put', 'put', 'remove', 'remove'][n]!}, in the journal`),
  );
  expect(await lockIds(store)).toEqual([]);
  expect(journal.open).toEqual([]);
  expect(clock.sleeperCount).toBe(0);
});

test('refreshed every five minutes, a lock outlives any job', async () => {
  const { ours, theirs, clock } = await twoClients();
  await using lock = await taken(ours, { mode: 'shared', journal: memoryJournal() }, clock);
  for (let hour = 0; hour < 3; hour += 1) {
    await clock.advance(60 * minuteMs);
    expect((await theirs.listLocks(signal)).map(({ stale }) => stale)).toEqual([false]);
  }
  expect(lock.lost.aborted).toBe(false);
});

test.each([
  ['a lock of another host, refreshed 30 minutes ago', 'other-host', 31, true],
  ['a lock of another host, refreshed 20 minutes ago', 'other-host', 20, false],
  ['a lock of a dead process of this host', 'backup-host', 0, true],
])('%s', async (_name, hostname, ageMinutes, stale) => {
  const { theirs, ours, clock, store } = await twoClients(undefined, { ...elsewhere, hostname });
  await taken(theirs, { mode: 'exclusive', journal: memoryJournal() }, clock);
  clock.jump(ageMinutes * minuteMs);
  expect((await ours.listLocks(signal)).map(holder => holder.stale)).toEqual([stale]);
  const attempt = taken(ours, { mode: 'shared', journal: memoryJournal() }, clock);
  if (stale) await (await attempt)[Symbol.asyncDispose]();
  else await expect(attempt).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await ours.removeStaleLocks(signal)).toBe(stale ? 1 : 0);
  expect(await lockIds(store)).toHaveLength(stale ? 0 : 1);
});

test('what a crashed owner left goes by the journal’s word, once or twice', async () => {
  const { theirs, ours, clock, store } = await twoClients();
  const journal = memoryJournal();
  await taken(theirs, { mode: 'exclusive', journal }, clock);
  const [record] = journal.open;
  if (record?.kind !== 'repository-lock') throw new Error('expected the lock in the journal');
  await expect(ours.removeLeftoverLock({ ...record, repositoryId: 'another' }, signal)).rejects.toMatchObject(
    {
      code: 'INVALID_INPUT',
    },
  );
  expect(await lockIds(store)).toHaveLength(1);
  await ours.removeLeftoverLock(record, signal);
  await ours.removeLeftoverLock(record, signal);
  expect(await lockIds(store)).toEqual([]);
});

test('after a sleep a backup goes on if nobody took the repository, and looks for its packs first', async () => {
  const { ours, clock, store } = await twoClients();
  await using lock = await taken(ours, { mode: 'shared', journal: memoryJournal() }, clock);
  await ours.saveBlob('data', pattern(5000), signal);
  await ours.flush(signal);
  clock.jump(120 * minuteMs);
  const { id: tree } = await ours.saveTree({ nodes: [] }, signal);
  await passing(clock, ours.saveSnapshot(snapshotOf(tree), lock, signal));
  expect(lock.lost.aborted).toBe(false);
  expect(await lockIds(store)).toHaveLength(1);
});

test('after a sleep in which somebody pruned, every backup under way has to begin again', async () => {
  const { ours, clock, store } = await twoClients();
  await using lock = await taken(ours, { mode: 'shared', journal: memoryJournal() }, clock);
  await using beside = await taken(ours, { mode: 'shared', journal: memoryJournal() }, clock);
  const { id: tree } = await ours.saveTree({ nodes: [] }, signal);
  const saved = await ours.saveBlob('data', pattern(5000), signal);
  await ours.flush(signal);
  clock.jump(120 * minuteMs);
  for (const kind of ['pack', 'index'] as const)
    for (const { id } of await collect(store.list(kind, signal))) await store.remove({ kind, id }, signal);
  await expect(passing(clock, ours.saveSnapshot(snapshotOf(tree), lock, signal))).rejects.toMatchObject({
    code: 'CONFLICT',
    retryable: true,
  });
  expect([lock.lost.aborted, beside.lost.aborted]).toEqual([true, true]);
  await expect(ours.saveBlob('data', pattern(5000), signal)).rejects.toMatchObject({ code: 'CONFLICT' });

  await using anew = await taken(ours, { mode: 'shared', journal: memoryJournal() }, clock);
  expect((await ours.saveBlob('data', pattern(5000), signal)).storedBytes).toBe(saved.storedBytes);
  const again = await ours.saveTree({ nodes: [] }, signal);
  expect(again.storedBytes).toBeGreaterThan(0);
  await ours.saveSnapshot(snapshotOf(again.id), anew, signal);
});

test('a lock that somebody else took over in a sleep is lost', async () => {
  const { ours, theirs, clock, store } = await twoClients();
  const lock = await taken(ours, { mode: 'shared', journal: memoryJournal() }, clock);
  const { id: tree } = await ours.saveTree({ nodes: [] }, signal);
  clock.jump(120 * minuteMs);
  await using winner = await taken(theirs, { mode: 'exclusive', journal: memoryJournal() }, clock);
  expect(winner.mode).toBe('exclusive');
  await expect(passing(clock, ours.saveSnapshot(snapshotOf(tree), lock, signal))).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  expect(lock.lost.aborted).toBe(true);
  // The winner may be removing what an index file of ours would name.
  await expect(ours.flush(signal)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await collect(store.list('index', signal))).toEqual([]);
  await lock[Symbol.asyncDispose]();
  expect((await ours.listLocks(signal)).map(({ exclusive }) => exclusive)).toEqual([true]);
  expect(await collect(store.list('snapshot', signal))).toEqual([]);
});

test('what is written needs a lock, what is removed an exclusive one', async () => {
  const { ours, theirs, clock } = await twoClients();
  await expect(ours.saveBlob('data', pattern(10), signal)).rejects.toMatchObject({ code: 'INTERNAL' });
  await using shared = await taken(ours, { mode: 'shared', journal: memoryJournal() }, clock);
  const { id: tree } = await ours.saveTree({ nodes: [] }, signal);
  const id = await ours.saveSnapshot(snapshotOf(tree), shared, signal);
  await expect(ours.removeSnapshot(id, shared, signal)).rejects.toMatchObject({ code: 'INTERNAL' });
  await expect(theirs.removeSnapshot(id, shared, signal)).rejects.toMatchObject({ code: 'INTERNAL' });
  await shared[Symbol.asyncDispose]();
  await using exclusive = await taken(ours, { mode: 'exclusive', journal: memoryJournal() }, clock);
  await ours.removeSnapshot(id, exclusive, signal);
  await expect(ours.loadSnapshot(id, signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a backup through another client is seen, and what it stored is not stored again', async () => {
  const { ours, theirs } = await twoClients(undefined, undefined, true);
  const files = { 'disk.raw': pattern(50_000) };
  const id = await saveFiles(theirs, files, 10_000);
  const { tree } = await ours.loadSnapshot(id, signal);
  expect((await ours.loadTree(tree, signal)).nodes).toHaveLength(1);
  await using lock = await ours.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  expect((await ours.saveBlob('data', pattern(10_000), signal)).storedBytes).toBe(0);
  expect(lock.mode).toBe('shared');
});

function snapshotOf(tree: Awaited<ReturnType<Repository['saveTree']>>['id']) {
  const time = '2026-03-01T12:00:00Z';
  return { time, tree, paths: ['/vm'], hostname: 'vcenter', username: 'backup', tags: [] };
}

async function lockIds(store: ObjectStore): Promise<string[]> {
  return (await collect(store.list('lock', signal))).map(({ id }) => id);
}

async function taken(repository: Repository, request: LockRequest, clock: ManualClock) {
  return await passing(clock, repository.lock(request, signal));
}

/** Two clients of one repository, on one clock. */
async function twoClients(
  watch: (store: ObjectStore) => ObjectStore = store => store,
  them: LocalHost = elsewhere,
  impatient = false,
) {
  const { store } = await createTestRepository(testDeps({ seed: 20 }));
  const clock = new ManualClock();
  const time = impatient ? {} : { clock };
  const ours = await openRepository(
    watch(store),
    testPassword,
    testDeps({ seed: 21, packBytes: 4 * MiB, ...time }),
    signal,
  );
  const theirs = await openRepository(
    store,
    testPassword,
    testDeps({ seed: 22, host: them, ...time }),
    signal,
  );
  return { ours, theirs, clock, store };
}
