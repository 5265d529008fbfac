import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { FaultBench, filesBelow, namesOf } from '../support/faultBench.ts';
import { fileHash } from '../support/restic.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const resticTest = toolTest('restic');

/** All 50 of each kind under `npm run proof`, a slice otherwise. */
const rounds = process.env['QUIESCE_PROOF'] === 'full' ? 50 : 6;
const seed = Number(process.env['QUIESCE_SEED'] ?? 20261123);

describe(`cancelled ${rounds} times each, seed ${seed}, without guard`, () => {
  const folder = suiteFolder('faults-cancel');
  const random = seededRandom(seed);
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
    await bench.succeeds('backup', 'web01');
    // Steps of tasks take long enough for signals to fall between them.
    await bench.lab.setFaults({ taskStepMs: 60 });
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());

  function randomFraction(): number {
    const [high = 0, low = 0] = random.bytes(2);
    return (high * 256 + low) / 65_536;
  }

  async function durationMs(args: readonly string[]): Promise<number> {
    const startedMs = performance.now();
    await bench.succeeds(...args);
    return performance.now() - startedMs;
  }

  /** Once undisturbed, then cancelled at each of the moments; gives the rounds in which the command was faster. */
  async function cancelAtRandomMoments(
    argsOf: (round: number) => readonly string[],
  ): Promise<readonly number[]> {
    const startupMs = await durationMs(['vcenter', 'list']);
    const longestMs = await durationMs(argsOf(rounds));
    const finished: number[] = [];
    const unheard: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { child, result } = bench.start(...argsOf(round));
      const ended = result.then(() => true);
      const momentMs = startupMs + randomFraction() * (longestMs - startupMs);
      if (!(await Promise.race([ended, setTimeout(momentMs, false)]))) child.kill('SIGINT');
      const { code, signal, stderr } = await result;
      // Before the program has come so far as to listen, the system ends it.
      if (signal === 'SIGINT') unheard.push(round);
      else expect({ round, code, stderr }).toMatchObject({ code: expect.toBeOneOf([0, 130]) as number });
      if (code === 0) finished.push(round);
    }
    console.log(
      `${argsOf(0).slice(0, 2).join(' ')}: ${rounds} SIGINTs within ${longestMs.toFixed(0)} ms; ${finished.length} too late, ${unheard.length} before it listened`,
    );
    return finished;
  }

  test('a backup leaves no snapshot, lease, lock or half restore point', async () => {
    const before = ((await bench.cli.json('points')) as readonly unknown[]).length;
    const finished = await cancelAtRandomMoments(() => ['backup', 'web01']);
    await bench.expectNothingLeft();
    expect((await bench.cli.json('points')) as readonly unknown[]).toHaveLength(before + 1 + finished.length);
  });

  test('a VM restore leaves no half VM', async () => {
    const finished = await cancelAtRandomMoments(round => [
      'restore',
      'vm',
      'web01',
      '--name',
      `copy-${round}`,
    ]);
    const whole = [rounds, ...finished].map(round => `copy-${round}`);
    await bench.expectNothingLeft(whole);
    expect((await namesOf(bench.lab)).filter(name => name.startsWith('copy-')).sort()).toEqual(
      whole.toSorted(),
    );
    for (const name of whole)
      expect(await bench.lab.diskHash(name, 2000)).toBe(await bench.lab.diskHash(whole[0]!, 2000));
    for (const name of whole) await bench.lab.deleteVm(name);
  });

  test('a disk restore leaves the whole disk or nothing', async () => {
    const target = (round: number) => join(bench.cli.folder, `disk-${round}.raw`);
    const finished = await cancelAtRandomMoments(round => [
      'restore',
      'disk',
      'web01',
      '--to',
      target(round),
    ]);
    const whole = await fileHash(target(rounds));
    for (let round = 0; round < rounds; round += 1) {
      expect(existsSync(target(round))).toBe(finished.includes(round));
      if (finished.includes(round)) expect(await fileHash(target(round))).toBe(whole);
    }
    expect(filesBelow(bench.cli.folder).filter(path => path.includes('.partial'))).toEqual([]);
  });

  test('a signal that comes when the disk is in its place makes no failure of a success', async () => {
    for (let round = 0; round < 2 * rounds; round += 1) {
      const target = join(bench.cli.folder, `late-${round}.raw`);
      const { child, result } = bench.start('restore', 'disk', 'web01', '--to', target);
      const ended = result.then(() => true);
      while (!existsSync(target) && !(await Promise.race([ended, setImmediate(false)])));
      // Until the process is gone: what it does last takes some 20 ms.
      await setTimeout(randomFraction() * 25);
      child.kill('SIGINT');
      const { code, signal, stderr } = await result;
      expect({ round, code, signal, stderr }).toMatchObject({ code: 0, signal: null });
    }
  });

  resticTest('and the repository is whole', async () => {
    await bench.expectAllGood();
  });
});

describe('cancelled for good', () => {
  const folder = suiteFolder('faults-cancel-twice');
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await FaultBench.start(folder);
  });
  afterAll(async () => await bench[Symbol.asyncDispose]());
  afterEach(async () => {
    await bench.lab.clearFaults();
  });

  test.each([
    { args: ['restore', 'vm', 'web01', '--name', 'copy'], operation: 'ImportVApp' },
    { args: ['backup', 'web01'], operation: 'ExportSnapshot' },
  ])(
    'a lease that $operation grants to a command on its way out is ended by it',
    async ({ args, operation }) => {
      await bench.succeeds('backup', 'web01');
      await bench.lab.setFaults({ lateAnswers: { [operation]: 2_000 }, leaseTimeoutSeconds: 3600 });
      const { child, result } = bench.start(...args);
      const ended = result.then(() => true);
      while ((await bench.lab.openLeases()).length === 0)
        expect(await Promise.race([ended, setTimeout(20)])).toBe(undefined);
      child.kill('SIGINT');
      // Nobody waits for the server to end the lease by itself: that takes the lab an hour here.
      expect((await result).code).toBe(130);
      await bench.expectNothingLeft();
    },
  );

  test('a second SIGINT ends the command at once, and guard cleans up', async () => {
    await bench.lab.setFaults({
      streams: [{ kind: 'slow', afterBytes: 100_000, bytesPerSecond: 200_000 }],
      delays: { RemoveSnapshot_Task: 60_000 },
    });
    const backup = bench.start('backup', 'web01');
    await backup.says(/Reading/);
    backup.child.kill('SIGINT');
    await backup.says(/once more to leave at once/);
    await backup.says(/Removing the snapshot/);
    backup.child.kill('SIGINT');
    expect((await backup.result).code).toBe(130);
    await bench.lab.clearFaults();
    await bench.succeeds('guard');
    // The session of a process that left at once ends when the server notices that nobody uses it.
    await bench.lab.expireSessions();
    await bench.expectNothingLeft();
    await bench.succeeds('backup', 'web01');
  });

  resticTest('and the repository is whole', async () => {
    await bench.expectAllGood();
  });
});
