import { expect, test } from 'vitest';

import { AppError } from '../../../src/base/errors.ts';
import { Jobs } from '../../../src/host/jobs.ts';
import { type WorkerConnection, WorkerLink } from '../../../src/host/workerLink.ts';
import { type JobDto, listJobs } from '../../../src/protocol/job.ts';
import { FakeWorker } from '../../support/fakeWorker.ts';

const signal = AbortSignal.any([]);

/** A connection that a test can end, and through which it can tell about jobs. */
class FakeConnection implements WorkerConnection {
  readonly worker = { productVersion: '1', processId: 1, startedAt: '', isOutdated: false };
  readonly closed: Promise<void>;
  end: () => void = () => undefined;
  readonly listeners: ((job: JobDto) => void)[] = [];
  readonly #fake = new FakeWorker().on(listJobs, () => ({ jobs: [job('old', 'running')] }));

  constructor() {
    this.closed = new Promise(resolve => (this.end = resolve));
  }

  request: WorkerConnection['request'] = async (type, params, at) =>
    await this.#fake.request(type, params, at);

  on: WorkerConnection['on'] = (_, listener) => {
    this.listeners.push(listener as (job: JobDto) => void);
    return { [Symbol.dispose]: () => undefined };
  };

  [Symbol.dispose](): void {
    this.end();
  }
}

function job(id: string, state: JobDto['state'], startedAt = '2026-03-01T12:00:00Z'): JobDto {
  return { id, kind: 'backup', object: 'web01', state, phase: '', doneBytes: 0, startedAt };
}

function fixture() {
  const connections: FakeConnection[] = [];
  const link = new WorkerLink(async () => {
    const connection = new FakeConnection();
    connections.push(connection);
    return await Promise.resolve(connection);
  });
  return { link, connections };
}

test('nothing is connected before the first request, and many at once share one connection', async () => {
  const { link, connections } = fixture();
  expect(connections).toHaveLength(0);
  await Promise.all([1, 2, 3].map(async () => await link.request(listJobs, {}, signal)));
  expect(connections).toHaveLength(1);
});

test('a lost worker is told once, and the next request connects anew', async () => {
  const { link, connections } = fixture();
  let losses = 0;
  link.onDidLose(() => (losses += 1));
  await link.request(listJobs, {}, signal);
  connections[0]?.end();
  await connections[0]?.closed;
  await Promise.resolve();
  expect(losses).toBe(1);
  await link.request(listJobs, {}, signal);
  expect(connections).toHaveLength(2);
});

test('an end that was wanted is not told', async () => {
  const { link, connections } = fixture();
  let losses = 0;
  link.onDidLose(() => (losses += 1));
  await link.request(listJobs, {}, signal);
  link.dispose();
  await connections[0]?.closed;
  await Promise.resolve();
  expect(losses).toBe(0);
});

test('a failed attempt is not kept', async () => {
  let attempts = 0;
  const link = new WorkerLink(async () => {
    attempts += 1;
    if (attempts === 1) throw new AppError('WORKER_LOST', 'it does not answer');
    return await Promise.resolve(new FakeConnection());
  });
  await expect(link.request(listJobs, {}, signal)).rejects.toMatchObject({ code: 'WORKER_LOST' });
  await expect(link.request(listJobs, {}, signal)).resolves.toEqual({ jobs: [job('old', 'running')] });
});

test('jobs of other windows are known after connecting; each end is told once, of ours apart', async () => {
  const { link, connections } = fixture();
  const jobs = new Jobs(link);
  const finished: string[] = [];
  const finishedOfAnybody: string[] = [];
  jobs.onDidFinish(({ id }) => finishedOfAnybody.push(id));
  jobs.onDidFinishOurs(({ id }) => finished.push(id));
  await jobs.refresh(signal);
  expect(jobs.all().map(({ id }) => id)).toEqual(['old']);

  const tell = (changed: JobDto) => connections[0]?.listeners.forEach(listener => listener(changed));
  tell(job('foreign', 'succeeded'));
  tell(job('ours', 'running', '2026-03-01T13:00:00Z'));
  jobs.markOurs('ours');
  expect(finished).toEqual([]);
  tell(job('ours', 'succeeded', '2026-03-01T13:00:00Z'));
  tell(job('ours', 'succeeded', '2026-03-01T13:00:00Z'));
  // Its end came before the answer that it had begun.
  tell(job('quick', 'failed', '2026-03-01T14:00:00Z'));
  jobs.markOurs('quick');
  expect(finished).toEqual(['ours', 'quick']);
  // What has ended before this window was there is no news.
  await jobs.refresh(signal);
  expect(finishedOfAnybody).toEqual(['foreign', 'ours', 'quick']);
  tell(job('old', 'succeeded'));
  expect(finishedOfAnybody).toEqual(['foreign', 'ours', 'quick', 'old']);
  tell(job('quick', 'failed', '2026-03-01T14:00:00Z'));
  tell(job('ours', 'succeeded', '2026-03-01T13:00:00Z'));
  tell(job('foreign', 'succeeded'));
  expect(jobs.all().map(({ id }) => id)).toEqual(['quick', 'ours', 'old', 'foreign']);
});

test('whoever hears that the worker is lost hears which jobs went with it', async () => {
  const { link, connections } = fixture();
  const jobs = new Jobs(link);
  const lost: string[][] = [];
  jobs.onDidLoseWorker(running => lost.push(running.map(({ id }) => id)));
  await jobs.refresh(signal);
  connections[0]?.end();
  await connections[0]?.closed;
  await Promise.resolve();
  expect(lost).toEqual([['old']]);
  expect(jobs.all()).toEqual([]);

  await jobs.refresh(signal);
  connections[1]?.listeners.forEach(listener => listener(job('old', 'succeeded')));
  connections[1]?.end();
  await connections[1]?.closed;
  await Promise.resolve();
  expect(lost).toEqual([['old'], []]);
});
