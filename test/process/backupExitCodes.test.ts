import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ConsistencyLevel } from '../../src/core/consistency/level.ts';
import type { PresetName } from '../../src/lab/guest/guestPresets.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';

// What a script hears of a backup: the level it asked for is proven, not reached, not proven, or refused.
const cli = new QuiesceCli(join(suiteFolder('exit-codes'), 'cli'));
let lab: RunningLab;

beforeAll(async () => {
  lab = await RunningLab.start(['--profile', 'small', '--no-activity']);
  await cli.setUp(lab);
});
afterAll(async () => await lab[Symbol.asyncDispose]());

interface Ended {
  readonly consistency?: {
    readonly requested: ConsistencyLevel;
    readonly proven: ConsistencyLevel;
    readonly claimed?: ConsistencyLevel;
    readonly downgrades: readonly { readonly to: ConsistencyLevel }[];
  };
  readonly error?: { readonly code: string };
}

async function backUp(preset: PresetName, args: readonly string[]): Promise<{ code: number | null } & Ended> {
  await lab.control('POST', 'vms/web01/guest', { preset });
  const { code, stdout } = await cli.run('backup', 'web01', '--json', ...args);
  return { code, ...(JSON.parse(stdout.toString()) as Ended) };
}

test('0: what was asked for is proven', async () => {
  const { code, consistency } = await backUp('windows-vss', ['--minimum-level', 'application']);
  expect([code, consistency]).toMatchObject([0, { requested: 'application', proven: 'application' }]);
});

test('8: a guest that cannot be brought to rest as the policy wants it', async () => {
  const { code, error } = await backUp('linux-script-fails', []);
  expect([code, error?.code]).toEqual([8, 'QUIESCE_FAILED']);
});

test('16: the restore point is less than what was asked for', async () => {
  const { code, consistency } = await backUp('windows-no-vss', ['--on-shortfall', 'step-down']);
  expect([code, consistency]).toMatchObject([
    16,
    { requested: 'application', proven: 'crash', downgrades: [{ to: 'crash' }] },
  ]);
});

test('17: what was asked for is claimed, and nothing proves it or speaks against it', async () => {
  const { code, consistency } = await backUp('off-after-shutdown', ['--minimum-level', 'application']);
  expect([code, consistency]).toMatchObject([
    17,
    { requested: 'application', proven: 'filesystem', claimed: 'application', downgrades: [] },
  ]);
  const text = await cli.run('backup', 'web01', '--minimum-level', 'application');
  expect([text.code, text.stdout.toString()]).toEqual([
    17,
    expect.stringContaining('filesystem-consistent (application claimed, unproven)'),
  ]);
});
