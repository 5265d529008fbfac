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
  if (code !== 0 && code !== 16 && code !== 17)
    throw new Error(`ended with ${code}: ${stderr}${stdout.toString()}`);
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

describe('the moment of a restore point', () => {
  test('is that of its snapshot, not of the disk that the guest goes on writing to', async () => {
    await lab.control('POST', 'vms/archive01', { powerState: 'poweredOn' });
    const { disks } = await backUp('archive01', '--level', 'crash');
    const later = await backUp('archive01', '--level', 'crash');
    const sequences = [disks, later.disks].map(([disk]) => Number(disk?.changeId?.split('/')[1]));
    expect(sequences[1]).toBe((sequences[0] ?? 0) + 1);
    // Written after the snapshot and before its removal: it belongs to the next restore point.
    await lab.setFaults({ holdStreamsAfterBytes: 0, frozenExtents: 'locked' });
    const started = cli.start('backup', 'archive01', '--level', 'crash', '--json');
    await expect.poll(async () => (await lab.openLeases()).length).toBe(1);
    await write('archive01', 900 * MiB, 100, 77);
    await lab.setFaults({ holdStreamsAfterBytes: null });
    const { stdout } = await started.result;
    const during = JSON.parse(stdout.toString()) as BackupValue;
    expect(during.disks[0]?.transport).toMatchObject({ kind: 'nfc-lease', readMode: 'changed-areas' });
    await expectBytes('archive01', during);
    const next = await backUp('archive01', '--level', 'crash');
    expect(next.disks[0]?.transport).toMatchObject({ readMode: 'changed-areas', changedBytes: MiB });
    await expectBytes('archive01', next);
  });
});

describe('the way to what has changed', () => {
  test('is the stream where the host gives no ranges, and only what has changed is unpacked', async () => {
    await lab.setFaults({ frozenExtents: 'locked' });
    await write('archive01', 20 * MiB, 2 * MiB, 3);
    const locked = await backUp('archive01', '--level', 'crash');
    expect(locked.disks[0]?.transport).toMatchObject({
      kind: 'nfc-lease',
      readMode: 'changed-areas',
      changedBytes: 2 * MiB,
      readBytes: 66 * MiB,
    });
    await expectBytes('archive01', locked);
  });

  test('is the stream where ranges are refused in the midst of reading', async () => {
    await write('archive01', 30 * MiB, 100, 4);
    const taken = await backUp('archive01', '--level', 'crash');
    expect(taken.disks[0]?.transport.kind).toBe('datastore-files');
    await lab.setFaults({
      datastoreRequests: [{ kind: 'refuse', status: 503, path: '-flat.vmdk', times: 100 }],
    });
    await write('archive01', 31 * MiB, 100, 5);
    const refused = await backUp('archive01', '--level', 'crash');
    expect(refused.disks[0]?.transport).toMatchObject({ kind: 'nfc-lease', readMode: 'changed-areas' });
    await expectBytes('archive01', refused);
  });
});

describe('a full backup says why', () => {
  test('when it was asked for, and compares everything', async () => {
    await write('archive01', 40 * MiB, 100, 8);
    const full = await backUp('archive01', '--full');
    expect(full.disks[0]?.transport).toMatchObject({
      readMode: 'whole',
      fullReason: 'requested',
      audit: { mismatches: 0 },
      whole: { pointsSince: 0 },
    });
    await expectBytes('archive01', full);
  });

  test('when its turn has come', async () => {
    const scheduled = await backUp('archive01', '--full-after-points', '1');
    expect(scheduled.disks[0]?.transport).toMatchObject({ fullReason: 'scheduled' });
    expect((await backUp('archive01')).disks[0]?.transport).toMatchObject({ whole: { pointsSince: 1 } });
    const dayly = await backUp('archive01', '--full-after-days', '0');
    expect(dayly.disks[0]?.transport).toMatchObject({ fullReason: 'scheduled' });
  });

  test('when a host has lost changes: found by comparing, told, and not believed until tracking begins anew', async () => {
    await backUp('web01');
    await cli.run('backup', 'web01', '--enable-tracking', '--yes');
    await lab.setFaults({ changedAreas: { omitFirst: true } });
    await write('web01', 10 * MiB, MiB, 9);
    const lied = await backUp('web01');
    expect(lied.disks[0]?.transport).toMatchObject({ fullReason: 'verification-failed' });
    expect(lied.warnings).toEqual([
      expect.stringContaining('had changed that changed block tracking did not'),
    ]);
    await expectBytes('web01', lied);
    await lab.clearFaults();
    const doubted = await backUp('web01');
    expect(doubted.disks[0]?.transport).toMatchObject({ fullReason: 'verification-failed' });
    await lab.control('POST', 'disks/web01/2000/tracking', { reset: true });
    expect((await backUp('web01')).disks[0]?.transport).toMatchObject({ fullReason: 'tracking-reset' });
    expect((await backUp('web01')).disks[0]?.transport).toMatchObject({ readMode: 'changed-areas' });
    expect((await cli.ok('points', 'web01')).toString()).toMatch(/ incremental .*\n.* full /);
  });

  test('when the account may not ask', async () => {
    await lab.setFaults({
      methods: [
        {
          method: 'QueryChangedDiskAreas',
          fault: 'NoPermission',
          times: 1,
          fields: {
            object: { type: 'VirtualMachine', value: 'vm-1' },
            privilegeId: 'VirtualMachine.Provisioning.DiskRandomRead',
          },
        },
      ],
    });
    expect((await backUp('web01')).disks[0]?.transport).toMatchObject({ fullReason: 'query-denied' });
  });
});
