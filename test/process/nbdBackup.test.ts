import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import type { ManifestDisk } from '../../src/core/catalog/manifest.ts';
import { startBackup } from '../../src/protocol/job.ts';
import { anySignal } from '../support/anySignal.ts';
import { nbdkitOfLab, programsOfLab } from '../support/nbdDisks.ts';
import { crashOnly } from '../support/policies.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { Restic } from '../support/restic.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

interface BackupValue {
  readonly point: string;
  readonly disks: readonly ManifestDisk[];
}

const test = toolTest('restic', 'nbdkit');

const folder = suiteFolder('backup-by-nbd');
const cli = new QuiesceCli(folder);
const restic = new Restic(cli.repositoryFolder, cli.repositoryPasswordFile);
const program = nbdkitOfLab.join(' ');
let lab: RunningLab;

beforeAll(async () => {
  lab = await RunningLab.start();
  await lab.setActivity(false);
  await cli.setUp(lab);
  await lab.control('POST', 'vms/archive01', { powerState: 'poweredOn' });
});
afterAll(async () => await lab[Symbol.asyncDispose]());
beforeEach(async () => await lab.clearFaults());

async function backUp(...options: readonly string[]): Promise<BackupValue> {
  const { code, stdout, stderr } = await cli.run(
    'backup',
    'archive01',
    '--level',
    'crash',
    ...options,
    '--json',
  );
  // 17: what was asked for is not proven, which small guests cannot do.
  if (code !== 0 && code !== 16 && code !== 17)
    throw new Error(`ended with ${code}: ${stderr}${stdout.toString()}`);
  return JSON.parse(stdout.toString()) as BackupValue;
}

async function refusal(...options: readonly string[]): Promise<string> {
  const { code, stderr } = await cli.run('backup', 'archive01', '--level', 'crash', ...options);
  expect(code).not.toBe(0);
  await expectNoSnapshot();
  return stderr;
}

async function expectNoSnapshot(): Promise<void> {
  const { snapshots } = (await lab.vms()).find(({ name }) => name === 'archive01')!;
  expect(snapshots).toEqual([]);
}

/** The restore point has the bytes of the moment of its snapshot, says restic. */
async function expectBytes({ point }: BackupValue): Promise<void> {
  const snapshot = (await lab.snapshots()).findLast(({ vm }) => vm === 'archive01')!;
  for (const { deviceKey, position } of snapshot.disks) {
    const restored = await restic.diskHash(point, deviceKey, join(folder, `${point}-${deviceKey}`));
    expect(restored).toBe(await lab.diskHash('archive01', deviceKey, position));
  }
}

describe('a running VM is read through an NBD program', () => {
  test('whole, then what has changed alone, byte by byte as at the snapshot', async () => {
    const full = await backUp('--enable-tracking', '--yes', '--nbd-command', program);
    expect(full.disks[0]?.transport).toMatchObject({ kind: 'nbd', readMode: 'whole' });
    await expectBytes(full);

    await lab.control('POST', 'disks/archive01/2000/bytes', { offset: 300 * MiB, length: 3 * MiB, seed: 7 });
    const changed = await backUp('--nbd-command', program);
    expect(changed.disks[0]?.transport).toMatchObject({
      ...{
        kind: 'nbd',
        readMode: 'changed-areas',
        changedBytes: 3 * MiB,
        audit: { chunks: 64, mismatches: 0 },
      },
      receivedBytes: 67 * MiB,
    });
    await expectBytes(changed);
    await restic.checkEverything();
  });
});

describe('where an NBD program cannot serve the disk', () => {
  const write = async (seed: number) =>
    await lab.control('POST', 'disks/archive01/2000/bytes', { offset: 40 * MiB, length: 100, seed });

  test('the next transport reads it, and the restore point says why', async () => {
    await write(1);
    const missing = await backUp('--nbd-command', 'no-such-program {socket}');
    const reason = 'archive01 Hard disk 1: the program no-such-program is not installed';
    expect(missing.disks[0]?.transport).toMatchObject({
      kind: 'datastore-files',
      passedOver: [{ kind: 'nbd', reason }],
    });
    await expectBytes(missing);
    const { stdout } = await cli.run(
      'backup',
      'archive01',
      '--level',
      'crash',
      '--nbd-command',
      'no-such-program',
    );
    expect(stdout.toString()).toContain(`by ranges of its file, not by nbd: ${reason}`);
  });

  test('what a host says of it is told: its file is locked', async () => {
    await lab.setFaults({ frozenExtents: 'locked' });
    await write(2);
    const locked = await backUp('--nbd-command', program);
    expect(locked.disks[0]?.transport).toMatchObject({ kind: 'nfc-lease', readMode: 'changed-areas' });
    expect(locked.disks[0]?.transport.passedOver?.map(({ kind }) => kind)).toEqual([
      'nbd',
      'datastore-files',
    ]);
    expect(locked.disks[0]?.transport.passedOver?.[0]?.reason).toMatch(/nbdkit.*curl/);
    await expectBytes(locked);
  });

  test('a backup that insists on it fails with its reason, and leaves no snapshot', async () => {
    expect(await refusal('--transport', 'nbd')).toContain(
      'archive01 Hard disk 1 cannot be read by the transport nbd: no NBD program is settled',
    );
    expect(await refusal('--transport', 'nbd', '--nbd-command', 'no-such-program {socket}')).toContain(
      'the program no-such-program is not installed',
    );
    expect(await refusal('--transport', 'nbd', '--nbd-command', 'nbdkit {nonsense}')).toContain(
      '"{nonsense}" in an NBD command is not understood',
    );
    expect(await refusal('--transport', 'nbd', '--nbd-command', 'nbdkit -f -U {socket} memory 1M')).toContain(
      'the NBD program serves 1048576 bytes, the disk has 1073741824',
    );
  });

  test('a program that is killed in mid-read is started again; one that never stays makes way', async () => {
    const slow = `${program} 10ms`;
    await write(3);
    const once = cli.start(
      'backup',
      'archive01',
      '--level',
      'crash',
      '--full',
      '--nbd-command',
      slow,
      '--json',
    );
    await expect.poll(programs, { timeout: 20_000 }).toHaveLength(1);
    const before = await requestCount();
    await expect.poll(async () => (await requestCount()) - before, { timeout: 20_000 }).toBeGreaterThan(30);
    kill(programs());
    const again = JSON.parse((await once.result).stdout.toString()) as BackupValue;
    expect(again.disks[0]?.transport).toMatchObject({
      kind: 'nbd',
      readMode: 'whole',
      fullReason: 'requested',
    });
    expect(again.disks[0]?.transport.passedOver).toBeUndefined();
    await expectBytes(again);

    const killed = cli.start(
      'backup',
      'archive01',
      '--level',
      'crash',
      '--full',
      '--nbd-command',
      slow,
      '--json',
    );
    let isOver = false;
    void killed.result.then(() => (isOver = true));
    while (!isOver) {
      kill(programs());
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    const fellOver = JSON.parse((await killed.result).stdout.toString()) as BackupValue;
    expect(fellOver.disks[0]?.transport).toMatchObject({
      kind: 'nfc-lease',
      passedOver: [{ kind: 'nbd', reason: expect.stringContaining('archive01 Hard disk 1: ') as unknown }],
    });
    await expectBytes(fellOver);
    await expectNoSnapshot();
    await restic.checkEverything();
  });

  test('a killed command line takes its program with it', async () => {
    const slow = `${program} 200ms`;
    const started = cli.start('backup', 'archive01', '--level', 'crash', '--full', '--nbd-command', slow);
    await expect.poll(programs, { timeout: 20_000 }).toHaveLength(1);
    started.child.kill('SIGKILL');
    await expect.poll(programs, { timeout: 10_000 }).toEqual([]);
    await cli.run('guard');
    await expectNoSnapshot();
  });
});

describe('the worker starts NBD programs, too', () => {
  const user = new WorkerUser(suiteFolder('nw'));
  afterAll(async () => await user[Symbol.asyncDispose]());

  test('for all disks of a VM, with the account of its vCenter, and takes them with it when it is killed', async () => {
    const client = await user.connect();
    await user.openPlaces(client, lab);
    const vm = await vmNamed(client, 'db01');
    const start = async (...more: readonly string[]) => {
      const nbd = { command: [...nbdkitOfLab, ...more], requestKiB: 512, inFlight: 4 };
      const params = { vm, repository: 'main', policy: crashOnly, transport: 'nbd', nbd } as const;
      return new WatchedJob(client, (await client.request(startBackup, params, anySignal)).jobId);
    };
    const { state, result } = await (await start()).ended;
    expect(state).toBe('succeeded');
    const disks = result?.kind === 'backup' ? result.disks : [];
    expect(disks.map(({ read }) => [read.transport, read.mode])).toEqual([
      ['nbd', 'whole'],
      ['nbd', 'whole'],
    ]);

    await start('100ms');
    await expect.poll(programs, { timeout: 20_000 }).toHaveLength(1);
    await user.kill(client);
    await expect.poll(programs, { timeout: 10_000 }).toEqual([]);
    const next = await user.connect();
    await user.openPlaces(next, lab);
    const isClean = async () =>
      await user.expectNothingLeft(lab).then(
        () => true,
        () => false,
      );
    await expect.poll(isClean, { timeout: 30_000 }).toBe(true);
  });
});

/** At the server; every read is one. */
async function requestCount(): Promise<number> {
  const counts = (await lab.control('GET', 'requests')) as { readonly main: number };
  return counts.main;
}

function programs(): readonly number[] {
  return programsOfLab(lab);
}

function kill(pids: readonly number[]): void {
  for (const pid of pids)
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
}
