import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import type { WorkerClient } from '../../src/client/workerClient.ts';
import {
  cancelJob,
  type JobDto,
  pauseJob,
  readJobLog,
  resumeJob,
  retryJob,
  startBackup,
  startCheck,
  startGroupBackup,
} from '../../src/protocol/job.ts';
import { applySettings } from '../../src/protocol/settings.ts';
import { anySignal } from '../support/anySignal.ts';
import { quiesced } from '../support/policies.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

const parallel = { perHost: 4, perDatastore: 4, perVCenter: 8 };
const stalled = { kind: 'stall', afterBytes: 60_000, times: 1 };
const isReading = ({ phase }: JobDto) => phase.startsWith('Reading');

describe('a backup that is paused', () => {
  const user = new WorkerUser(suiteFolder('wz'));
  const restic = new Restic(user.repositoryFolder, user.repositoryPasswordFile);
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

  async function keepSnapshots(keepPausedSnapshotMs: number): Promise<void> {
    await client.request(applySettings, { parallel, keepPausedSnapshotMs }, anySignal);
  }

  async function backUp(name: string): Promise<WatchedJob> {
    const by = await user.connect();
    const params = { vm: await vmNamed(by, name), repository: 'main', policy: quiesced };
    return new WatchedJob(by, (await by.request(startBackup, params, anySignal)).jobId);
  }

  async function holdsTheSnapshot(job: JobDto, name: string, snapshotId: string): Promise<void> {
    if (job.result?.kind !== 'backup') throw new Error(`no result of a backup: ${JSON.stringify(job)}`);
    const taken = (await lab.snapshots()).find(snapshot => snapshot.snapshotId === snapshotId)!;
    for (const { deviceKey, position } of taken.disks) {
      const stored = await restic.diskHash(
        job.result.point,
        deviceKey,
        `${user.folder}/${name}-${deviceKey}`,
      );
      expect(stored).toBe(await lab.diskHash(taken.vm, deviceKey, position));
    }
  }

  test('lets go of its lease and keeps its snapshot, says for how long, and goes on with it', async () => {
    await keepSnapshots(10 * 60_000);
    await lab.setFaults({ streams: [stalled] });
    const job = await backUp('web01');
    await job.until(isReading);
    expect(await client.request(pauseJob, { jobId: job.id }, anySignal)).toEqual({ state: 'paused' });
    await job.until(({ phase }) => phase.startsWith('Paused'));
    const { phase, state, canPause } = job.changes.findLast(change => change.phase.startsWith('Paused'))!;
    expect({ state, canPause }).toEqual({ state: 'paused', canPause: true });
    expect(phase).toMatch(
      /^Paused: the snapshot of web01, taken at \d\d:\d\d UTC, is kept until \d\d:\d\d UTC$/,
    );
    expect(await lab.openLeases()).toEqual([]);
    const kept = (await lab.vms()).find(({ name }) => name === 'web01')!.snapshots;
    expect(kept).toHaveLength(1);

    expect(await client.request(resumeJob, { jobId: job.id }, anySignal)).toEqual({ state: 'running' });
    const ended = await job.ended;
    expect(ended.state).toBe('succeeded');
    const taken = (await lab.snapshots()).filter(({ vm }) => vm === 'web01');
    expect(taken.map(({ snapshotId }) => snapshotId)).toEqual(kept);
    await holdsTheSnapshot(ended, 'web01', kept[0]!);
    await user.expectNothingLeft(lab);
  });

  test('for too long loses its snapshot, says so, and goes on with a new one', async () => {
    await keepSnapshots(300);
    await lab.setFaults({ streams: [stalled] });
    const job = await backUp('db01');
    await job.until(isReading);
    await client.request(pauseJob, { jobId: job.id }, anySignal);
    await job.until(({ phase }) => phase === 'Paused: no snapshot of db01 is kept any more');
    await user.expectNothingLeft(lab);
    await client.request(resumeJob, { jobId: job.id }, anySignal);
    const ended = await job.ended;
    expect(ended.state).toBe('succeeded');
    const taken = (await lab.snapshots()).filter(({ vm }) => vm === 'db01');
    expect(taken).toHaveLength(2);
    await holdsTheSnapshot(ended, 'db01', taken[1]!.snapshotId);
    const { lines } = await client.request(readJobLog, { jobId: job.id }, anySignal);
    expect(lines.map(({ text }) => text)).toEqual(expect.arrayContaining(['paused', 'goes on']));
    await restic.checkEverything();
    await user.expectNothingLeft(lab);
  });

  test('is cancelled as any other, and leaves nothing', async () => {
    await keepSnapshots(10 * 60_000);
    await lab.setFaults({ streams: [stalled] });
    const job = await backUp('build01');
    await job.until(isReading);
    await client.request(pauseJob, { jobId: job.id }, anySignal);
    await job.until(({ phase }) => phase.startsWith('Paused'));
    await client.request(cancelJob, { jobId: job.id }, anySignal);
    expect((await job.ended).state).toBe('cancelled');
    await user.expectNothingLeft(lab);
  });

  test('a job that cannot stand still says so', async () => {
    const { jobId } = await client.request(startCheck, { repository: 'main', readData: true }, anySignal);
    await expect(client.request(pauseJob, { jobId }, anySignal)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('one VM of a group is cancelled alone, and what failed is tried again alone', async () => {
    await keepSnapshots(10 * 60_000);
    await lab.setFaults({ refuseQuiesce: ['build01'], streams: [stalled] });
    const by = await user.connect();
    const vms = await Promise.all(
      ['web01', 'build01', 'archive01'].map(async name => await vmNamed(by, name)),
    );
    const params = { vms, repository: 'main', policy: quiesced, wholeReads: { isRequested: true } };
    const { jobId } = await by.request(startGroupBackup, params, anySignal);
    const job = new WatchedJob(by, jobId);
    await expect(client.request(retryJob, { jobId }, anySignal)).rejects.toMatchObject({ code: 'CONFLICT' });
    await job.until(({ members = [] }) => members.filter(({ state }) => state !== 'running').length === 2);
    const stuck = job.changes.at(-1)!.members!.findIndex(({ state }) => state === 'running');
    await client.request(cancelJob, { jobId, member: stuck }, anySignal);
    const { state, members, canRetry } = await job.ended;
    expect({ state, canRetry }).toEqual({ state: 'succeeded', canRetry: true });
    const states = members!.map(member => member.state);
    expect(states.toSorted()).toEqual(['cancelled', 'failed', 'succeeded']);
    await user.expectNothingLeft(lab);

    await lab.clearFaults();
    await expect(client.request(retryJob, { jobId, member: 3 }, anySignal)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const again = await user.connect();
    const retried = new WatchedJob(again, (await again.request(retryJob, { jobId }, anySignal)).jobId);
    const ended = await retried.ended;
    const failed = members!.filter(member => member.state !== 'succeeded').map(({ object }) => object);
    expect(ended.members?.map(({ object, state: end }) => [object, end])).toEqual(
      failed.map(name => [name, 'succeeded']),
    );
    await user.expectNothingLeft(lab);
  });
});
