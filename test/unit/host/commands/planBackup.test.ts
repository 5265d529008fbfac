import { expect, test } from 'vitest';

import { planBackup } from '../../../../src/host/commands/planBackup.ts';
import { quiescedOrAsk } from '../../../../src/host/model/backupPolicies.ts';
import { startBackup } from '../../../../src/protocol/job.ts';
import { type BackupPlanDto, planBackup as planRequest } from '../../../../src/protocol/plan.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture, vmDto } from '../hostFixture.ts';

const GiB = 1024 ** 3;
const node = { kind: 'vm', vcenter: 'vc.lab', newest: undefined, vm: vmDto() } as const;
const vm = { vcenter: 'vc.lab', id: 'vm-1', name: 'web01' };

const plan: BackupPlanDto = {
  ...{ vmName: 'web01', quiesce: true, requested: 'filesystem', predicted: 'filesystem' },
  prediction: vmDto().predicted,
  ...{ disks: [], leftOutDisks: [], isTracking: true },
  transports: [
    {
      kind: 'hot-add',
      ...{ takenFor: [], readsChangesAlone: true },
      closed: [{ refused: 'it is a disk of the VM in which this runs', remedy: 'Back it up from elsewhere' }],
    },
    {
      kind: 'datastore-files',
      ...{ takenFor: ['Hard disk 1'], readsChangesAlone: true },
      closed: [{ label: 'Hard disk 2', refused: 'its file does not hold all of the disk' }],
      cost: { readBytes: GiB, snapshotOpenMs: 15_000, bytesPerSecond: 70e6, isMeasured: false },
    },
    {
      kind: 'nfc-lease',
      ...{ takenFor: ['Hard disk 2'], readsChangesAlone: false, closed: [] },
      cost: { readBytes: 90 * GiB, snapshotOpenMs: 3_900_000, bytesPerSecond: 25e6, isMeasured: true },
    },
  ],
  room: {
    neededBytes: 5 * GiB,
    datastores: [
      { name: 'fast', freeBytes: 900 * GiB, isEnough: true },
      { name: 'full', freeBytes: GiB, isEnough: false },
    ],
    ...{ snapshotCount: 2, oldestAgeMs: 3 * 86_400_000 },
  },
};

test('what each transport costs is shown before the backup, and picking one starts it', async () => {
  const ui = new ScriptedUi([{ pick: 'Quiesced' }, { pick: 'an export lease' }]);
  const { host, worker } = hostFixture(ui);
  await host.known.saveVCenter({ name: 'vc.lab', url: 'https://vc.lab', user: 'a', fingerprint: 'AA' });
  await host.known.saveRepository({ name: 'main', location: '/backups' });
  await host.credentials.keep('vcenter/vc.lab', 'secret');
  await host.credentials.keep('repository/main', 'secret');
  worker.on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }));
  worker.on(planRequest, () => plan);
  worker.on(startBackup, () => ({ jobId: 'j1' }));
  await planBackup(host, node);
  expect(ui.shown.at(-1)).toContain(
    'By what shall the disks of web01 be read? no room for a snapshot: 1 GiB free on full, 5 GiB needed; snapshots already there: 2, the oldest 3 d 0 h old',
  );
  expect(ui.offered.at(-1)).toEqual([
    [
      'Let Quiesce choose',
      'ranges of its file: Hard disk 1; an export lease: Hard disk 2',
      'The best one that is open; if it closes in the midst of a disk, the next one',
    ],
    ['hot-adding', 'closed', 'it is a disk of the VM in which this runs. Back it up from elsewhere'],
    [
      'ranges of its file',
      '1 GiB to read, the snapshot is open for 15 s at an assumed 66.8 MiB/s',
      'Hard disk 2: its file does not hold all of the disk',
    ],
    [
      'an export lease',
      '90 GiB to read, the snapshot is open for 1 h 05 min at 23.8 MiB/s, as last time',
      'Reads everything, whatever has changed',
    ],
  ]);
  expect(worker.paramsOf(planRequest)).toEqual([{ vm, repository: 'main', policy: quiescedOrAsk }]);
  expect(worker.paramsOf(startBackup)).toEqual([
    { vm, repository: 'main', policy: quiescedOrAsk, transport: 'nfc-lease' },
  ]);
});
