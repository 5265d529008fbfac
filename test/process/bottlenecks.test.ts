import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import type { WorkerClient } from '../../src/client/workerClient.ts';
import { type JobDto, readJobLog, startBackup } from '../../src/protocol/job.ts';
import { anySignal } from '../support/anySignal.ts';
import { quiesced } from '../support/policies.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

describe('what keeps a backup from being faster', () => {
  const user = new WorkerUser(suiteFolder('wb'));
  let lab: RunningLab;
  let client: WorkerClient;

  beforeAll(async () => {
    lab = await RunningLab.start();
    client = await user.connect();
    await user.openPlaces(client, lab);
  });
  afterEach(async () => await lab.clearFaults());
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  test('a lease that is slow is the source, while it reads and in the log', async () => {
    await lab.setFaults({ leaseBytesPerSecond: 150_000 });
    const vm = await vmNamed(client, 'web01');
    const params = { vm, repository: 'main', policy: quiesced };
    const { jobId } = await client.request(startBackup, params, anySignal);
    const job = new WatchedJob(client, jobId);
    await job.until(({ bottleneck }) => bottleneck === 'source');
    const { state, bottleneck } = await job.ended;
    expect({ state, bottleneck }).toEqual({ state: 'succeeded', bottleneck: undefined });
    const told = (change: JobDto) => change.bottleneck;
    expect(new Set(job.changes.flatMap(change => told(change) ?? []))).toEqual(new Set(['source']));
    const { lines } = await client.request(readJobLog, { jobId }, anySignal);
    expect(lines.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^limited by the source( at .*\/s)?$/),
    );
  });
});
