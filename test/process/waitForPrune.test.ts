import { afterAll, beforeAll, describe, expect } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { MiB } from '../../src/base/units.ts';
import { anySignal as signal } from '../support/anySignal.ts';
import { FaultBench } from '../support/faultBench.ts';
import { LocalRepository } from '../support/localRepository.ts';
import { memoryJournal } from '../support/memoryJournal.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic');

describe('a backup beside a prune', () => {
  const folder = suiteFolder('wait');
  let bench: FaultBench;
  let local: LocalRepository;
  beforeAll(async () => {
    bench = await FaultBench.start(folder, ['--no-activity']);
    local = new LocalRepository(bench.cli.repositoryFolder);
    for (let round = 0; round < 3; round += 1) {
      await bench.lab.burst('web01', 2000, { bytes: 4 * MiB, scattered: true });
      await bench.succeeds('backup', 'web01', '--level', 'crash');
    }
    await bench.succeeds('forget', '--keep-last', '1', '--yes');
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  /** Resolves with the process that has the repository to itself. */
  async function alone(): Promise<number> {
    await using repository = await local.open();
    for (;;) {
      const holder = (await repository.listLocks(signal)).find(({ exclusive }) => exclusive);
      if (holder !== undefined) return holder.pid;
      await systemClock.sleep(5, signal);
    }
  }

  test('waits while it removes, says for whom, and goes on', async () => {
    const pruning = bench.start('repo', 'prune', '--max-unused', '0');
    expect(await alone()).toBe(pruning.child.pid);
    pruning.child.kill('SIGSTOP');
    const backup = bench.start('backup', 'web01', '--level', 'crash');
    await backup.says(new RegExp(`Waiting for .*process ${pruning.child.pid}\\b.*keeps the repository`));
    pruning.child.kill('SIGCONT');
    expect(await pruning.result).toMatchObject({ code: 0 });
    expect(await backup.result).toMatchObject({ code: 0 });
    await bench.expectAllGood();
  });

  test('is not the only one that waits: a restore does', async () => {
    await using repository = await local.open();
    const lock = await repository.lock({ mode: 'exclusive', journal: memoryJournal() }, signal);
    const listing = bench.start('ls', 'web01', '/');
    await listing.says(/Waiting for .*keeps the repository/);
    await lock[Symbol.asyncDispose]();
    expect(await listing.result).toMatchObject({ code: 0 });
  });

  test('waits no longer than it may, and at once ends when it is cancelled', async () => {
    await using repository = await local.open();
    await using lock = await repository.lock({ mode: 'exclusive', journal: memoryJournal() }, signal);
    expect(lock.mode).toBe('exclusive');
    await bench.fails(['backup', 'web01', '--level', 'crash', '--wait', '0'], {
      code: 6,
      says: [/exclusively locked by .* since/],
    });
    const backup = bench.start('backup', 'web01', 'db01', '--level', 'crash');
    await backup.says(/Waiting for/);
    backup.child.kill('SIGINT');
    expect(await backup.result).toMatchObject({ code: 130 });
    expect((await bench.lab.vms()).flatMap(vm => vm.snapshots)).toEqual([]);
  });

  test('is waited for before anything is removed', async () => {
    await bench.succeeds('forget', '--keep-last', '1', '--yes');
    await bench.lab.setFaults({ streams: [{ kind: 'slow', afterBytes: 100_000, bytesPerSecond: 400_000 }] });
    const backup = bench.start('backup', 'web01', '--level', 'crash', '--full');
    await backup.says(/Reading/);
    await bench.fails(['repo', 'prune', '--max-unused', '0'], { code: 6, says: [/in use by/] });
    const pruning = bench.start('repo', 'prune', '--max-unused', '0', '--wait', '5');
    await pruning.says(/Waiting for others to finish/);
    await bench.lab.clearFaults();
    expect(await backup.result).toMatchObject({ code: 0 });
    expect(await pruning.result).toMatchObject({ code: 0 });
    await bench.expectAllGood();
    expect((await bench.cli.json('points')) as object[]).toHaveLength(2);
  });
});
