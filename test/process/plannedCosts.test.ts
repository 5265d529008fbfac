import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';

import { GiB, MiB } from '../../src/base/units.ts';
import type { ManifestDisk } from '../../src/core/catalog/manifest.ts';
import type { BackupOutlook } from '../../src/core/jobs/backupVm/backupOutlook.ts';
import { rolePrivileges } from '../../src/core/vsphere/privileges/featurePrivileges.ts';
import { QuiesceCli } from '../support/quiesceCli.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const test = toolTest('nbdkit');

const account = 'backup@vsphere.local';
const cli = new QuiesceCli(join(suiteFolder('planned-costs'), 'user'));
let lab: RunningLab;

beforeAll(async () => {
  lab = await RunningLab.start(['--profile', 'small', '--no-activity', '--account', `${account}=NoAccess`]);
  await grant(rolePrivileges);
  await cli.setUp(lab, account);
});
afterAll(async () => await lab[Symbol.asyncDispose]());
beforeEach(async () => {
  await lab.clearFaults();
  await grant(rolePrivileges);
});

async function grant(privileges: readonly string[]): Promise<void> {
  await lab.control('POST', 'roles/Backup', { privileges });
  await lab.control('POST', `accounts/${account}`, { role: 'Backup' });
}

async function planned(vm: string, ...options: readonly string[]): Promise<BackupOutlook> {
  return (await cli.json('backup', vm, '--level', 'crash', '--plan', ...options)) as BackupOutlook;
}

async function backUp(vm: string, ...options: readonly string[]): Promise<readonly ManifestDisk[]> {
  const args = ['backup', vm, '--level', 'crash', ...options];
  return ((await cli.json(...args)) as { readonly disks: readonly ManifestDisk[] }).disks;
}

function takenIn({ transports }: BackupOutlook): string | undefined {
  return transports.find(({ takenFor }) => takenFor.length > 0)?.kind;
}

test('the plan says what is read by what, and the backup reads that by that', async () => {
  const full = await planned('archive01');
  const [disk] = await backUp('archive01', '--enable-tracking', '--yes');
  expect(takenIn(full)).toBe(disk?.transport.kind);
  await backUp('archive01');
  await lab.control('POST', 'disks/archive01/2000/bytes', { offset: 300 * MiB, length: 3 * MiB, seed: 7 });
  await backUp('archive01');
  await lab.control('POST', 'disks/archive01/2000/bytes', { offset: 300 * MiB, length: 3 * MiB, seed: 8 });
  const outlook = await planned('archive01');
  const [again] = await backUp('archive01');
  expect(takenIn(outlook)).toBe('datastore-files');
  expect(again?.transport.kind).toBe('datastore-files');
  const cost = outlook.transports.find(({ kind }) => kind === 'datastore-files')?.cost;
  // As much as had changed the last time, and the sample.
  expect(cost?.readBytes).toBe(again?.transport.readBytes);
});

test('what is closed is told with the reason, and a choice that is closed by everything', async () => {
  const closedIn = ({ transports }: BackupOutlook) =>
    Object.fromEntries(transports.map(({ kind, closed }) => [kind, closed[0]?.refused]));
  expect(closedIn(await planned('db01'))).toMatchObject({
    'hot-add': 'this program does not run in a VM of the server',
    'nfc-lease': undefined,
  });
  await grant(rolePrivileges.filter(privilege => privilege !== 'VApp.Export'));
  expect(closedIn(await planned('db01'))['nfc-lease']).toBe(
    'the account does not have the privilege VApp.Export',
  );
  const text = (await cli.ok('backup', 'db01', '--level', 'crash', '--plan')).toString();
  expect(text).toContain('Not by nfc-lease: the account does not have the privilege VApp.Export');
  expect(text).toContain('No transport can read its disks: the backup would fail');
  await grant(rolePrivileges);
  const chosen = await planned('db01', '--transport', 'datastore-files');
  expect(takenIn(chosen)).toBe('datastore-files');
});

test('an NBD program that is not there is told in the plan, before the backup goes by another way', async () => {
  const nbd = async (command: string) => {
    const { transports } = await planned('web01', '--nbd-command', command);
    return transports.find(({ kind }) => kind === 'nbd');
  };
  const lacksPlugin = 'nbdkit --unix {socket} no-such-plugin file={file}';
  expect((await nbd(lacksPlugin))?.closed).toEqual([
    {
      refused: 'the plugin no-such-plugin of nbdkit is not installed',
      remedy: 'Install the package nbdkit-plugin-no-such-plugin, or choose another transport',
    },
  ]);
  expect((await nbd('no-such-program {socket}'))?.closed[0]?.refused).toBe(
    'the program no-such-program is not installed',
  );
  expect(await nbd('nbdkit --unix {socket} file {file}')).toMatchObject({
    ...{ closed: [], takenFor: ['Hard disk 1'] },
  });
  expect((await backUp('web01', '--nbd-command', lacksPlugin))[0]?.transport.kind).not.toBe('nbd');
});

test('the plan looks for room on the datastores, as the backup does, and for snapshots', async () => {
  const { room } = await planned('web01');
  expect(room).toMatchObject({ neededBytes: GiB, snapshotCount: 0, datastores: [{ isEnough: true }] });
  await lab.setFaults({ datastoreFreeBytes: { datastore1: 300 * MiB } });
  const text = (await cli.ok('backup', 'web01', '--plan')).toString();
  expect(text).toContain(
    'No room for a snapshot on datastore1: 300 MiB free, at least 1 GiB needed; the backup would fail',
  );
  expect((await cli.run('backup', 'web01')).code).not.toBe(0);
});
