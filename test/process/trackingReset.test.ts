import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MiB } from '../../src/base/units.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { executeRemedy } from '../../src/core/jobs/applyRemedy/executeRemedy.ts';
import { planRemedy, trackingReset } from '../../src/core/jobs/applyRemedy/remedyPlan.ts';
import type { BackupResult } from '../../src/core/jobs/backupVm/backupVm.ts';
import { openRepository } from '../../src/core/repository/openRepository.ts';
import { startRemedy } from '../../src/protocol/job.ts';
import { planRemedy as planRequest } from '../../src/protocol/plan.ts';
import { anySignal } from '../support/anySignal.ts';
import { ChangedVm, hashOfPoint } from '../support/changedVm.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { createTestRepository, testDeps, testPassword } from '../support/repositories.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder, temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';
import { type Lab, logIn, type LoggedIn, startLab } from '../vcsim/servers.ts';

let lab: Lab;
let open: LoggedIn;

beforeAll(async () => {
  lab = await startLab();
  open = await logIn(lab);
});
afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

function howRead({ manifest }: BackupResult): string {
  const [disk] = manifest.disks;
  return disk?.transport.fullReason ?? 'changed areas';
}

/** Some hosts go on tracking a disk that has grown as if it had not. */
test('a disk that has grown is read whole until tracking was reset, with somebody’s consent, and then again by its changes', async () => {
  await lab.control('faults', { trackingOnGrowth: 'kept' });
  const deps = testDeps({ seed: 1 });
  const { store } = await createTestRepository(deps);
  await using repository = await openRepository(store, testPassword, deps, anySignal);
  const vm = await ChangedVm.create(lab, open, 'grown', 8 * MiB);
  await vm.powerOn();
  const back = async (previous: BackupResult | undefined): Promise<BackupResult> => {
    await vm.write(1 * MiB, 4096, 7);
    const result = await vm.backUp(repository, previous?.pointId);
    expect(await hashOfPoint(repository, result.pointId)).toBe(await vm.hashAtSnapshot());
    return result;
  };
  const first = await back(undefined);
  const second = await back(first);
  await vm.grow(12 * MiB);
  const third = await back(second);
  const fourth = await back(third);
  expect([first, second, third, fourth].map(howRead)).toEqual([
    ...['first-backup', 'changed areas'],
    ...['tracking-not-reset', 'tracking-not-reset'],
  ]);

  const identity = { ref: vm.ref, name: vm.name };
  const plan = planRemedy(await readVirtualMachine(open.session, identity, anySignal), trackingReset);
  expect(plan).toMatchObject({
    text: 'Switch changed block tracking off and on again',
    price: [expect.stringContaining('stunned'), 'The next backup reads all of its disks'],
  });
  expect(plan.steps.map(({ kind }) => kind)).toEqual([
    ...['reconfigure', 'snapshot-and-remove', 'reconfigure', 'snapshot-and-remove'],
  ]);
  const surroundings = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const remedyDeps = { job: 'test', journal: memoryJournal(), ...surroundings };
  const done = await executeRemedy(open.session, plan, remedyDeps, () => undefined, anySignal);
  expect(done).toEqual({ isGone: true });

  const fifth = await back(fourth);
  const sixth = await back(fifth);
  expect([fifth, sixth].map(howRead)).toEqual(['tracking-reset', 'changed areas']);
  const now = await readVirtualMachine(open.session, identity, anySignal);
  expect(now.snapshots).toEqual([]);
});

test('tracking that is off, or a VM with snapshots, is not reset', async () => {
  const vm = await ChangedVm.create(lab, open, 'kept', 4 * MiB);
  const identity = { ref: vm.ref, name: vm.name };
  const planned = async () =>
    planRemedy(await readVirtualMachine(open.session, identity, anySignal), trackingReset);
  const snapshot = await vm.takeSnapshot();
  await expect(planned()).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('has snapshots') as string,
  });
  await vm.removeSnapshot(snapshot);
  await vm.enableTracking(false);
  await expect(planned()).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('is off') as string,
  });
});

describe('tracking that was found wrong', () => {
  const folder = suiteFolder('reset');
  const cli = new QuiesceCli(join(folder, 'cli'));
  const restic = new Restic(cli.repositoryFolder, cli.repositoryPasswordFile);
  const resticTest = toolTest('restic');
  let server: RunningLab;

  beforeAll(async () => {
    server = await RunningLab.start(['--profile', 'small', '--no-activity']);
    await cli.setUp(server);
  });
  afterAll(async () => await server[Symbol.asyncDispose]());

  async function write(vm: string, seed: number): Promise<void> {
    const offset = 10 * MiB;
    await server.control('POST', `disks/${vm}/2000/bytes`, { offset, length: MiB, seed });
  }

  async function backUp(vm: string, ...options: readonly string[]) {
    const { code, stdout, stderr } = await cli.run('backup', vm, '--level', 'crash', ...options, '--json');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { point, disks } = JSON.parse(stdout.toString()) as {
      readonly point: string;
      readonly disks: BackupResult['manifest']['disks'];
    };
    for (const { deviceKey, position } of (await server.snapshots()).findLast(taken => taken.vm === vm)!
      .disks)
      expect(await restic.diskHash(point, deviceKey, join(folder, `${point}-${deviceKey}`))).toBe(
        await server.diskHash(vm, deviceKey, position),
      );
    return { stderr, how: disks.map(({ transport }) => transport.fullReason ?? 'changed areas') };
  }

  /** As a host with a fault does it: a change is not told of, and the audit of the backup finds that. */
  async function loseChanges(vm: string): Promise<void> {
    await backUp(vm, '--enable-tracking', '--yes');
    await server.setFaults({ changedAreas: { omitFirst: true } });
    await write(vm, 1);
    expect((await backUp(vm)).how).toContain('verification-failed');
    await server.clearFaults();
  }

  const snapshotsOf = async (vm: string) => (await server.vms()).find(({ name }) => name === vm)!.snapshots;

  resticTest('is reset by a backup that is told to, not before its price was agreed to', async () => {
    await loseChanges('web01');
    const { how, stderr } = await backUp('web01');
    expect(how).toEqual(['verification-failed']);
    expect(stderr).toContain(
      'Changed block tracking of web01 has to begin anew for Hard disk 1, which every backup reads whole until then: "quiesce backup web01 --reset-tracking"',
    );

    const taken = (await server.snapshots()).length;
    const refused = await cli.run('backup', 'web01', '--level', 'crash', '--reset-tracking');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('Switch changed block tracking off and on again of web01');
    expect(refused.stderr).toContain('Price: The next backup reads all of its disks');
    expect(refused.stderr).toContain('--yes, which agrees to the price');
    expect((await server.snapshots()).length).toBe(taken);
    expect((await backUp('web01')).how).toEqual(['verification-failed']);

    const planned = await cli.run('backup', 'web01', '--reset-tracking', '--yes', '--plan');
    expect(planned.stdout.toString()).toContain('has to begin anew for Hard disk 1');
    const reset = await backUp('web01', '--reset-tracking', '--yes');
    expect(reset.how).toEqual(['tracking-reset']);
    expect(reset.stderr).not.toContain('--reset-tracking');
    await write('web01', 2);
    // There is nothing to reset any more, and so it is not.
    const next = await backUp('web01', '--reset-tracking', '--yes');
    expect(next.how).toEqual(['changed areas']);
    expect(next.stderr).not.toContain('Price: ');
    expect(await snapshotsOf('web01')).toEqual([]);
    await restic.checkEverything();
  });

  resticTest('is reset by the worker, whose plan says the price', async () => {
    await loseChanges('db01');
    await using user = new WorkerUser(temporaryFolder('wr'));
    const client = await user.connect();
    await user.openPlaces(client, server);
    const asked = { vm: await vmNamed(client, 'db01'), rule: trackingReset };
    expect(await client.request(planRequest, asked, anySignal)).toMatchObject({
      ...{ vmName: 'db01', text: 'Switch changed block tracking off and on again' },
      price: [
        'The VM is stunned for a moment when a snapshot comes, and when it goes, twice each',
        'The next backup reads all of its disks',
      ],
    });
    const { jobId } = await client.request(startRemedy, asked, anySignal);
    expect(await new WatchedJob(client, jobId).ended).toMatchObject({
      ...{ state: 'succeeded', result: { kind: 'remedy', rule: trackingReset, isGone: true } },
    });
    expect(await snapshotsOf('db01')).toEqual([]);
    expect((await backUp('db01')).how).toEqual(['tracking-reset', 'tracking-reset']);
    await write('db01', 3);
    expect((await backUp('db01')).how).toEqual(['changed areas', 'changed areas']);
    await user.expectNothingLeft(server);
  });
});
