import { afterAll, beforeAll, describe, expect } from 'vitest';

import { FaultBench } from '../support/faultBench.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic');

// A computer that sleeps through the life of its lock is played by stopping the process and removing its lock by force,
// as everybody may once it is old: what it finds when it wakes up is the same.
describe('a backup that was stopped for so long that others took the repository', () => {
  const folder = suiteFolder('sleeping');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
    await bench.succeeds('backup', 'web01');
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  async function sleeping(whileAsleep: () => Promise<void>) {
    await bench.lab.setFaults({
      streams: [{ kind: 'slow', afterBytes: 100_000, bytesPerSecond: 400_000 }],
    });
    const backup = bench.start('backup', 'web01');
    await backup.says(/Reading/);
    backup.child.kill('SIGSTOP');
    await whileAsleep();
    backup.child.kill('SIGCONT');
    return await backup.result;
  }

  test('goes on if nothing it relies on has gone, and restic finds nothing wrong', async () => {
    const { code, stderr } = await sleeping(async () => {
      await bench.restic.run('unlock', '--remove-all');
      await bench.restic.run('prune');
    });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    await bench.lab.clearFaults();
    await bench.restic.checkEverything();
    await bench.expectNothingLeft();
  });

  test('ends, and leaves no restore point, if what it would have referred to was pruned', async () => {
    const { code, stderr } = await sleeping(async () => {
      await bench.restic.run('unlock', '--remove-all');
      const points = (await bench.cli.json('points')) as { id: string }[];
      await bench.restic.run('forget', '--prune', ...points.map(({ id }) => id));
    });
    expect({ code, stderr }).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('removed by others') as string,
    });
    await bench.lab.clearFaults();
    await bench.restic.checkEverything();
    expect(await bench.cli.json('points')).toEqual([]);
    await bench.expectNothingLeft();
    await bench.succeeds('backup', 'web01');
    await bench.restic.checkEverything();
  });
});
