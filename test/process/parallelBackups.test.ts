import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import type { WorkerClient } from '../../src/client/workerClient.ts';
import { cancelJob, type JobDto, startBackup, startGroupBackup } from '../../src/protocol/job.ts';
import { applySettings, type ParallelLimitsDto } from '../../src/protocol/settings.ts';
import { anySignal } from '../support/anySignal.ts';
import { quiesced } from '../support/policies.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { type LabLease, RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

/** web01 and build01 are on one host, db01 with its two disks and archive01 on the other. */
const all = ['web01', 'db01', 'build01', 'archive01'];

/** The small guest's disk exports to about 300 kB: each takes a second. */
const slow = { kind: 'slow', bytesPerSecond: 300_000, times: 5 };

/** How many were open at the same time, at most. */
function mostAtATime(leases: readonly LabLease[]): number {
  const counts = leases.map(({ beganAt }) => {
    const isOpen = (other: LabLease) => other.beganAt <= beganAt && (other.endedAt ?? '9') > beganAt;
    return leases.filter(isOpen).length;
  });
  return Math.max(0, ...counts);
}

describe('backups side by side', () => {
  const user = new WorkerUser(suiteFolder('wp'));
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

  async function backUpAll(parallel: ParallelLimitsDto): Promise<{ job: JobDto; changes: JobDto[] }> {
    await client.request(applySettings, { parallel }, anySignal);
    const vms = await Promise.all(all.map(async name => await vmNamed(client, name)));
    const params = { vms, repository: 'main', policy: quiesced, wholeReads: { isRequested: true } };
    const { jobId } = await client.request(startGroupBackup, params, anySignal);
    const job = new WatchedJob(client, jobId);
    return { job: await job.ended, changes: job.changes };
  }

  test.each<[string, ParallelLimitsDto, number]>([
    ['one of each host', { perHost: 1, perDatastore: 8, perVCenter: 8 }, 2],
    ['two of the vCenter', { perHost: 8, perDatastore: 8, perVCenter: 2 }, 2],
    ['three of the vCenter', { perHost: 8, perDatastore: 8, perVCenter: 3 }, 3],
  ])('never have more leases than %s', async (_, limits, inAll) => {
    const before = (await lab.leases()).length;
    await lab.setFaults({ streams: [slow], leasesPerVm: 8 });
    const { job, changes } = await backUpAll(limits);
    expect(job).toMatchObject({ state: 'succeeded' });
    const leases = (await lab.leases()).slice(before);
    if (job.result?.kind !== 'backupGroup') throw new Error('no result of a group');
    expect(job.result.members.map(({ error }) => error)).toEqual(all.map(() => undefined));
    const hosts = [...new Set(leases.map(({ host }) => host))];
    const perHost = Math.max(...hosts.map(host => mostAtATime(leases.filter(lease => lease.host === host))));
    console.log(`at most ${perHost} leases of a host, ${mostAtATime(leases)} in all`);
    expect(hosts).toHaveLength(2);
    expect(perHost).toBeLessThanOrEqual(limits.perHost);
    expect(mostAtATime(leases)).toBe(inAll);
    const waits = changes.flatMap(({ members = [] }) => members.map(({ phase }) => phase));
    const causes = waits.filter(phase => phase.startsWith('Waiting for'));
    if (limits.perHost === 1)
      expect(causes).toContain('Waiting for host esx01.lab.invalid: 1 of 1 disks are read');
    if (limits.perVCenter === 2) expect(causes).toContain('Waiting for the vCenter: 2 of 2 disks are read');
    await user.expectNothingLeft(lab);
  });

  test('disks of a VM that the server gives out one at a time are read one after the other', async () => {
    const before = (await lab.leases()).length;
    const parallel = { perHost: 8, perDatastore: 8, perVCenter: 8 };
    await client.request(applySettings, { parallel }, anySignal);
    await lab.setFaults({ streams: [slow] });
    const vm = await vmNamed(client, 'db01');
    const params = { vm, repository: 'main', policy: quiesced, wholeReads: { isRequested: true } };
    const { jobId } = await client.request(startBackup, params, anySignal);
    const job = new WatchedJob(client, jobId);
    expect(await job.ended).toMatchObject({ state: 'succeeded' });
    const leases = (await lab.leases()).slice(before);
    expect([leases.length, mostAtATime(leases)]).toEqual([2, 1]);
    await user.expectNothingLeft(lab);
  });

  test('a VM waits for its turn before its snapshot, and can be cancelled there', async () => {
    const parallel = { perHost: 1, perDatastore: 8, perVCenter: 8 };
    await client.request(applySettings, { parallel }, anySignal);
    await lab.setFaults({ streams: [{ kind: 'stall', afterBytes: 60_000, times: 1 }] });
    // Each with a client of its own, which hears of all jobs and tells one of them.
    const start = async (name: string) => {
      const by = await user.connect();
      const vm = await vmNamed(client, name);
      const wholeReads = { isRequested: true };
      const params = { vm, repository: 'main', policy: quiesced, wholeReads };
      return new WatchedJob(by, (await by.request(startBackup, params, anySignal)).jobId);
    };
    const web = await start('web01');
    await web.until(({ phase }) => phase.startsWith('Reading'));
    const build = await start('build01');
    const another = await start('db01');
    await build.until(
      ({ phase }) => phase === 'Waiting for host esx01.lab.invalid: 1 of 1 VMs are backed up',
    );
    expect((await another.ended).state).toBe('succeeded');
    const vms = await lab.vms();
    expect(vms.find(({ name }) => name === 'build01')?.snapshots).toEqual([]);
    await client.request(cancelJob, { jobId: build.id }, anySignal);
    expect((await build.ended).state).toBe('cancelled');

    const next = await start('build01');
    await next.until(({ phase }) => phase.startsWith('Waiting for host'));
    await client.request(applySettings, { parallel: { ...parallel, perHost: 2 } }, anySignal);
    expect((await next.ended).state).toBe('succeeded');
    await client.request(cancelJob, { jobId: web.id }, anySignal);
    expect((await web.ended).state).toBe('cancelled');
    await restic.checkEverything();
    await user.expectNothingLeft(lab);
  });

  test('limits that cannot be had are refused, by name', async () => {
    const parallel = { perHost: 0, perDatastore: 8, perVCenter: 8 };
    await expect(client.request(applySettings, { parallel }, anySignal)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      object: 'perHost',
    });
  });

  test('the command line keeps to the limits it is given', async () => {
    const cli = new QuiesceCli(`${user.folder}/cli`);
    await cli.setUp(lab);
    const before = (await lab.leases()).length;
    await lab.setFaults({ streams: [slow], leasesPerVm: 8 });
    const { stderr, code } = await cli.run('backup', 'web01', 'db01', 'build01', '--per-vcenter', '1');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const leases = (await lab.leases()).slice(before);
    expect([leases.length, mostAtATime(leases)]).toEqual([4, 1]);
    const refused = await cli.run('backup', 'web01', '--per-host', '41');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--per-host 41')]);
  });
});
