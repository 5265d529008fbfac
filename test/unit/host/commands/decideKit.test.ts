import { expect, test } from 'vitest';

import { AppError } from '../../../../src/base/errors.ts';
import { decideKit } from '../../../../src/host/commands/decideKit.ts';
import { makeRecoveryKit } from '../../../../src/host/commands/maintainRepository.ts';
import type { PointTreeNode } from '../../../../src/host/model/pointTreeModel.ts';
import {
  confirmRecoveryKit,
  declineRecoveryKit,
  makeRecoveryKit as kitRequest,
  readKitState,
} from '../../../../src/protocol/maintenance.ts';
import { listRepositories } from '../../../../src/protocol/repository.ts';
import { ScriptedUi } from '../../../support/scriptedUi.ts';
import { hostFixture } from '../hostFixture.ts';

const row: PointTreeNode = { kind: 'repository', name: 'main', location: '/backups/main' };

test('a recovery kit is written where it was asked for, and what to do with it is told', async () => {
  const ui = new ScriptedUi([{ type: 'kit.html' }, { type: '/safe/kit.html' }]);
  const { host, worker } = undecided(ui);
  await makeRecoveryKit(host, row);
  expect(ui.refused).toEqual(['Enter an absolute path']);
  expect(worker.paramsOf(kitRequest)).toEqual([{ repository: 'main', path: '/safe/kit.html' }]);
  expect(ui.told[0]?.message).toContain('/safe/kit.html');
});

test('before a first backup a kit is made, and entered until it is right', async () => {
  const ui = new ScriptedUi([
    { pick: 'Make a recovery kit' },
    { type: '/safe/kit.html' },
    { type: 'wrong' },
    { type: 'right' },
  ]);
  const { host, worker } = undecided(ui);
  await decideKit(host, 'main');
  expect(worker.paramsOf(kitRequest)).toEqual([{ repository: 'main', path: '/safe/kit.html' }]);
  expect(ui.refused).toEqual([expect.stringContaining('not on its recovery kit')]);
  expect(worker.paramsOf(confirmRecoveryKit).at(-1)).toEqual({ repository: 'main', password: 'right' });
  expect(worker.paramsOf(declineRecoveryKit)).toEqual([]);
});

test('one that is printed already is entered', async () => {
  const ui = new ScriptedUi([{ pick: 'Enter the printed recovery kit' }, { type: 'right' }]);
  const { host, worker } = undecided(ui, true);
  await decideKit(host, 'main');
  expect(worker.paramsOf(kitRequest)).toEqual([]);
  expect(worker.paramsOf(confirmRecoveryKit)).toEqual([{ repository: 'main', password: 'right' }]);
});

test('whoever goes without one has that written down; whoever gives up has decided nothing', async () => {
  const without = undecided(new ScriptedUi([{ pick: 'Go without a recovery kit' }]));
  await decideKit(without.host, 'main');
  expect(without.worker.paramsOf(declineRecoveryKit)).toEqual([{ repository: 'main' }]);

  const givenUp = undecided(new ScriptedUi(['cancel']));
  await expect(decideKit(givenUp.host, 'main')).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(givenUp.worker.paramsOf(declineRecoveryKit)).toEqual([]);
});

test('nothing is asked once it is decided', async () => {
  const ui = new ScriptedUi([]);
  const { host, worker } = undecided(ui);
  worker.on(readKitState, () => ({ isDecided: true, hasKit: false }));
  await decideKit(host, 'main');
  expect(ui.shown).toEqual([]);
});

/** A repository into which nothing was backed up yet. */
function undecided(ui: ScriptedUi, hasKit = false) {
  const fixture = hostFixture(ui);
  fixture.worker
    .on(listRepositories, () => ({ repositories: [{ name: 'main', location: '/backups/main', id: 'i' }] }))
    .on(readKitState, () => ({ isDecided: false, hasKit }))
    .on(kitRequest, () => ({ keyId: 'k' }))
    .on(declineRecoveryKit, () => ({}))
    .on(confirmRecoveryKit, ({ password }) => {
      if (password !== 'right') throw new AppError('AUTHENTICATION', 'this is not on its recovery kit');
      return {};
    });
  return fixture;
}
