import { expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import type { LockRequest, RepositoryLock } from '../../../../src/core/repository/locks.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import { underLock, underReadLock, underSharedLock } from '../../../../src/core/repository/underLock.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { ManualClock, passing } from '../../../support/manualClock.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { createTestRepository, testDeps, testHost, testPassword } from '../../../support/repositories.ts';

const minuteMs = 60_000;
const wanted = { mode: 'shared', vmId: 'vm-1', journal: memoryJournal() } as const;

test('a repository that somebody keeps to himself is waited for, and it is said for whom', async () => {
  const { ours, clock, taken } = await twoClients();
  const other = await taken({ mode: 'exclusive', journal: memoryJournal() });
  const said: string[] = [];
  const waiting = shared(ours, clock, 30 * minuteMs, said);
  await clock.advance(0);
  await clock.advance(minuteMs);
  await other[Symbol.asyncDispose]();
  expect(await passing(clock, waiting)).toBe('done');
  expect(new Set(said)).toEqual(
    new Set(['Waiting for other@other-host (process 99), who keeps the repository from others']),
  );
});

test('for reading, too', async () => {
  const { ours, clock, taken } = await twoClients();
  const other = await taken({ mode: 'exclusive', journal: memoryJournal() });
  const said: string[] = [];
  const onProgress = ({ phase }: { phase: string }) => said.push(phase);
  const reading = { journal: memoryJournal(), patience: { clock, onProgress }, onUnlocked: refuse };
  const waiting = underReadLock(ours, reading, signal, async () => await Promise.resolve('read'));
  await clock.advance(0);
  await clock.advance(minuteMs);
  expect(said[0]).toBe('Waiting for other@other-host (process 99), who keeps the repository from others');
  await other[Symbol.asyncDispose]();
  expect(await passing(clock, waiting)).toBe('read');
});

test('no longer than may be waited', async () => {
  const { ours, clock, taken } = await twoClients();
  await taken({ mode: 'exclusive', journal: memoryJournal() });
  const waiting = shared(ours, clock, 30 * minuteMs, []);
  let refused: unknown;
  waiting.catch((error: unknown) => {
    refused = error;
  });
  await clock.advance(0);
  await clock.advance(29 * minuteMs);
  expect(refused).toBeUndefined();
  await clock.advance(2 * minuteMs);
  expect(refused).toMatchObject({ code: 'CONFLICT' });
});

test('who works on the same VM is not waited for', async () => {
  const { ours, clock, taken } = await twoClients();
  await taken({ mode: 'shared', vmId: 'vm-1', journal: memoryJournal() });
  await expect(shared(ours, clock, 30 * minuteMs, [])).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('locked for the same VM') as string,
  });
});

test('work under a lock that turns out to be contested is begun again', async () => {
  const { ours, theirs, clock } = await twoClients();
  const patience = { clock, maxWaitMs: minuteMs, onProgress: () => undefined };
  const contested: boolean[] = [];
  const working = underSharedLock(ours, wanted, patience, signal, async (lock, held) => {
    await lock.settled(held).finally(() => contested.push(lock.isContested));
    return 'done';
  });
  const other = theirs.lock({ mode: 'exclusive', journal: memoryJournal() }, signal);
  void other.then(
    async lock => await lock[Symbol.asyncDispose](),
    () => undefined,
  );
  expect(await passing(clock, working)).toBe('done');
  expect(contested).toEqual([true, false]);
});

test('what work misses under a lock that turned out to be contested is told as that', async () => {
  const { ours, theirs, clock } = await twoClients();
  const request = { mode: 'shared', journal: memoryJournal(), isEarly: true } as const;
  const working = underLock(ours, request, signal, async (lock, held) => {
    await lock.settled(held).catch(() => undefined);
    throw new AppError('NOT_FOUND', 'a snapshot has gone');
  });
  const other = theirs.lock({ mode: 'exclusive', journal: memoryJournal() }, signal);
  other.catch(() => undefined);
  await expect(passing(clock, working)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('exclusively locked by other@other-host') as string,
  });
});

test('a wait can be cancelled', async () => {
  const { ours, clock, taken } = await twoClients();
  await taken({ mode: 'exclusive', journal: memoryJournal() });
  const cancel = new AbortController();
  const waiting = shared(ours, clock, 30 * minuteMs, [], cancel.signal);
  const refused = expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await clock.advance(0);
  await clock.advance(minuteMs);
  cancel.abort();
  await refused;
});

function refuse(reason: string): never {
  throw new Error(reason);
}

async function shared(
  repository: Repository,
  clock: ManualClock,
  maxWaitMs: number,
  said: string[],
  stop: AbortSignal = signal,
): Promise<string> {
  const patience = { clock, maxWaitMs, onProgress: ({ phase }: { phase: string }) => said.push(phase) };
  return await underSharedLock(repository, wanted, patience, stop, async lock => {
    expect(lock.mode).toBe('shared');
    return await Promise.resolve('done');
  });
}

/** Two clients of one repository, on a clock that moves when told to. */
async function twoClients() {
  const clock = new ManualClock();
  const { store } = await createTestRepository(testDeps());
  const ours = await openRepository(store, testPassword, testDeps({ seed: 2, clock }), signal);
  const host = { ...testHost, hostname: 'other-host', username: 'other', pid: 99 };
  const theirs = await openRepository(store, testPassword, { ...testDeps({ seed: 3, clock }), host }, signal);
  const taken = async (request: LockRequest): Promise<RepositoryLock> =>
    await passing(clock, theirs.lock(request, signal));
  return { ours, theirs, clock, taken };
}
