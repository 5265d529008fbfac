import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';

import { KiB, MiB } from '../../src/base/units.ts';
import type { ManifestDisk } from '../../src/core/catalog/manifest.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { waitForTask } from '../../src/core/vsphere/task.ts';
import { readAllOfType } from '../../src/core/vsphere/propertyCollector.ts';
import { anySignal } from '../support/anySignal.ts';
import { FaultBench } from '../support/faultBench.ts';
import { nbdkitOfLab } from '../support/nbdDisks.ts';
import type { CliResult } from '../support/quiesceCli.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { logIn } from '../vcsim/servers.ts';

interface BackupValue {
  readonly point: string;
  readonly disks: readonly ManifestDisk[];
}

const test = toolTest('restic', 'nbdkit');
const folder = suiteFolder('moved');
const nbd = ['--nbd-command', nbdkitOfLab.join(' ')] as const;
/** Slow enough that a VM is elsewhere before its disk is read. */
const slow = { kind: 'slow', path: '-flat.vmdk', afterBytes: 0, bytesPerSecond: 2 * MiB, times: 1000 };

let bench: FaultBench;

beforeAll(async () => {
  bench = await FaultBench.start(folder, ['--no-activity']);
  await bench.succeeds('backup', 'archive01', '--enable-tracking', '--yes', '--level', 'crash');
  await bench.succeeds('backup', 'archive01', '--level', 'crash');
});
afterAll(async () => await bench[Symbol.asyncDispose]());
beforeEach(resetFaults);

/** That a VM is moved while it is off costs it its changed areas on some servers; here every disk keeps them. */
async function resetFaults(): Promise<void> {
  await bench.lab.clearFaults();
  await bench.lab.setFaults({ trackingOnColdMove: 'kept' });
}

/** As an administrator or Storage DRS does it. */
async function moveTo(vmName: string, datastore: string): Promise<void> {
  const { url, fingerprint, user, passwordFile } = bench.lab.ready;
  const password = readFileSync(passwordFile, 'utf8').trim();
  const server = { url, fingerprint, user, password, [Symbol.asyncDispose]: async () => undefined };
  await using admin = await logIn(server);
  const { session } = admin;
  const vm = await findVirtualMachine(session, vmName, anySignal);
  const datastores = await readAllOfType(session, 'Datastore', ['name'], anySignal);
  const target = datastores.find(({ properties }) => properties.name === datastore)!.object;
  const spec = { datastore: target };
  const task = await session.call('RelocateVM_Task', vm.ref, { spec }, anySignal);
  await waitForTask(session, task, { what: 'moving', object: vmName }, anySignal);
}

async function slowedReads(): Promise<number> {
  const faults = (await bench.lab.control('GET', 'faults')) as {
    readonly datastoreRequests: readonly { readonly times: number }[];
  };
  return slow.times - (faults.datastoreRequests[0]?.times ?? 0);
}

/** Begins a backup, and does that once it is in the midst of reading the file of the disk. */
async function backUpWhile(disturb: () => Promise<void>, ...options: readonly string[]): Promise<CliResult> {
  await bench.lab.setFaults({ datastoreRequests: [slow] });
  const backup = bench.start('backup', 'archive01', '--level', 'crash', ...options);
  await expect.poll(slowedReads).toBeGreaterThan(3);
  await disturb();
  // What is left is read at full speed: only that it was being read matters.
  await resetFaults();
  return await backup.result;
}

async function backUpWhileMoved(datastore: string, ...options: readonly string[]): Promise<CliResult> {
  return await backUpWhile(async () => await moveTo('archive01', datastore), ...options);
}

async function write(offset: number, seed: number): Promise<void> {
  await bench.lab.control('POST', 'disks/archive01/2000/bytes', { offset, length: MiB, seed });
}

/** The disk of a backup that has succeeded, after its bytes were held against those of its snapshot. */
async function readDisk({ code, stdout, stderr }: CliResult): Promise<ManifestDisk | undefined> {
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { point, disks } = JSON.parse(stdout.toString()) as BackupValue;
  const { position } = (await bench.lab.snapshots()).at(-1)!.disks[0]!;
  const stored = await bench.restic.diskHash(point, 2000, join(folder, point));
  expect(stored).toBe(await bench.lab.diskHash('archive01', 2000, position));
  await bench.expectAllGood();
  return disks[0];
}

const movedAway = expect.stringContaining(
  'archive01 Hard disk 1: its files were moved while they were read',
) as string;

describe('a disk that is moved to another datastore', () => {
  test('while ranges of its file are read is read anew, where it is then', async () => {
    await write(500 * MiB, 3);
    const disk = await readDisk(await backUpWhileMoved('datastore1', '--json'));
    expect(disk?.transport).toMatchObject({
      ...{ kind: 'nfc-lease', readMode: 'changed-areas' },
      passedOver: [{ kind: 'datastore-files', reason: movedAway }],
    });
  });

  test('fails its backup where nothing else may be taken, and says why', async () => {
    await bench.succeeds('backup', 'archive01', '--level', 'crash');
    for (const [datastore, ...options] of [
      ['datastore2', '--transport', 'datastore-files'],
      ['datastore1', '--transport', 'nbd', ...nbd],
    ] as const) {
      const { code, stderr } = await backUpWhileMoved(datastore, ...options);
      expect({ code, stderr }).toMatchObject({ code: 6, stderr: movedAway });
      expect(stderr).toContain('Start the backup again once the VM stays where it is');
      await bench.expectAllGood();
    }
  });

  test('while an NBD program reads its file is read anew, where it is then', async () => {
    await write(501 * MiB, 4);
    const disk = await readDisk(await backUpWhileMoved('datastore2', ...nbd, '--json'));
    expect(disk?.transport).toMatchObject({
      ...{ kind: 'datastore-files', readMode: 'changed-areas' },
      passedOver: [{ kind: 'nbd', reason: movedAway }],
    });
  });

  test('is not believed to be what an NBD program went on reading in its old place', async () => {
    await write(502 * MiB, 5);
    const [reading, moved] = [join(folder, 'reading'), join(folder, 'moved')];
    // Zeros stand for whatever is left in blocks that belong to another file by then.
    const script = join(folder, 'old-place.sh');
    writeFileSync(
      script,
      `case "$1" in
get_size) echo 1G ;;
pread) touch ${reading}; until [ -e ${moved} ]; do sleep 0.1; done; head -c "$3" /dev/zero ;;
*) exit 2 ;;
esac
`,
      { mode: 0o700 },
    );
    const oldPlace = `nbdkit --foreground --readonly --exit-with-parent --unix {socket} sh ${script}`;
    const backup = bench.start(
      ...['backup', 'archive01', '--level', 'crash', '--nbd-command', oldPlace, '--json'],
    );
    await expect.poll(() => existsSync(reading)).toBe(true);
    await moveTo('archive01', 'datastore1');
    writeFileSync(moved, '');
    const disk = await readDisk(await backup.result);
    expect(disk?.transport).toMatchObject({
      ...{ kind: 'datastore-files', readMode: 'changed-areas' },
      passedOver: [{ kind: 'nbd', reason: movedAway }],
    });
  });
});

describe('a VM that goes on running on another host, with its files where they were,', () => {
  beforeAll(async () => await bench.lab.setVm('archive01', { powerState: 'poweredOn' }));
  afterAll(async () => await bench.lab.setVm('archive01', { powerState: 'poweredOff' }));

  test.each([
    ['nbd', nbd],
    ['datastore-files', []],
  ] as const)('is read on by %s', async (kind, options) => {
    await write(510 * MiB, options.length);
    const host = kind === 'nbd' ? 'esx02.lab.invalid' : 'esx01.lab.invalid';
    const migrate = async () => await bench.lab.setVm('archive01', { host });
    const disk = await readDisk(await backUpWhile(migrate, ...options, '--json'));
    expect(disk?.transport).toMatchObject({ kind, readMode: 'changed-areas' });
    expect(disk?.transport.passedOver).toBeUndefined();
  });

  test.each([
    ['goes on where the host keeps its lease', true],
    ['is read again where the host gives its lease up', false],
  ])('%s', async (_, keepLeases) => {
    await write(520 * MiB, Number(keepLeases));
    await bench.lab.setFaults({ holdStreamsAfterBytes: 64 * KiB });
    const backup = bench.start(
      ...['backup', 'archive01', '--level', 'crash', '--transport', 'nfc-lease', '--json'],
    );
    await expect
      .poll(async () => (await bench.lab.openLeases()).map(({ state }) => state))
      .toEqual(['ready']);
    await bench.lab.setVm('archive01', {
      host: keepLeases ? 'esx02.lab.invalid' : 'esx01.lab.invalid',
      keepLeases,
    });
    await resetFaults();
    const disk = await readDisk(await backup.result);
    expect(disk?.transport).toMatchObject({ kind: 'nfc-lease', readMode: 'changed-areas' });
  });
});
