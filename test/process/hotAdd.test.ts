import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test as anyTest } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import type { ManifestDisk } from '../../src/core/catalog/manifest.ts';
import { rolePrivileges } from '../../src/core/vsphere/privileges/featurePrivileges.ts';
import { filesBelow } from '../support/faultBench.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

interface BackupValue {
  readonly point: string;
  readonly disks: readonly ManifestDisk[];
}

const account = 'backup@vsphere.local';
const links = '/dev/disk/by-id';

/** Disks that are attached become loop devices, which only root of a Linux system may make. */
const isPossible = process.getuid?.() === 0 && existsSync('/dev/loop-control');
if (!isPossible && process.env['CI'] === 'true')
  throw new Error('loop devices need root on Linux, and CI must run every test');
const test = isPossible ? toolTest('restic', 'losetup') : anyTest.skip;

/** The program runs in web01, as far as it knows. */
describe('a backup from a VM of the same server (loop devices, as root)', () => {
  const folder = suiteFolder('hot-add');
  let lab: RunningLab;
  let cli: QuiesceCli;
  let restic: Restic;

  beforeAll(async () => {
    if (!isPossible) return;
    lab = await RunningLab.start([
      ...['--profile', 'small', '--no-activity', '--block-devices', links],
      ...['--account', `${account}=NoAccess`],
    ]);
    await grant(rolePrivileges);
    cli = new QuiesceCli(join(folder, 'user'));
    await cli.setUp(lab, account);
    restic = new Restic(cli.repositoryFolder, cli.repositoryPasswordFile);
    const vms = (await cli.json('vms')) as readonly { readonly name: string; readonly biosUuid: string }[];
    cli.setEnvironment('QUIESCE_BIOS_UUID', vms.find(({ name }) => name === 'web01')!.biosUuid);
  });
  afterEach(async () => {
    if (!isPossible) return;
    await lab.clearFaults();
    await grant(rolePrivileges);
  });
  afterAll(async () => {
    if (isPossible) await lab[Symbol.asyncDispose]();
  });

  async function grant(privileges: readonly string[]): Promise<void> {
    await lab.control('POST', 'roles/Backup', { privileges });
    await lab.control('POST', `accounts/${account}`, { role: 'Backup' });
  }

  async function backUp(...options: readonly string[]): Promise<BackupValue> {
    return (await cli.json('backup', 'db01', '--level', 'crash', ...options)) as BackupValue;
  }

  /** Neither on the server nor on this machine. */
  async function expectNothingAttached(): Promise<void> {
    const web01 = (await lab.vms()).find(({ name }) => name === 'web01')!;
    expect(web01.disks.map(({ deviceKey }) => deviceKey)).toEqual([2000]);
    expect((await lab.vms()).flatMap(({ snapshots }) => snapshots)).toEqual([]);
    expect(filesBelow(links).filter(path => path.includes('wwn-'))).toEqual([]);
  }

  async function expectBytes({ point, disks }: BackupValue): Promise<void> {
    const snapshot = (await lab.snapshots()).findLast(({ vm }) => vm === 'db01')!;
    expect(disks).toHaveLength(snapshot.disks.length);
    for (const { deviceKey, position } of snapshot.disks) {
      const stored = await restic.diskHash(point, deviceKey, join(folder, `${point}-${deviceKey}`));
      expect(stored).toBe(await lab.diskHash('db01', deviceKey, position));
    }
  }

  test('reads its disks as local ones, whole at first, then only what has changed', async () => {
    const first = await backUp('--enable-tracking', '--yes');
    expect(first.disks.map(({ transport }) => transport)).toMatchObject([
      { kind: 'hot-add', readMode: 'whole' },
      { kind: 'hot-add', readMode: 'whole' },
    ]);
    // Where the server tells what is in use, nothing else is read.
    for (const { transport, capacityBytes } of first.disks)
      expect(transport.receivedBytes).toBeLessThan(capacityBytes / 2);
    await expectBytes(first);
    await lab.control('POST', 'disks/db01/2001/bytes', { offset: 20 * MiB, length: 2 * MiB, seed: 5 });
    const second = await backUp();
    await expectBytes(second);
    expect(second.disks[1]?.transport).toMatchObject({
      kind: 'hot-add',
      readMode: 'changed-areas',
      changedBytes: 2 * MiB,
      audit: { mismatches: 0 },
    });
    const { receivedBytes, audit } = second.disks[1]!.transport;
    expect(receivedBytes).toBe(2 * MiB + audit!.chunks * MiB);
    await expectNothingAttached();
    await restic.checkEverything();
  });

  test('that is killed while it reads leaves no disk attached after the next start, and no snapshot', async () => {
    await lab.control('POST', 'disks/db01/2000/bytes', { offset: 20 * MiB, length: 16 * MiB, seed: 9 });
    const slowly = ['--limit-upload', '400K', '--pack-size', '4'];
    const { child, result } = cli.start('backup', 'db01', '--level', 'crash', ...slowly);
    await expect.poll(() => openDevicesOf(child.pid), { interval: 5 }).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await result;
    expect((await attachedDisks()).length).toBeGreaterThan(0);
    const { leftovers } = (await cli.json('guard')) as {
      readonly leftovers: readonly { readonly kind: string; readonly outcome: string }[];
    };
    // Disks are read side by side; whichever were attached go first.
    expect([...new Set(leftovers.map(({ kind }) => kind))]).toEqual([
      ...['hot-added-disk', 'snapshot', 'repository-lock'],
    ]);
    expect(leftovers.filter(({ outcome }) => outcome !== 'removed')).toEqual([]);
    await expectNothingAttached();
    await lab.clearFaults();
    await expectBytes(await backUp());
    await expectNothingAttached();
  });

  test('takes another way where the account may not attach disks, and says why', async () => {
    await grant(rolePrivileges.filter(privilege => privilege !== 'VirtualMachine.Config.AddExistingDisk'));
    const backup = await backUp();
    await expectBytes(backup);
    expect(backup.disks[0]?.transport.kind).not.toBe('hot-add');
    expect(backup.disks[0]?.transport.passedOver?.[0]).toEqual({
      kind: 'hot-add',
      reason: expect.stringMatching(
        /does not have the privilege VirtualMachine\.Config\.AddExistingDisk on web01, needed to attach a disk/,
      ) as string,
    });
    const forced = await cli.run('backup', 'db01', '--level', 'crash', '--transport', 'hot-add');
    expect(forced.code).toBe(4);
    expect(forced.stderr).toContain('VirtualMachine.Config.AddExistingDisk');
    await expectNothingAttached();
  });

  test('of the VM that it runs in takes another way', async () => {
    const { disks } = (await cli.json('backup', 'web01', '--level', 'crash')) as BackupValue;
    expect(disks[0]?.transport).toMatchObject({
      kind: 'nfc-lease',
      passedOver: [{ kind: 'hot-add', reason: 'it is a disk of the VM in which this runs' }],
    });
    await expectNothingAttached();
  });

  /** Loop devices that a process has open: it reads them. */
  function openDevicesOf(processId: number | undefined): number {
    try {
      const folder = `/proc/${processId}/fd`;
      return readdirSync(folder).filter(name => readlinkSync(join(folder, name)).startsWith('/dev/loop'))
        .length;
    } catch {
      // A file was closed meanwhile.
      return 0;
    }
  }

  async function attachedDisks(): Promise<readonly number[]> {
    const web01 = (await lab.vms()).find(({ name }) => name === 'web01')!;
    return web01.disks.map(({ deviceKey }) => deviceKey).filter(key => key !== 2000);
  }
});
