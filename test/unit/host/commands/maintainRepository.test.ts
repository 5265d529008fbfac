import { expect, test } from 'vitest';

import {
  forgetPoints,
  pruneRepository,
  unlockRepository,
} from '../../../../src/host/commands/maintainRepository.ts';
import type { PointTreeNode } from '../../../../src/host/model/pointTreeModel.ts';
import {
  type ForgottenOfVmDto,
  planForget,
  startForget,
  startPrune,
  unlockRepository as unlockRequest,
} from '../../../../src/protocol/maintenance.ts';
import { openRepository } from '../../../../src/protocol/repository.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture } from '../hostFixture.ts';

const row: PointTreeNode = { kind: 'repository', name: 'main', location: '/backups/main' };

async function withRepository(ui: ScriptedUi) {
  const { host, worker } = hostFixture(ui);
  await host.known.saveRepository({ name: 'main', location: '/backups/main' });
  await host.credentials.keep('repository/main', 'secret');
  worker.on(openRepository, ({ name, location }) => ({ name, location, id: 'i' }));
  return { host, worker };
}

const lossOf = (vmName: string, ...days: readonly number[]): ForgottenOfVmDto => ({
  vmName,
  keptCount: 2,
  forgotten: days.map(day => ({ id: `${vmName}-${day}`, takenAt: new Date(2026, 2, day, 12).toISOString() })),
});

test('restore points are forgotten exactly as they were shown', async () => {
  const ui = new ScriptedUi([{ type: '3 14 8' }, { type: '0 0 0 0 0' }, { type: '2, 7, 4, 12, 1' }]);
  const { host, worker } = await withRepository(ui);
  worker.on(planForget, () => ({
    vms: [lossOf('web01', 5, 4, 3), lossOf('db01', 2), lossOf('build01')],
    problems: [
      { code: 'CORRUPT_DATA', message: 'snapshot 5f is damaged', retryable: false, causes: [] } as const,
    ],
  }));
  worker.on(startForget, () => ({ jobId: 'j' }));
  await forgetPoints(host, row);
  expect(ui.refused).toHaveLength(2);
  const rules = { last: 2, daily: 7, weekly: 4, monthly: 12, yearly: 1 };
  expect(worker.paramsOf(planForget)).toEqual([{ repository: 'main', rules }]);
  expect(ui.confirmations).toEqual([
    {
      question: 'Forget 4 restore points?',
      lines: [
        'web01: 3 of 5, from 2026-03-03 12:00 to 2026-03-05 12:00',
        'db01: 1 of 3, of 2026-03-02 12:00',
        'Cannot be read, and stays: Snapshot 5f is damaged.',
        'They cannot be brought back. Prune gives their space back.',
      ],
      action: 'Forget',
    },
  ]);
  expect(worker.paramsOf(startForget)).toEqual([
    { repository: 'main', points: ['web01-5', 'web01-4', 'web01-3', 'db01-2'] },
  ]);
});

test('nothing is forgotten by a no, nor where the rules keep everything', async () => {
  const refusing = new ScriptedUi(['enter'], { confirms: false });
  const { host, worker } = await withRepository(refusing);
  worker.on(planForget, () => ({ vms: [lossOf('web01', 1)], problems: [] }));
  await expect(forgetPoints(host, row)).rejects.toMatchObject({ code: 'CANCELLED' });

  const ui = new ScriptedUi(['enter']);
  const other = await withRepository(ui);
  other.worker.on(planForget, () => ({ vms: [lossOf('web01')], problems: [] }));
  await forgetPoints(other.host, row);
  expect(ui.told).toEqual([{ severity: 'info', message: 'These rules keep all restore points' }]);
  expect(ui.confirmations).toEqual([]);
});

test('a prune is confirmed before it starts', async () => {
  const no = new ScriptedUi([], { confirms: false });
  await expect(pruneRepository((await withRepository(no)).host, row)).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  const { host, worker } = await withRepository(new ScriptedUi([]));
  worker.on(startPrune, () => ({ jobId: 'j' }));
  await pruneRepository(host, undefined);
  expect(worker.paramsOf(startPrune)).toEqual([{ repository: 'main' }]);
});

test('unlocking tells whose locks stay', async () => {
  const ui = new ScriptedUi([]);
  const { host, worker } = await withRepository(ui);
  const time = new Date(2026, 2, 1, 12).toISOString();
  worker.on(unlockRequest, () => ({
    removedCount: 2,
    held: [{ exclusive: false, username: 'backup', hostname: 'jump', pid: 4711, time }],
  }));
  await unlockRepository(host, row);
  expect(ui.told.map(({ message }) => message)).toEqual([
    '2 locks of holders that are gone were removed; 1 stay: backup@jump (process 4711) since 2026-03-01 12:00',
  ]);
});
