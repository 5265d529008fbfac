import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import type { ManifestDisk } from '../../src/core/catalog/manifest.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import type { VimSession } from '../../src/core/vsphere/session.ts';
import type { MoRef } from '../../src/core/vsphere/schema/moRef.ts';
import { waitForTask } from '../../src/core/vsphere/task.ts';
import { anySignal } from '../support/anySignal.ts';
import { expectFailure, FaultBench } from '../support/faultBench.ts';
import type { CliResult } from '../support/quiesceCli.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { logIn } from '../vcsim/servers.ts';

interface BackupValue {
  readonly point: string;
  readonly disks: readonly ManifestDisk[];
}

const test = toolTest('restic');
const slowStream = { kind: 'slow', afterBytes: 50_000, bytesPerSecond: 200_000, times: 1 };

describe('in the midst of reading', () => {
  const folder = suiteFolder('mid-read');
  let bench: FaultBench;

  beforeAll(async () => {
    bench = await FaultBench.start(folder, ['--no-activity']);
    await bench.succeeds('backup', 'archive01', '--level', 'crash', '--enable-tracking', '--yes');
    await bench.succeeds('backup', 'archive01', '--level', 'crash');
  });
  afterEach(async () => await bench.lab.clearFaults());
  afterAll(async () => await bench[Symbol.asyncDispose]());

  /** What an administrator does to a VM meanwhile. */
  async function asAdmin(vmName: string, work: (session: VimSession, vm: MoRef) => Promise<MoRef>) {
    const { url, fingerprint, user, passwordFile } = bench.lab.ready;
    const password = readFileSync(passwordFile, 'utf8').trim();
    const server = { url, fingerprint, user, password, [Symbol.asyncDispose]: async () => undefined };
    await using admin = await logIn(server);
    const { session } = admin;
    const { ref } = await findVirtualMachine(session, vmName, anySignal);
    await waitForTask(session, await work(session, ref), { what: 'changing', object: vmName }, anySignal);
  }

  /** Of the newest snapshot, which the restore point has to be. */
  async function expectBytes({ code, stdout, stderr }: CliResult): Promise<BackupValue> {
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const value = JSON.parse(stdout.toString()) as BackupValue;
    const snapshot = (await bench.lab.snapshots()).at(-1)!;
    for (const { deviceKey, position } of snapshot.disks)
      expect(
        await bench.restic.diskHash(value.point, deviceKey, join(folder, `${value.point}-${deviceKey}`)),
      ).toBe(await bench.lab.diskHash(snapshot.vm, deviceKey, position));
    return value;
  }

  async function backUpWhile(
    vm: string,
    disturb: () => Promise<void>,
    ...options: readonly string[]
  ): Promise<CliResult> {
    await bench.lab.setFaults({ streams: [slowStream] });
    const backup = bench.start('backup', vm, '--level', 'crash', ...options);
    await expect
      .poll(async () => (await bench.lab.openLeases()).map(({ state }) => state))
      .toEqual(['ready']);
    await disturb();
    return await backup.result;
  }

  test('a VM that is powered off is read to its end, as it was at its snapshot', async () => {
    const off = async () => await bench.lab.setVm('web01', { powerState: 'poweredOff' });
    await expectBytes(await backUpWhile('web01', off, '--json'));
    await bench.lab.setVm('web01', { powerState: 'poweredOn' });
    await bench.expectAllGood();
  });

  /** Begins a backup of what has changed, and does that while ranges of the file are read: no lease holds the VM then. */
  async function backUpByRangesWhile(seed: number, disturb: () => Promise<void>): Promise<CliResult> {
    const change = { offset: 300 * MiB, length: 3 * MiB, seed };
    await bench.lab.control('POST', 'disks/archive01/2000/bytes', change);
    const slow = { kind: 'slow', path: '-flat.vmdk', afterBytes: 0, bytesPerSecond: 2 * MiB, times: 100 };
    await bench.lab.setFaults({ datastoreRequests: [slow] });
    const backup = bench.start('backup', 'archive01', '--level', 'crash', '--json');
    const left = async () =>
      ((await bench.lab.control('GET', 'faults')) as { datastoreRequests: readonly { times: number }[] })
        .datastoreRequests[0]!.times;
    await expect.poll(left).toBeLessThan(97);
    await disturb();
    return await backup.result;
  }

  test('a VM that is renamed is read to its end, and is the same one under its new name', async () => {
    const rename = async (from: string, newName: string) =>
      await asAdmin(
        from,
        async (session, vm) => await session.call('Rename_Task', vm, { newName }, anySignal),
      );
    const result = await backUpByRangesWhile(1, async () => await rename('archive01', 'attic'));
    await bench.lab.clearFaults();
    // The lab tells of disks by the name that their VM has now.
    await rename('attic', 'archive01');
    const { disks } = await expectBytes(result);
    expect(disks[0]?.transport).toMatchObject({ kind: 'datastore-files', readMode: 'changed-areas' });
    await rename('archive01', 'attic');
    const next = await bench.succeeds('backup', 'attic', '--level', 'crash', '--json');
    expect((JSON.parse(next.stdout.toString()) as BackupValue).disks[0]?.transport.readMode).toBe(
      'changed-areas',
    );
    await rename('attic', 'archive01');
    await bench.expectAllGood();
  });

  test('a session that has expired costs ranges of files no more than another way', async () => {
    const result = await backUpByRangesWhile(2, async () => await bench.lab.expireSessions());
    const { disks } = await expectBytes(result);
    expect(disks[0]?.transport).toMatchObject({ readMode: 'changed-areas' });
    expect(result.stderr).toContain('logging in again');
    await bench.expectAllGood();
  });

  test('ranges that a busy server puts off are asked for again, without another way', async () => {
    await bench.lab.control('POST', 'disks/archive01/2000/bytes', {
      ...{ offset: 310 * MiB, length: MiB, seed: 2 },
    });
    const busy = { kind: 'refuse', status: 503, path: '-flat.vmdk', times: 3 };
    const slow = { kind: 'slow', path: '-flat.vmdk', afterBytes: 0, bytesPerSecond: 8 * MiB, times: 5 };
    await bench.lab.setFaults({ datastoreRequests: [slow, busy] });
    const { disks } = await expectBytes(await bench.run('backup', 'archive01', '--level', 'crash', '--json'));
    expect(disks[0]?.transport).toMatchObject({ kind: 'datastore-files', readMode: 'changed-areas' });
    expect(disks[0]?.transport.passedOver).toBeUndefined();
    await bench.expectAllGood();
  });

  test.each([
    ['a host whose name nobody knows', { leaseUrls: 'unresolvable' }, 7, ['esx01.lab.invalid', 'ENOTFOUND']],
    ['a host that does not answer', { leaseUrls: 'unreachable' }, 7, ['127.0.0.1:9', 'ECONNREFUSED']],
    [
      'a server whose manifest is of something else',
      { manifests: 'wrong' },
      9,
      ['has arrived, the server has sent 0000', 'look for a faulty network device'],
    ],
  ] as const)(
    '%s ends the backup, although the vCenter answers, and leaves nothing',
    async (_, fault, code, says) => {
      await bench.lab.setFaults(fault);
      await bench.fails(['backup', 'web01', '--level', 'crash'], {
        code,
        says: ['web01 Hard disk 1', ...says],
      });
      await bench.expectNothingLeft();
    },
  );

  test('a lease that the server has ended by itself ends the backup with that, not with a broken connection', async () => {
    const isOver = async () => {
      await bench.lab.control('POST', 'clock', { advanceMs: 400_000 });
    };
    const result = await backUpWhile('web01', isOver);
    expectFailure(result, {
      code: 7,
      says: ['web01 Hard disk 1: the server has ended the lease', 'Try again'],
    });
    await bench.expectAllGood();
  });

  test.each([
    ['is no disk', 0, ['web01 Hard disk 1', 'no VMDK sparse extent begins here']],
    ['was damaged on its way', 200_001, ['web01 Hard disk 1']],
  ])('a stream that %s ends the backup, and leaves nothing', async (_, afterBytes, says) => {
    await bench.lab.setFaults({ streams: [{ kind: 'flip', afterBytes, vm: 'web01', times: 1 }] });
    await bench.fails(['backup', 'web01', '--level', 'crash'], { code: 9, says });
    await bench.expectNothingLeft();
  });

  test('a second disk that arrives empty is no disk of zeros', async () => {
    const [whole, empty] = [
      { kind: 'slow', afterBytes: 0, bytesPerSecond: 10 * MiB, vm: 'db01', times: 1 },
      { kind: 'truncate', afterBytes: 0, vm: 'db01', times: 1 },
    ];
    await bench.lab.setFaults({ streams: [whole, empty] });
    await bench.fails(['backup', 'db01', '--level', 'crash'], {
      code: 7,
      says: [
        /db01 Hard disk [12]: the stream ended after 0 bytes, before its end mark/,
        'Read the disk again',
      ],
    });
    await bench.expectAllGood();
  });

  test('a VM that somebody has snapshots of is not read by ranges of its file, and says why', async () => {
    await asAdmin(
      'archive01',
      async (session, vm) =>
        await session.call(
          'CreateSnapshot_Task',
          vm,
          { name: 'before the upgrade', description: '', memory: false, quiesce: false },
          anySignal,
        ),
    );
    await bench.fails(['backup', 'archive01', '--level', 'crash', '--transport', 'datastore-files'], {
      code: 6,
      says: ['archive01 Hard disk 1', 'its file does not hold all of the disk', 'Remove the older snapshots'],
    });
    const result = await bench.run('backup', 'archive01', '--level', 'crash', '--json');
    const { disks } = await expectBytes(result);
    expect(disks[0]?.transport.kind).toBe('nfc-lease');
    // Only ours is gone.
    const { snapshots } = (await bench.lab.vms()).find(({ name }) => name === 'archive01')!;
    expect(snapshots).toHaveLength(1);
  });
});
