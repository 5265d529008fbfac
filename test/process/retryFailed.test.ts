import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import { FaultBench } from '../support/faultBench.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('restic');

describe('backup --retry-failed', () => {
  const folder = suiteFolder('retry');
  let bench: FaultBench;

  beforeAll(async () => {
    bench = await FaultBench.start(folder, ['--no-activity']);
  });
  afterEach(async () => await bench.lab.clearFaults());
  afterAll(async () => await bench[Symbol.asyncDispose]());

  /** How many restore points each VM has. */
  async function pointCounts(): Promise<Readonly<Record<string, number>>> {
    const points = (await bench.cli.json('points')) as readonly { readonly vmName: string }[];
    const counts: Record<string, number> = {};
    for (const { vmName } of points) counts[vmName] = (counts[vmName] ?? 0) + 1;
    return counts;
  }

  const ofThree = ['backup', 'web01', 'build01', 'db01'] as const;

  test('is refused where no earlier run is known, and without anything to go by', async () => {
    await bench.fails([...ofThree, '--retry-failed'], {
      code: 5,
      says: ['no earlier run of this backup of web01, build01, db01', 'Run it without --retry-failed'],
    });
    await bench.fails(['backup', '--retry-failed'], { code: 2, says: ['backup: VM is missing', '--group'] });
    await bench.fails(['backup'], { code: 2, says: ['backup: VM is missing'] });
    await bench.fails(['backup', '--group', 'shop'], { code: 2, says: ['backup: VM is missing'] });
  });

  test('backs up what the last run of the same VMs has left without a restore point, and then nothing', async () => {
    await bench.lab.setFaults({ refuseQuiesce: ['build01'] });
    expect((await bench.run(...ofThree)).code).toBe(8);
    expect(await pointCounts()).toEqual({ web01: 1, db01: 1 });
    // It goes on failing, and stays what is to be tried again.
    expect((await bench.run(...ofThree, '--retry-failed')).code).toBe(8);
    expect(await pointCounts()).toEqual({ web01: 1, db01: 1 });
    await bench.lab.clearFaults();
    // In whatever order they are named.
    await bench.succeeds('backup', 'db01', 'web01', 'build01', '--retry-failed');
    expect(await pointCounts()).toEqual({ web01: 1, db01: 1, build01: 1 });
    const { stdout } = await bench.succeeds(...ofThree, '--retry-failed');
    expect(stdout.toString()).toBe('The last run has left no VM without a restore point.\n');
    expect(await pointCounts()).toEqual({ web01: 1, db01: 1, build01: 1 });
  });

  test('of a group needs its name alone; a VM that is not there keeps the others from nothing', async () => {
    const before = await pointCounts();
    const first = await bench.run('backup', 'web01', 'wbe01', 'archive01', '--group', 'shop');
    expect(first).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/lab has no VM "wbe01"/) as unknown,
    });
    expect(first.stdout.toString()).toContain('No restore point of wbe01');
    expect(await pointCounts()).toEqual({ ...before, web01: 2, archive01: 1 });
    const again = await bench.run('backup', '--group', 'shop', '--retry-failed');
    expect(again.code).toBe(5);
    expect(again.stdout.toString()).toBe('No restore point of wbe01\n');
    expect(await pointCounts()).toEqual({ ...before, web01: 2, archive01: 1 });
    // Who is no longer in the group is not tried again.
    const { stdout } = await bench.succeeds('backup', 'web01', '--group', 'shop', '--retry-failed');
    expect(stdout.toString()).toContain('no VM without a restore point');
  });

  test('begins again all that a killed run was for, and all where the server was away', async () => {
    const before = await pointCounts();
    await bench.lab.setFaults({
      leaseTimeoutSeconds: 3,
      streams: [{ kind: 'stall', afterBytes: 60_000, times: 2 }],
    });
    const started = bench.start('backup', 'web01', 'db01');
    await started.says(/Reading/);
    started.child.kill('SIGKILL');
    await started.result;
    await bench.lab.clearFaults();
    await bench.succeeds('guard');
    // Nobody logs out for whom was killed: a server ends that session by itself.
    await bench.lab.expireSessions();
    await bench.succeeds('backup', 'web01', 'db01', '--retry-failed');
    expect(await pointCounts()).toEqual({
      ...before,
      web01: before['web01']! + 1,
      db01: before['db01']! + 1,
    });

    const configFile = join(bench.cli.folder, 'config.json');
    const text = readFileSync(configFile, 'utf8');
    writeFileSync(configFile, text.replaceAll(bench.lab.ready.url, 'https://127.0.0.1:9'));
    await bench.fails(['backup', 'web01', 'db01'], { code: 7, says: ['127.0.0.1:9'] });
    writeFileSync(configFile, text);
    await bench.succeeds('backup', 'web01', 'db01', '--retry-failed');
    expect(await pointCounts()).toEqual({
      ...before,
      web01: before['web01']! + 2,
      db01: before['db01']! + 2,
    });
    await bench.expectAllGood();
  });
});
