import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import type { WorkerClient } from '../../src/client/workerClient.ts';
import {
  answerJob,
  cancelJob,
  type JobDto,
  listJobs,
  readJobLog,
  startBackup,
  startGroupBackup,
} from '../../src/protocol/job.ts';
import type { ConsistencyPolicyDto } from '../../src/protocol/plan.ts';
import { listPoints, readPoint } from '../../src/protocol/point.ts';
import { anySignal } from '../support/anySignal.ts';
import { quiesced } from '../support/policies.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

const stalled = { kind: 'stall', afterBytes: 60_000, times: 1 };

/** Slow enough to be told of each disk: the small guest's disk exports to about 300 kB. */
const slow = { kind: 'slow', bytesPerSecond: 300_000, times: 3 };

const isReading = ({ phase }: JobDto) => phase.startsWith('Reading');

describe('a job that backs up several VMs as a group', () => {
  const user = new WorkerUser(suiteFolder('wg'));
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

  async function backUp(
    names: readonly string[],
    policy: ConsistencyPolicyDto = quiesced,
  ): Promise<WatchedJob> {
    const vms = await Promise.all(names.map(async name => await vmNamed(client, name)));
    const params = { vms, repository: 'main', policy, groupName: 'shop' };
    const { jobId } = await client.request(startGroupBackup, params, anySignal);
    return new WatchedJob(client, jobId);
  }

  test('stores each VM as it was at its own snapshot, and says how far apart these are', async () => {
    await lab.setFaults({ refuseQuiesce: ['build01'], streams: [slow] });
    const job = await backUp(['web01', 'build01', 'db01']);
    const { state, result, object, members } = await job.ended;
    expect({ state, object }).toEqual({ state: 'succeeded', object: 'shop' });
    if (result?.kind !== 'backupGroup') throw new Error('no result of a group');
    expect(result.members.map(({ vm, backup, error }) => [vm.name, backup?.proven ?? error?.code])).toEqual([
      ['web01', 'filesystem'],
      ['build01', 'QUIESCE_FAILED'],
      ['db01', 'filesystem'],
    ]);
    expect(members?.map(member => [member.object, member.state])).toEqual([
      ['web01', 'succeeded'],
      ['build01', 'failed'],
      ['db01', 'succeeded'],
    ]);
    const phases = new Set(
      job.changes.flatMap(({ members: all = [] }) => all.map(({ object: vm, phase }) => `${vm}: ${phase}`)),
    );
    expect([...phases]).toEqual(
      expect.arrayContaining(['web01: Reading Hard disk 1 of web01', 'db01: Reading Hard disk 2 of db01']),
    );

    const { group } = result;
    const taken = (await lab.snapshots()).slice(-2);
    const times = taken.map(({ createTime }) => Date.parse(createTime));
    expect(group.skewMs).toBe(Math.max(...times) - Math.min(...times));
    const { sets } = await client.request(listPoints, { repository: 'main' }, anySignal);
    expect(sets.map(({ vmName, points }) => [vmName, points.map(point => point.group)])).toEqual(
      ['db01', 'web01'].map(name => [name, [{ id: group.id, skewMs: group.skewMs }]]),
    );
    for (const { points } of sets) {
      const point = await client.request(readPoint, { repository: 'main', point: points[0]!.id }, anySignal);
      expect(point.group).toEqual(group);
    }
    const { lines } = await client.request(readJobLog, { jobId: job.id }, anySignal);
    expect(lines.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        'web01: Taking a quiesced snapshot',
        'db01: Removing the snapshot',
        `2 snapshots, ${group.skewMs} ms apart: near each other, not consistent across VMs`,
      ]),
    );
    for (const { vm, disks } of taken) {
      const backup = result.members.find(member => member.vm.id === vm || member.vm.name === vm)?.backup;
      for (const { deviceKey, position } of disks) {
        const target = join(user.folder, `restic-${vm}-${deviceKey}`);
        expect(await restic.diskHash(backup!.point, deviceKey, target)).toBe(
          await lab.diskHash(vm, deviceKey, position),
        );
      }
    }
    await restic.checkEverything();
    await user.expectNothingLeft(lab);
  });

  test('keeps others off all of its VMs, is found by the next client, and leaves nothing when it is cancelled', async () => {
    await lab.setFaults({ streams: [stalled] });
    const job = await backUp(['web01', 'db01']);
    await job.until(isReading);
    expect((await lab.vms()).flatMap(vm => vm.snapshots)).toHaveLength(2);
    for (const name of ['web01', 'db01']) {
      const params = { vm: await vmNamed(client, name), repository: 'main', policy: quiesced };
      await expect(client.request(startBackup, params, anySignal)).rejects.toMatchObject({
        code: 'CONFLICT',
        object: name,
      });
    }
    const next = await user.connect();
    const { jobs } = await next.request(listJobs, {}, anySignal);
    expect(jobs.find(({ id }) => id === job.id)).toMatchObject({
      ...{ kind: 'backupGroup', object: 'shop', state: 'running' },
      members: [{ object: 'web01' }, { object: 'db01', state: 'running' }],
    });
    await next.request(cancelJob, { jobId: job.id }, anySignal);
    expect(await job.ended).toMatchObject({ state: 'cancelled' });
    await user.expectNothingLeft(lab);
  });

  test('asks for one VM at a time, and each answer is for that VM alone', async () => {
    await lab.setFaults({ refuseQuiesce: ['web01', 'db01'] });
    const job = await backUp(['web01', 'db01'], { ...quiesced, onShortfall: 'ask' });
    const asked: string[] = [];
    for (const accept of [true, false]) {
      const isNew = ({ question }: JobDto) => question !== undefined && !asked.includes(question.object);
      await job.until(isNew);
      const { question } = job.changes.findLast(isNew)!;
      asked.push(question!.object);
      expect(question).toMatchObject({ from: 'filesystem', to: 'crash' });
      await client.request(answerJob, { jobId: job.id, questionId: question!.id, accept }, anySignal);
    }
    expect(asked.toSorted()).toEqual(['db01', 'web01']);
    const { result } = await job.ended;
    if (result?.kind !== 'backupGroup') throw new Error('no result of a group');
    const [accepted, refused] = asked.map(name => result.members.find(({ vm }) => vm.name === name)!);
    expect(accepted!.backup).toMatchObject({ proven: 'crash', downgrades: [{ to: 'crash' }] });
    expect(refused).toMatchObject({ error: { code: 'QUIESCE_FAILED' } });
    await user.expectNothingLeft(lab);
  });

  test('fails where no VM can be backed up, and is refused for what is no group', async () => {
    await lab.setFaults({ refuseQuiesce: ['web01', 'db01'] });
    const job = await backUp(['web01', 'db01']);
    expect(await job.ended).toMatchObject({ state: 'failed', error: { code: 'QUIESCE_FAILED' } });
    await user.expectNothingLeft(lab);
    const vm = await vmNamed(client, 'web01');
    for (const vms of [[], [vm, vm], [vm, { ...vm, id: 'vm-0', vcenter: 'other' }]]) {
      const params = { vms, repository: 'main', policy: quiesced };
      await expect(client.request(startGroupBackup, params, anySignal)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      });
    }
  });

  test('killed, the next worker gives back every snapshot of the group', async () => {
    await lab.setFaults({ streams: [stalled] });
    const job = await backUp(['web01', 'db01']);
    await job.until(isReading);
    await user.kill(client);
    await lab.clearFaults();
    expect((await lab.vms()).flatMap(vm => vm.snapshots)).toHaveLength(2);
    client = await user.connect();
    await user.openPlaces(client, lab);
    const { jobs } = await client.request(listJobs, {}, anySignal);
    expect(jobs.map(({ kind }) => kind)).toContain('guard');
    for (const { id } of jobs) await new WatchedJob(client, id).ended;
    await user.expectNothingLeft(lab);
    await restic.checkEverything();
  });
});
