import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { QuiesceCli } from '../support/quiesceCli.ts';
import { fileHash, Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

/** All 50 of each kind under `npm run proof`, a slice otherwise. */
const kills = process.env['QUIESCE_PROOF'] === 'full' ? 50 : 8;
const seed = Number(process.env['QUIESCE_SEED'] ?? 20261122);
const test = toolTest('restic');

describe(`after ${kills} SIGKILLs each, seed ${seed}`, () => {
  const cli = new QuiesceCli(join(suiteFolder('kills'), 'cli'));
  const restic = new Restic(cli.repositoryFolder, cli.repositoryPasswordFile);
  const random = seededRandom(seed);
  let lab: RunningLab;

  beforeAll(async () => {
    lab = await RunningLab.start();
    // Steps of tasks take long enough for kills to fall between them.
    await lab.setFaults({ taskStepMs: 60 });
    await cli.setUp(lab);
    await cli.ok('backup', 'web01');
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  function randomFraction(): number {
    const [high = 0, low = 0] = random.bytes(2);
    return (high * 256 + low) / 65_536;
  }

  /** How long the command takes undisturbed; kills fall anywhere into that. */
  async function durationMs(args: readonly string[]): Promise<number> {
    const startedMs = performance.now();
    await cli.ok(...args);
    return performance.now() - startedMs;
  }

  /** Kills the command at random moments until it was killed often enough; gives how often it was faster. */
  async function killAtRandomMoments(
    argsOf: (round: number) => readonly string[],
    undisturbedMs: number,
  ): Promise<number> {
    let longestMs = undisturbedMs;
    let survived = 0;
    for (let round = 0; round - survived < kills; round += 1) {
      const startedMs = performance.now();
      const { child, result } = cli.start(...argsOf(round));
      const timer = setTimeout(() => child.kill('SIGKILL'), randomFraction() * longestMs);
      const { signal } = await result;
      clearTimeout(timer);
      if (signal === 'SIGKILL') continue;
      survived += 1;
      // How fast it is depends on what else the machine does.
      longestMs = Math.min(longestMs, performance.now() - startedMs);
    }
    return survived;
  }

  async function expectNothingLeft(): Promise<void> {
    expect((await lab.vms()).flatMap(vm => vm.snapshots)).toEqual([]);
    expect(await lab.openLeases()).toEqual([]);
    expect(await restic.run('list', 'locks')).toBe('');
  }

  test('of a backup, one guard leaves no snapshot, lease or lock, and the repository is whole', async () => {
    const longestMs = await durationMs(['backup', 'web01']);
    const survived = await killAtRandomMoments(() => ['backup', 'web01'], longestMs);
    const left = (await lab.vms()).flatMap(vm => vm.snapshots).length;
    const guarded = (await cli.json('guard')) as readonly {
      readonly kind: string;
      readonly outcome: string;
    }[];
    console.log(
      `backup: ${kills} kills within ${longestMs.toFixed(0)} ms, ${survived} too late; ${left} snapshots left, guard removed ${kindsOf(guarded)}`,
    );
    expect(guarded.every(({ outcome }) => outcome === 'removed')).toBe(true);
    await expectNothingLeft();
    expect(await cli.json('guard')).toEqual([]);
    await restic.checkEverything();
    await cli.ok('backup', 'web01');
    await restic.checkEverything();
  });

  test('of a VM restore, one guard leaves no half VM', async () => {
    const before = (await lab.vms()).map(({ name }) => name);
    const longestMs = await durationMs(['restore', 'vm', 'web01', '--name', 'whole']);
    const survived = await killAtRandomMoments(
      round => ['restore', 'vm', 'web01', '--name', `copy-${round}`],
      longestMs,
    );
    const half = (await lab.vms()).length - before.length - 1 - survived;
    const guarded = (await cli.json('guard')) as readonly {
      readonly kind: string;
      readonly outcome: string;
    }[];
    console.log(
      `restore: ${kills} kills within ${longestMs.toFixed(0)} ms, ${survived} too late; about ${half} half VMs, guard removed ${kindsOf(guarded)}`,
    );
    expect(guarded.every(({ outcome }) => outcome === 'removed')).toBe(true);
    await expectNothingLeft();
    const whole = await lab.diskHash('whole', 2000);
    const after = (await lab.vms()).filter(({ name }) => !before.includes(name));
    // What is left was finished: either the command ended well, or it was killed after the last step.
    for (const vm of after) expect([vm.name, await lab.diskHash(vm.id, 2000)]).toEqual([vm.name, whole]);
    expect(after.length).toBeGreaterThanOrEqual(1 + survived);
    for (const vm of after) expect(JSON.stringify(vm)).not.toContain('quiesce.restoreToken');
    await restic.checkEverything();
  });

  test('of a disk restore, a target holds the whole disk or does not exist', async () => {
    const target = (round: number | string) => join(cli.folder, `disk-${round}.raw`);
    const restore = (round: number | string) => ['restore', 'disk', 'web01', '--to', target(round)];
    const longestMs = await durationMs(restore('whole'));
    const whole = await fileHash(target('whole'));
    const survived = await killAtRandomMoments(restore, longestMs);
    const finished = Array.from({ length: kills }, (_, round) => target(round)).filter(path =>
      existsSync(path),
    );
    for (const path of finished) expect(await fileHash(path)).toBe(whole);
    expect(finished.length).toBeGreaterThanOrEqual(survived);
  });

  function kindsOf(guarded: readonly { readonly kind: string }[]): string {
    const counts = new Map<string, number>();
    for (const { kind } of guarded) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'nothing';
  }
});
