import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
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
    // Steps of tasks take long enough for kills to fall between them; a lease nobody can abort is over soon.
    await lab.setFaults({ taskStepMs: 60, leaseTimeoutSeconds: 10 });
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

  /**
   * Kills the command at random moments until it was killed often enough, and has `afterKill` look at what is left.
   * @returns how many rounds it took; in those beyond the kills the command was faster
   */
  async function killAtRandomMoments(
    argsOf: (round: number) => readonly string[],
    undisturbedMs: number,
    afterKill: () => Promise<void>,
  ): Promise<number> {
    let longestMs = undisturbedMs;
    let killed = 0;
    let round = 0;
    for (; killed < kills; round += 1) {
      const startedMs = performance.now();
      const { child, result } = cli.start(...argsOf(round));
      const timer = setTimeout(() => child.kill('SIGKILL'), randomFraction() * longestMs);
      const { signal } = await result;
      clearTimeout(timer);
      if (signal === 'SIGKILL') {
        killed += 1;
        await afterKill();
      } else {
        // How fast it is depends on what else the machine does.
        longestMs = Math.min(longestMs, performance.now() - startedMs);
      }
    }
    return round;
  }

  /** One guard must give back everything; gives what it was. */
  async function guardGivesBack(): Promise<readonly string[]> {
    const { leftovers: guarded, servers } = (await cli.json('guard')) as {
      readonly leftovers: readonly { readonly kind: string; readonly outcome: string }[];
      readonly servers: readonly { readonly snapshots: readonly unknown[] }[];
    };
    expect(servers.map(({ snapshots }) => snapshots)).toEqual([[]]);
    expect(guarded.filter(({ outcome }) => outcome !== 'removed')).toEqual([]);
    const vms = await lab.vms();
    expect(vms.flatMap(vm => vm.snapshots)).toEqual([]);
    expect(await lab.openLeases()).toEqual([]);
    expect(JSON.stringify(vms)).not.toContain('quiesce.restoreToken');
    expect(readdirSync(join(cli.repositoryFolder, 'locks'))).toEqual([]);
    return guarded.map(({ kind }) => kind);
  }

  test('of a backup, one guard leaves no snapshot, lease or lock, and the repository is whole', async () => {
    const backup = ['backup', 'web01'];
    const given: string[] = [];
    const rounds = await killAtRandomMoments(
      () => backup,
      await durationMs(backup),
      async () => {
        given.push(...(await guardGivesBack()));
      },
    );
    console.log(`backup: ${kills} kills in ${rounds} rounds, guard gave back ${counted(given)}`);
    await restic.checkEverything();
    await cli.ok(...backup);
    await restic.checkEverything();
  });

  test('of an incremental backup, the next one is incremental too and has the bytes of its snapshot', async () => {
    const backup = ['backup', 'db01', '--level', 'crash'];
    await cli.ok(...backup, '--enable-tracking', '--yes');
    const given: string[] = [];
    const rounds = await killAtRandomMoments(
      () => backup,
      await durationMs(backup),
      async () => {
        given.push(...(await guardGivesBack()));
        await lab.burst('db01', 2000, { bytes: MiB, scattered: true });
      },
    );
    await lab.setFaults({ holdStreamsAfterBytes: 1000 });
    const { child, result } = cli.start(...backup);
    await expect.poll(async () => (await lab.openLeases()).length).toBe(1);
    child.kill('SIGKILL');
    await result;
    await lab.setFaults({ holdStreamsAfterBytes: null });
    expect(await guardGivesBack()).toContain('snapshot');
    console.log(`incremental backup: ${kills} kills in ${rounds} rounds, guard gave back ${counted(given)}`);
    const { point, disks } = (await cli.json(...backup)) as {
      readonly point: string;
      readonly disks: readonly { readonly key: number; readonly transport: { readonly readMode: string } }[];
    };
    const snapshot = (await lab.snapshots()).findLast(({ vm }) => vm === 'db01')!;
    for (const { deviceKey, position } of snapshot.disks) {
      const target = join(cli.folder, `incremental-${deviceKey}`);
      expect(await restic.diskHash(point, deviceKey, target)).toBe(
        await lab.diskHash('db01', deviceKey, position),
      );
    }
    expect(disks.map(({ transport }) => transport.readMode)).toEqual(disks.map(() => 'changed-areas'));
    await restic.checkEverything();
  });

  test('of a VM restore, one guard leaves no half VM', async () => {
    const before = (await lab.vms()).map(({ name }) => name);
    const restore = (name: string) => ['restore', 'vm', 'web01', '--name', name];
    const longestMs = await durationMs(restore('whole'));
    const given: string[] = [];
    const rounds = await killAtRandomMoments(
      round => restore(`copy-${round}`),
      longestMs,
      async () => {
        given.push(...(await guardGivesBack()));
      },
    );
    console.log(`VM restore: ${kills} kills in ${rounds} rounds, guard gave back ${counted(given)}`);
    const whole = await lab.diskHash('whole', 2000);
    const after = (await lab.vms()).filter(({ name }) => !before.includes(name));
    // What is left was finished: the command ended well, or it was killed after its last step.
    for (const vm of after) expect([vm.name, await lab.diskHash(vm.id, 2000)]).toEqual([vm.name, whole]);
    expect(after.length).toBeGreaterThanOrEqual(1 + rounds - kills);
  });

  test('of a disk restore, a target holds the whole disk or does not exist', async () => {
    const target = (round: number | string) => join(cli.folder, `disk-${round}.raw`);
    const restore = (round: number | string) => ['restore', 'disk', 'web01', '--to', target(round)];
    const longestMs = await durationMs(restore('whole'));
    const whole = await fileHash(target('whole'));
    const rounds = await killAtRandomMoments(restore, longestMs, async () => undefined);
    const targets = Array.from({ length: rounds }, (_, round) => target(round));
    const finished = targets.filter(path => existsSync(path));
    console.log(`disk restore: ${kills} kills in ${rounds} rounds, ${finished.length} targets whole`);
    for (const path of finished) expect(await fileHash(path)).toBe(whole);
    expect(finished.length).toBeGreaterThanOrEqual(rounds - kills);
  });

  function counted(kinds: readonly string[]): string {
    const counts = new Map<string, number>();
    for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'nothing';
  }
});
