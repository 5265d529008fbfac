import { afterAll, beforeAll, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MiB } from '../../src/base/units.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { executeRemedy } from '../../src/core/jobs/applyRemedy/executeRemedy.ts';
import { planRemedy, trackingReset } from '../../src/core/jobs/applyRemedy/remedyPlan.ts';
import type { BackupResult } from '../../src/core/jobs/backupVm/backupVm.ts';
import { openRepository } from '../../src/core/repository/openRepository.ts';
import { anySignal } from '../support/anySignal.ts';
import { ChangedVm, hashOfPoint } from '../support/changedVm.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { createTestRepository, testDeps, testPassword } from '../support/repositories.ts';
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
