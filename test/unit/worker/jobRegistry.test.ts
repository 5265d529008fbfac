import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { AppError, CancelledError } from '../../../src/base/errors.ts';
import type { JobDto } from '../../../src/protocol/job.ts';
import { JobRegistry } from '../../../src/worker/jobRegistry.ts';
import type { JobContext, JobRequest } from '../../../src/worker/runningJob.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { seededRandom } from '../../support/seededRandom.ts';

const result = { kind: 'restoreDisk', targetPath: '/disk.raw', capacityBytes: 7 } as const;

class Bench {
  readonly clock = new ManualClock();
  /** With the time at which each was told. */
  readonly told: { readonly atMs: number; readonly job: JobDto }[] = [];
  hasUser = true;
  readonly jobs = new JobRegistry({
    clock: this.clock,
    random: seededRandom(1),
    onChanged: job => this.told.push({ atMs: this.clock.monotonicMs(), job }),
    onEnded: () => undefined,
    hasUser: () => this.hasUser,
  });

  /** A job whose work the test does. */
  start(options: Partial<JobRequest> = {}) {
    let context: JobContext | undefined;
    let end: { resolve: () => void; reject: (error: unknown) => void } | undefined;
    const id = this.jobs.start({
      kind: 'restoreDisk',
      object: '/disk.raw',
      exclusiveKeys: ['key'],
      run: async given => {
        context = given;
        await new Promise<void>((resolve, reject) => (end = { resolve, reject }));
        return result;
      },
      ...options,
    });
    return {
      id,
      context: context!,
      succeed: () => end!.resolve(),
      fail: (error: unknown) => end!.reject(error),
    };
  }

  state(id: string): JobDto {
    return this.jobs.list().find(job => job.id === id)!;
  }
}

describe('how a job ends', () => {
  test.each([
    ['well', false, undefined, { state: 'succeeded', result }],
    ['well, although it was cancelled', true, undefined, { state: 'succeeded', result }],
    [
      'by an error',
      false,
      new AppError('STORAGE_FULL', 'full'),
      { state: 'failed', error: { code: 'STORAGE_FULL' } },
    ],
    ['by cancelling', true, new CancelledError(), { state: 'cancelled', error: undefined }],
    [
      'by a library that was aborted',
      true,
      new Error('socket hang up'),
      { state: 'cancelled', error: undefined },
    ],
    [
      'by a failed clean-up after cancelling',
      true,
      new AppError('PERMISSION', 'the snapshot may not be removed'),
      { state: 'failed', error: { code: 'PERMISSION' } },
    ],
    [
      'by an unasked cancellation',
      false,
      new CancelledError(),
      { state: 'failed', error: { code: 'CANCELLED' } },
    ],
  ])('%s', async (_, isCancelled, error, expected) => {
    const bench = new Bench();
    const job = bench.start();
    expect(bench.state(job.id)).toMatchObject({ state: 'running' });
    if (isCancelled) {
      expect(bench.jobs.cancel(job.id)).toBe('cancelling');
      expect(job.context.signal.aborted).toBe(true);
    }
    if (error === undefined) job.succeed();
    else job.fail(error);
    await bench.jobs.allEnded();
    const final = bench.state(job.id);
    expect({ error: final.error, ...final }).toMatchObject(expected);
    expect(bench.jobs.cancel(job.id)).toBe(expected.state);
    await bench.clock.advance(1000);
    expect(bench.told.at(-1)?.job).toEqual(final);
  });
});

test('jobs with the same key wait for each other by refusing, others run side by side', async () => {
  const bench = new Bench();
  const first = bench.start();
  expect(() => bench.start()).toThrow(expect.objectContaining({ code: 'CONFLICT', object: '/disk.raw' }));
  const other = bench.start({ exclusiveKeys: ['other'] });
  expect(bench.jobs.runningCount).toBe(2);
  first.succeed();
  await Promise.resolve();
  await bench.clock.advance(0);
  bench.start().succeed();
  other.succeed();
  await bench.jobs.allEnded();
  expect(bench.jobs.list()).toHaveLength(3);
});

test('a job of several VMs keeps others off each of them, and says how far it is with each', async () => {
  const bench = new Bench();
  const { id, context, succeed } = bench.start({
    object: 'shop',
    exclusiveKeys: ['vm web01', 'vm db01'],
    members: ['web01', 'db01'],
  });
  expect(() => bench.start({ exclusiveKeys: ['vm db01'] })).toThrow(
    expect.objectContaining({ code: 'CONFLICT' }) as Error,
  );
  const [web, db] = context.members;
  web!.onProgress({ phase: 'Reading Hard disk 1 of web01', doneBytes: 3, totalBytes: 7 });
  db!.onProgress({ phase: 'Taking a snapshot', doneBytes: 0, totalBytes: undefined });
  web!.onEnd('succeeded');
  expect(bench.state(id)).toMatchObject({
    ...{ object: 'shop', phase: 'db01: Taking a snapshot' },
    members: [
      {
        object: 'web01',
        state: 'succeeded',
        phase: 'Reading Hard disk 1 of web01',
        doneBytes: 3,
        totalBytes: 7,
      },
      { object: 'db01', state: 'running', phase: 'Taking a snapshot', doneBytes: 0 },
    ],
  });
  expect(bench.jobs.log(id).lines.map(({ text }) => text)).toEqual([
    'Reading Hard disk 1 of web01',
    'db01: Taking a snapshot',
  ]);
  const answered = db!.askForLess({ from: 'filesystem', to: 'crash', reason: 'refused' }, context.signal);
  const { question } = bench.state(id);
  expect(question?.object).toBe('db01');
  bench.jobs.answer({ jobId: id, questionId: question!.id, accept: true });
  expect(await answered).toBe(true);
  succeed();
  await bench.jobs.allEnded();
});

test('in no second more than five changes of a job are told, and the last one always', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(400), { minLength: 1, maxLength: 60 }), async pausesMs => {
      const bench = new Bench();
      const job = bench.start();
      let doneBytes = 0;
      for (const pauseMs of pausesMs) {
        await bench.clock.advance(pauseMs);
        job.context.onProgress({ phase: 'Writing', doneBytes: (doneBytes += pauseMs), totalBytes: 100_000 });
      }
      job.succeed();
      await bench.jobs.allEnded();
      await bench.clock.advance(1000);
      const times = bench.told.map(({ atMs }) => atMs);
      for (const [index, atMs] of times.entries())
        expect(times[index + 5] ?? Infinity).toBeGreaterThan(atMs + 1000);
      expect(bench.told.at(-1)?.job).toMatchObject({ state: 'succeeded', doneBytes });
    }),
    { numRuns: 30 },
  );
});

test('a cancellation is told at once, whatever was told just before', async () => {
  const bench = new Bench();
  const { id, context, fail } = bench.start();
  context.onProgress({ phase: 'Writing', doneBytes: 1, totalBytes: 4000 });
  const toldBefore = bench.told.length;
  bench.jobs.cancel(id);
  expect(bench.told.slice(toldBefore)).toMatchObject([{ job: { id, state: 'cancelling' } }]);
  fail(context.signal.reason);
  await bench.jobs.allEnded();
  await bench.clock.advance(1000);
  expect(bench.told.at(-1)?.job).toMatchObject({ state: 'cancelled' });
});

test('rate and rest follow from the progress of the phase', async () => {
  const bench = new Bench();
  const { id, context } = bench.start();
  context.onProgress({ phase: 'Writing', doneBytes: 0, totalBytes: 4000 });
  await bench.clock.advance(2000);
  context.onProgress({ phase: 'Writing', doneBytes: 1000, totalBytes: 4000 });
  expect(bench.state(id)).toMatchObject({ bytesPerSecond: 500, remainingMs: 6000 });
  context.onProgress({ phase: 'Finishing', doneBytes: 0, totalBytes: undefined });
  expect(bench.state(id)).not.toHaveProperty('bytesPerSecond');
});

test('the log keeps the newest lines and counts those it let go', () => {
  const bench = new Bench();
  const { id, context } = bench.start();
  for (let line = 0; line < 1200; line += 1) context.logger.warn('line', { line });
  const { lines, droppedCount } = bench.jobs.log(id);
  expect(lines).toHaveLength(1000);
  expect(droppedCount).toBe(200);
  expect([lines[0]?.text, lines.at(-1)?.text]).toEqual(['line line=200', 'line line=1199']);
});

test('old jobs are forgotten, running ones never', async () => {
  const bench = new Bench();
  const running = bench.start();
  for (let round = 0; round < 110; round += 1) {
    bench.start({ exclusiveKeys: [`key ${round}`] }).succeed();
    await bench.clock.advance(0);
  }
  const jobs = bench.jobs.list();
  expect(jobs.length).toBeLessThanOrEqual(102);
  expect(jobs.at(-1)?.id).toBe(running.id);
  expect(() => bench.jobs.log('0000')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});

test('disposal cancels all and waits for them', async () => {
  const bench = new Bench();
  const { id, context, fail } = bench.start();
  const disposed = bench.jobs[Symbol.asyncDispose]();
  expect(bench.state(id).state).toBe('cancelling');
  fail(context.signal.reason);
  await disposed;
  expect(bench.state(id).state).toBe('cancelled');
});

describe('a job that asks whether less is good enough', () => {
  const downgrade = { from: 'application', to: 'filesystem', reason: 'a writer failed' } as const;

  test.each([true, false])('hears the answer: %s', async accept => {
    const bench = new Bench();
    const { id, context, succeed } = bench.start();
    const answered = context.askForLess(downgrade, context.signal);
    const { question } = bench.state(id);
    expect(question).toEqual({
      ...{ ...downgrade, object: '/disk.raw' },
      id: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
    });
    expect(bench.told.at(-1)?.job.question).toEqual(question);
    bench.jobs.answer({ jobId: id, questionId: question!.id, accept });
    expect(await answered).toBe(accept);
    expect(bench.state(id).question).toBeUndefined();
    expect(() => bench.jobs.answer({ jobId: id, questionId: question!.id, accept })).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND' }) as Error,
    );
    succeed();
  });

  test('takes it for a no once nobody is there any more', async () => {
    const bench = new Bench();
    const { context, succeed } = bench.start();
    const answered = context.askForLess(downgrade, context.signal);
    bench.hasUser = false;
    await bench.clock.advance(1_000);
    expect(await answered).toBe(false);
    succeed();
  });

  test('stops asking when it is cancelled', async () => {
    const bench = new Bench();
    const { id, context, fail } = bench.start();
    const answered = context.askForLess(downgrade, context.signal);
    bench.jobs.cancel(id);
    await expect(answered).rejects.toMatchObject({ code: 'CANCELLED' });
    fail(new CancelledError());
  });
});
