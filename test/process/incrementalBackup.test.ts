import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import type { ManifestDisk } from '../../src/core/catalog/manifest.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

interface BackupValue {
  readonly point: string;
  readonly disks: readonly ManifestDisk[];
  readonly warnings: readonly string[];
}

const test = toolTest('restic');

const folder = suiteFolder('incremental');
const cli = new QuiesceCli(folder);
const restic = new Restic(cli.repositoryFolder, cli.repositoryPasswordFile);
let lab: RunningLab;

beforeAll(async () => {
  lab = await RunningLab.start();
  await lab.setActivity(false);
  await cli.setUp(lab);
});
afterAll(async () => await lab[Symbol.asyncDispose]());
beforeEach(async () => await lab.clearFaults());

async function backUp(vm: string, ...options: readonly string[]): Promise<BackupValue> {
  const { code, stdout, stderr } = await cli.run('backup', vm, ...options, '--json');
  // 17: what was asked for is not proven, which small guests cannot do.
  if (code !== 0 && code !== 16 && code !== 17) throw new Error(`ended with ${code}: ${stderr}`);
  return JSON.parse(stdout.toString()) as BackupValue;
}

/** The restore point has the bytes of the moment of its snapshot, says restic. */
async function expectBytes(vm: string, { point, disks }: BackupValue): Promise<void> {
  const snapshot = (await lab.snapshots()).findLast(taken => taken.vm === vm)!;
  for (const { deviceKey, position } of snapshot.disks) {
    expect(disks.map(({ key }) => key)).toContain(deviceKey);
    const restored = await restic.diskHash(point, deviceKey, join(folder, `${point}-${deviceKey}`));
    expect(restored).toBe(await lab.diskHash(vm, deviceKey, position));
  }
}

async function write(vm: string, offset: number, length: number, seed: number): Promise<void> {
  await lab.control('POST', `disks/${vm}/2000/bytes`, { offset, length, seed });
}

describe('from the first backup on', () => {
  test('says what tracking would save, turns it on when told to, and then reads what has changed', async () => {
    const first = await backUp('archive01');
    expect(first.disks[0]?.transport).toMatchObject({ readMode: 'whole', fullReason: 'first-backup' });
    const untracked = await cli.run('backup', 'archive01');
    expect(untracked.stderr).toContain('quiesce backup archive01 --enable-tracking');
    expect(untracked.stdout.toString()).toContain('full, because changed block tracking is off');

    const enabled = await cli.run('backup', 'archive01', '--enable-tracking', '--yes', '--json');
    expect(enabled.stderr).toContain('Price: ');
    const tracked = JSON.parse(enabled.stdout.toString()) as BackupValue;
    expect(tracked.disks[0]).toMatchObject({
      changeId: expect.stringMatching(/^52 .*\/\d+$/) as unknown,
      transport: { fullReason: 'previous-untracked' },
    });

    await write('archive01', 300 * MiB, 3 * MiB, 7);
    const incremental = await backUp('archive01');
    await expectBytes('archive01', incremental);
    expect(incremental.disks[0]?.transport).toMatchObject({
      kind: 'datastore-files',
      readMode: 'changed-areas',
      changedBytes: 3 * MiB,
      audit: { chunks: 64, mismatches: 0 },
      whole: { pointsSince: 1 },
    });
    expect(incremental.disks[0]?.transport.receivedBytes).toBeLessThan(68 * MiB);
    await restic.checkEverything();
  });
});
