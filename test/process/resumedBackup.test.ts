import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { KiB, MiB } from '../../src/base/units.ts';
import { packBytesOf } from '../support/packBytes.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

/** 20 under `npm run proof`, a slice otherwise. */
const kills = process.env['QUIESCE_PROOF'] === 'full' ? 20 : 3;
const seed = Number(process.env['QUIESCE_SEED'] ?? 20261126);
const test = toolTest('restic');

describe(`a backup killed ${kills} times in mid-disk, seed ${seed}`, () => {
  const folder = suiteFolder('resumed-backup');
  const random = seededRandom(seed);
  let lab: RunningLab;

  beforeAll(async () => {
    lab = await RunningLab.start();
    await lab.setActivity(false);
    // Random bytes, which no compression makes less: a dozen packs.
    for (let piece = 1; piece <= 3; piece += 1) {
      const length = 16 * MiB;
      await lab.control('POST', 'disks/db01/2001/bytes', { offset: piece * length, length, seed: piece });
    }
  });
  afterAll(async () => await lab[Symbol.asyncDispose]());

  async function user(name: string): Promise<QuiesceCli> {
    const cli = new QuiesceCli(join(folder, name));
    await cli.setUp(lab, undefined, ['--pack-size', '4']);
    return cli;
  }

  test('stores at most 5 % again once the guard has found what it had stored', async () => {
    const reference = await user('undisturbed');
    await reference.ok('backup', 'db01', '--level', 'crash');
    const neededBytes = packBytesOf(reference);
    const shares: string[] = [];
    for (let kill = 0; kill < kills; kill += 1) {
      const cli = await user(`killed-${kill}`);
      const [high = 0] = random.bytes(1);
      const limitBytes = Math.round(neededBytes * (0.2 + (0.6 * high) / 255));
      const { child, result } = cli.start(
        'backup',
        'db01',
        '--limit-upload',
        `${Math.round(neededBytes / KiB / 6)}K`,
      );
      await expect
        .poll(() => packBytesOf(cli), { timeout: 60_000, interval: 20 })
        .toBeGreaterThan(limitBytes);
      child.kill('SIGKILL');
      await result;
      const storedBytes = packBytesOf(cli);
      // Otherwise the kill came too late to prove anything.
      expect(storedBytes / neededBytes).toBeLessThan(0.95);
      await lab.setFaults({ leaseTimeoutSeconds: 5 });
      await cli.ok('guard');
      await cli.ok('backup', 'db01', '--level', 'crash');
      const againBytes = packBytesOf(cli) - neededBytes;
      shares.push(`${percent(againBytes / neededBytes)} after ${percent(storedBytes / neededBytes)}`);
      expect(againBytes / neededBytes).toBeLessThanOrEqual(0.05);
      await new Restic(cli.repositoryFolder, cli.repositoryPasswordFile).checkEverything();
    }
    console.log(`of ${Math.round(neededBytes / MiB)} MiB, stored again: ${shares.join(', ')}`);
  });
});

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
