import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { WorkerClient } from '../../src/client/workerClient.ts';
import type { ConnectOptions } from '../../src/client/node/connectWorker.ts';
import { listJobs } from '../../src/protocol/job.ts';
import { snapshotsReported, type SnapshotReportDto } from '../../src/protocol/snapshotReport.ts';
import { anySignal } from '../support/anySignal.ts';
import { fastNode } from '../support/fastNode.ts';
import { filesBelow } from '../support/faultBench.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { WorkerUser } from '../support/workerUser.ts';

/** Many looks of a clock that runs 20 times as fast. */
const patience = { timeout: 180_000, interval: 200 };

describe('snapshots that nobody answers for, and the background worker', () => {
  const folder = suiteFolder('wg');
  const user = new WorkerUser(folder);
  /** The same installation: it shares the state folder of the worker. */
  const cli = new QuiesceCli(folder);
  let lab: RunningLab;

  beforeAll(async () => {
    lab = await RunningLab.start();
    await cli.setUp(lab);
  });
  beforeEach(async () => await lab.setFaults({ leaseTimeoutSeconds: 3 }));
  afterEach(async () => {
    await lab.clearFaults();
    await user[Symbol.asyncDispose]();
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  /** A snapshot of ours whose owner is dead, and of which no journal knows. */
  async function leaveOrphan(): Promise<void> {
    await lab.setFaults({ holdStreamsAfterBytes: 1000 });
    const { child, result } = cli.start('backup', 'web01', '--level', 'crash');
    await expect.poll(async () => (await lab.openLeases()).length).toBe(1);
    // First the records go: with one of them the guard would find the snapshot without looking for it.
    child.kill('SIGSTOP');
    for (const record of user.journalRecords()) rmSync(record);
    child.kill('SIGKILL');
    await result;
    await lab.setFaults({ holdStreamsAfterBytes: null });
    for (const lock of filesBelow(join(user.repositoryFolder, 'locks'))) rmSync(lock);
    expect(await snapshotCount()).toBe(1);
  }

  async function snapshotCount(): Promise<number> {
    return (await lab.vms()).flatMap(vm => vm.snapshots).length;
  }

  /** The newest first. */
  async function guardJobs(client: WorkerClient) {
    const { jobs } = await client.request(listJobs, {}, anySignal);
    return jobs.filter(({ kind }) => kind === 'guard');
  }

  async function connect(options: Partial<ConnectOptions> = {}) {
    const client = await user.connect(options);
    const reports: SnapshotReportDto[] = [];
    client.on(snapshotsReported, report => reports.push(report));
    await user.openPlaces(client, lab);
    return { client, reports };
  }

  test('are removed when the vCenter is opened, and everybody is told', async () => {
    await leaveOrphan();
    const { client, reports } = await connect();
    await expect.poll(snapshotCount, patience).toBe(0);
    expect(reports.flatMap(({ snapshots }) => snapshots)).toMatchObject([
      { verdict: 'orphan', vm: { name: 'web01' } },
    ]);
    await expect
      .poll(async () => (await guardJobs(client)).map(({ state }) => state), patience)
      .toEqual(['succeeded']);
    expect((await guardJobs(client))[0]?.result).toMatchObject({
      kind: 'guard',
      leftovers: [{ description: expect.stringContaining('of web01') as string, outcome: 'removed' }],
    });
  });

  test('are found later by the look of every 15 minutes, which nobody asks for', async () => {
    const { client, reports } = await connect({ nodePath: fastNode(folder) });
    await expect.poll(() => reports.length, patience).toBe(1);
    expect(reports[0]?.snapshotCount).toBe(0);
    await leaveOrphan();
    await expect.poll(snapshotCount, patience).toBe(0);
    const verdicts = reports.slice(1).flatMap(({ snapshots }) => snapshots.map(({ verdict }) => verdict));
    expect(verdicts).toContain('orphan');
    await expect.poll(async () => (await guardJobs(client))[0]?.state, patience).toBe('succeeded');
    const [newest, ...ofTheWorkerBefore] = await guardJobs(client);
    expect(newest?.result).toMatchObject({ leftovers: [{ outcome: 'removed' }] });
    expect(ofTheWorkerBefore).toHaveLength(1);
  });
});
