import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';

import { MiB } from '../../src/base/units.ts';
import type { ManifestDisk } from '../../src/core/catalog/manifest.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { waitForTask } from '../../src/core/vsphere/task.ts';
import { readAllOfType } from '../../src/core/vsphere/propertyCollector.ts';
import { anySignal } from '../support/anySignal.ts';
import { FaultBench } from '../support/faultBench.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { logIn } from '../vcsim/servers.ts';

interface BackupValue {
  readonly point: string;
  readonly disks: readonly ManifestDisk[];
}

const test = toolTest('restic');
const folder = suiteFolder('moved');
/** Slow enough that a VM is elsewhere before its disk is read. */
const slow = { kind: 'slow', path: '-flat.vmdk', afterBytes: 0, bytesPerSecond: 2 * MiB, times: 1000 };

let bench: FaultBench;

beforeAll(async () => {
  bench = await FaultBench.start(folder, ['--no-activity']);
  await bench.succeeds('backup', 'archive01', '--enable-tracking', '--yes', '--level', 'crash');
  await bench.succeeds('backup', 'archive01', '--level', 'crash');
});
afterAll(async () => await bench[Symbol.asyncDispose]());
beforeEach(async () => await bench.lab.clearFaults());

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

async function backUpWhileMoved(datastore: string, ...options: readonly string[]) {
  await bench.lab.setFaults({ datastoreRequests: [slow] });
  const backup = bench.start('backup', 'archive01', '--level', 'crash', ...options);
  await expect.poll(slowedReads).toBeGreaterThan(3);
  await moveTo('archive01', datastore);
  const result = await backup.result;
  await bench.lab.clearFaults();
  return result;
}

test('a disk that is moved while ranges of its file are read is read anew, where it is then', async () => {
  await bench.lab.control('POST', 'disks/archive01/2000/bytes', { offset: 500 * MiB, length: MiB, seed: 3 });
  const { code, stdout, stderr } = await backUpWhileMoved('datastore1', '--json');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { point, disks } = JSON.parse(stdout.toString()) as BackupValue;
  expect(disks[0]?.transport).toMatchObject({
    kind: 'nfc-lease',
    passedOver: [
      {
        kind: 'datastore-files',
        reason: expect.stringContaining('its files were moved while they were read') as string,
      },
    ],
  });
  const { position } = (await bench.lab.snapshots()).at(-1)!.disks[0]!;
  const stored = await bench.restic.diskHash(point, 2000, join(folder, 'moved'));
  expect(stored).toBe(await bench.lab.diskHash('archive01', 2000, position));
  await bench.expectAllGood();
});

test('where nothing else may be taken, the run fails and says why', async () => {
  await bench.succeeds('backup', 'archive01', '--level', 'crash');
  const { code, stderr } = await backUpWhileMoved('datastore2', '--transport', 'datastore-files');
  expect({ code, stderr }).toMatchObject({
    code: 6,
    stderr: expect.stringMatching(
      /archive01 Hard disk 1: its files were moved while they were read[^]*once the VM stays where it is/,
    ) as string,
  });
  await bench.expectAllGood();
});
