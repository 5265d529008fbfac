import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
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
import { listPoints } from '../../src/protocol/point.ts';
import { applySettings } from '../../src/protocol/settings.ts';
import { anySignal } from '../support/anySignal.ts';
import { packBytesOf } from '../support/packBytes.ts';
import { crashOnly, quiesced } from '../support/policies.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder, temporaryFolder } from '../support/temporaryFolder.ts';
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

  async function backUpGroup(...names: readonly string[]): Promise<WatchedJob> {
    const by = await user.connect();
    const vms = await Promise.all(names.map(async name => await vmNamed(by, name)));
    const wholeReads = { isRequested: true };
    const params = { vms, repository: 'main', policy: quiesced, wholeReads, groupName: 'shop' };
    return new WatchedJob(by, (await by.request(startGroupBackup, params, anySignal)).jobId);
  }

  function groupResult({ state, result }: JobDto) {
    if (state !== 'succeeded' || result?.kind !== 'backupGroup')
      throw new Error(`no result of a group: ${JSON.stringify({ state, result })}`);
    return result;
  }

  async function holdTheirSnapshots(job: JobDto, snapshotIds: readonly string[]): Promise<void> {
    for (const { vm, backup } of groupResult(job).members) {
      const taken = (await lab.snapshots()).find(
        ({ vm: name, snapshotId }) => name === vm.name && snapshotIds.includes(snapshotId),
      )!;
      for (const { deviceKey, position } of taken.disks) {
        const target = join(user.folder, `${job.id}-${vm.name}-${deviceKey}`);
        const stored = await restic.diskHash(backup!.point, deviceKey, target);
        expect(stored).toBe(await lab.diskHash(vm.name, deviceKey, position));
      }
    }
  }

  /** Of the newest restore point of each VM, the group it says it is of. */
  async function groupsOf(...names: readonly string[]) {
    const { sets } = await client.request(listPoints, { repository: 'main' }, anySignal);
    return names.map(name => sets.find(({ vmName }) => vmName === name)?.points[0]?.group);
  }

  const memberPhases = ({ members = [] }: JobDto) => members.map(({ phase }) => phase);
  /** Servers may give out one lease of a VM at a time. */
  const reading = /^(Reading|Waiting for the other disks)/;
  const areAll = (pattern: RegExp) => (job: JobDto) => memberPhases(job).every(phase => pattern.test(phase));
  const snapshotsNow = async () => (await lab.vms()).flatMap(({ snapshots }) => snapshots);

  test('as a group lets go of all leases and keeps all snapshots, and goes on with them', async () => {
    await keepSnapshots(10 * 60_000);
    await lab.setFaults({ streams: ['web01', 'db01'].map(vm => ({ ...stalled, vm })) });
    const job = await backUpGroup('web01', 'db01');
    await job.until(areAll(reading));
    await client.request(pauseJob, { jobId: job.id }, anySignal);
    await job.until(areAll(/^Paused: the snapshot of (web|db)01, taken at .* is kept until/));
    expect(await lab.openLeases()).toEqual([]);
    const kept = await snapshotsNow();
    expect(kept).toHaveLength(2);

    await client.request(resumeJob, { jobId: job.id }, anySignal);
    const ended = await job.ended;
    await holdTheirSnapshots(ended, kept);
    const { id, skewMs } = groupResult(ended).group;
    expect(await groupsOf('web01', 'db01')).toEqual([
      { id, skewMs },
      { id, skewMs },
    ]);
    await user.expectNothingLeft(lab);
  });

  test('as a group for too long takes new snapshots of all that were not read, and is the group of these', async () => {
    await keepSnapshots(300);
    await lab.setFaults({ streams: ['web01', 'db01'].map(vm => ({ ...stalled, vm })) });
    const job = await backUpGroup('web01', 'db01');
    await job.until(areAll(reading));
    const first = await snapshotsNow();
    await client.request(pauseJob, { jobId: job.id }, anySignal);
    await job.until(areAll(/^Paused: no snapshot of (web|db)01 is kept any more$/));
    await user.expectNothingLeft(lab);

    await client.request(resumeJob, { jobId: job.id }, anySignal);
    const ended = await job.ended;
    const taken = (await lab.snapshots()).slice(-2);
    expect(taken.filter(({ snapshotId }) => first.includes(snapshotId))).toEqual([]);
    await holdTheirSnapshots(
      ended,
      taken.map(({ snapshotId }) => snapshotId),
    );
    const { id, skewMs, members } = groupResult(ended).group;
    const times = taken.map(({ createTime }) => Date.parse(createTime));
    expect(skewMs).toBe(Math.max(...times) - Math.min(...times));
    expect(members.map(({ takenAt }) => Date.parse(takenAt)).toSorted()).toEqual(times.toSorted());
    expect(await groupsOf('web01', 'db01')).toEqual([
      { id, skewMs },
      { id, skewMs },
    ]);
    await user.expectNothingLeft(lab);
  });

  test('as a group for too long keeps what was read, and says how far apart the two are then', async () => {
    await keepSnapshots(300);
    await lab.setFaults({ streams: [{ ...stalled, vm: 'db01' }] });
    const job = await backUpGroup('web01', 'db01');
    await job.until(
      ({ members = [] }) => members[0]?.state === 'succeeded' && reading.test(members[1]?.phase ?? ''),
    );
    await client.request(pauseJob, { jobId: job.id }, anySignal);
    await job.until(state => memberPhases(state).includes('Paused: no snapshot of db01 is kept any more'));
    await user.expectNothingLeft(lab);
    await client.request(resumeJob, { jobId: job.id }, anySignal);
    const ended = await job.ended;
    const taken = (await lab.snapshots()).slice(-3);
    const [web01, db01] = ['web01', 'db01'].map(name => taken.findLast(({ vm }) => vm === name));
    await holdTheirSnapshots(
      ended,
      [web01, db01].map(snapshot => snapshot!.snapshotId),
    );
    const apartMs = Date.parse(db01!.createTime) - Date.parse(web01!.createTime);
    expect(groupResult(ended).group).toMatchObject({
      ...{ name: 'shop', skewMs: apartMs },
      members: [
        { name: 'web01', takenAt: web01!.createTime },
        { name: 'db01', takenAt: db01!.createTime },
      ],
    });
    const { lines } = await client.request(readJobLog, { jobId: job.id }, anySignal);
    expect(lines.map(({ text }) => text)).toContain(
      `2 snapshots, ${apartMs} ms apart: near each other, not consistent across VMs`,
    );
    // A restore point knows of those alone that were taken together with it.
    const [ofWeb01, ofDb01] = await groupsOf('web01', 'db01');
    expect(ofWeb01!.id).not.toBe(ofDb01!.id);
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

describe('a backup that is paused in mid-disk', () => {
  const folder = suiteFolder('wp');
  let lab: RunningLab;

  beforeAll(async () => {
    lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
    // Random bytes, which no compression makes less: a dozen packs.
    for (let piece = 1; piece <= 3; piece += 1) {
      const length = 16 * MiB;
      await lab.control('POST', 'disks/db01/2001/bytes', { offset: piece * length, length, seed: piece });
    }
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  test('stores at most 5 % again, with the snapshot that was kept and with a new one', async () => {
    const reference = new QuiesceCli(join(folder, 'undisturbed'));
    await reference.setUp(lab, undefined, ['--pack-size', '4']);
    await reference.ok('backup', 'db01', '--level', 'crash');
    const neededBytes = packBytesOf(reference);
    for (const [name, keepPausedSnapshotMs, snapshots] of [
      ['kept', 10 * 60_000, 1],
      ['lost', 300, 2],
    ] as const) {
      await using user = new WorkerUser(temporaryFolder('wp'));
      const client = await user.connect();
      await user.openPlaces(client, lab, { packMiB: 4 });
      await client.request(applySettings, { parallel, keepPausedSnapshotMs }, anySignal);
      await lab.setFaults({
        streams: [{ kind: 'slow', vm: 'db01', afterBytes: 0, bytesPerSecond: 8 * MiB, times: 2 }],
      });
      const before = (await lab.snapshots()).length;
      const params = { vm: await vmNamed(client, 'db01'), repository: 'main', policy: crashOnly };
      const job = new WatchedJob(client, (await client.request(startBackup, params, anySignal)).jobId);
      await expect.poll(() => packBytesOf(user), { interval: 20 }).toBeGreaterThan(neededBytes * 0.3);
      await client.request(pauseJob, { jobId: job.id }, anySignal);
      await job.until(({ phase }) => phase.startsWith(name === 'kept' ? 'Paused' : 'Paused: no snapshot'));
      const storedBytes = packBytesOf(user);
      // Otherwise the pause came too late to prove anything.
      expect(storedBytes / neededBytes).toBeLessThan(0.95);
      await lab.clearFaults();
      await client.request(resumeJob, { jobId: job.id }, anySignal);
      expect((await job.ended).state).toBe('succeeded');
      expect((await lab.snapshots()).length - before).toBe(snapshots);
      const again = (packBytesOf(user) - neededBytes) / neededBytes;
      console.log(
        `the snapshot was ${name}: ${percent(again)} stored again after ${percent(storedBytes / neededBytes)}`,
      );
      expect(again).toBeLessThanOrEqual(0.05);
      await new Restic(user.repositoryFolder, user.repositoryPasswordFile).checkEverything();
      await user.expectNothingLeft(lab);
    }
  });
});

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
