import { afterAll, beforeAll, describe, expect } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import type { WorkerClient } from '../../src/client/workerClient.ts';
import {
  cancelJob,
  type JobDto,
  listJobs,
  pauseJob,
  readJobLog,
  startBackup,
} from '../../src/protocol/job.ts';
import { anySignal } from '../support/anySignal.ts';
import { quiesced } from '../support/policies.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

describe('what jobs did and said', () => {
  const user = new WorkerUser(suiteFolder('wh'));
  let lab: RunningLab;

  beforeAll(async () => {
    lab = await RunningLab.start();
  });
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  async function jobsOf(client: WorkerClient): Promise<readonly JobDto[]> {
    return (await client.request(listJobs, {}, anySignal)).jobs;
  }

  async function textsOf(client: WorkerClient, jobId: string): Promise<string[]> {
    const { lines } = await client.request(readJobLog, { jobId }, anySignal);
    return lines.map(({ text }) => text);
  }

  test('is there after the worker was killed, and what had not ended is told as failed', async () => {
    const first = await user.connect();
    await user.openPlaces(first, lab);
    const start = async (name: string) => {
      const params = { vm: await vmNamed(first, name), repository: 'main', policy: quiesced };
      return (await first.request(startBackup, params, anySignal)).jobId;
    };
    const done = new WatchedJob(first, await start('web01'));
    const ended = await done.ended;
    expect(ended.state).toBe('succeeded');
    const said = await textsOf(first, done.id);
    await lab.setFaults({ streams: [{ kind: 'stall', afterBytes: 60_000, times: 1 }] });
    const stuck = await start('db01');
    const other = await user.connect();
    // Two windows see the same jobs.
    expect((await jobsOf(other)).map(({ id }) => id)).toEqual((await jobsOf(first)).map(({ id }) => id));
    await systemClock.sleep(1_000, anySignal);
    await user.kill(first);

    const next = await user.connect();
    const jobs = await jobsOf(next);
    expect(jobs.find(({ id }) => id === done.id)).toEqual(ended);
    expect(await textsOf(next, done.id)).toEqual(said);
    expect(jobs.find(({ id }) => id === stuck)).toMatchObject({
      ...{ kind: 'backup', object: 'db01', state: 'failed' },
      error: { code: 'WORKER_LOST', message: 'db01: the background worker ended in the midst of it' },
    });
    expect((await textsOf(next, stuck)).at(-1)).toBe('db01: the background worker ended in the midst of it');
    await expect(next.request(pauseJob, { jobId: stuck }, anySignal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(next.request(cancelJob, { jobId: stuck }, anySignal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('is there after the worker ended by itself, with the end of what that has cancelled', async () => {
    await lab.clearFaults();
    const client = await user.connect();
    await user.openPlaces(client, lab);
    await lab.setFaults({ streams: [{ kind: 'stall', afterBytes: 60_000, times: 1 }] });
    const params = { vm: await vmNamed(client, 'build01'), repository: 'main', policy: quiesced };
    const job = new WatchedJob(client, (await client.request(startBackup, params, anySignal)).jobId);
    await job.until(({ phase }) => phase.startsWith('Reading'));
    process.kill(client.worker.processId, 'SIGTERM');
    await client.closed;
    while (user.workers().length > 0) await systemClock.sleep(50, anySignal);
    const next = await user.connect();
    expect((await jobsOf(next)).find(({ id }) => id === job.id)).toMatchObject({ state: 'cancelled' });
  });
});
