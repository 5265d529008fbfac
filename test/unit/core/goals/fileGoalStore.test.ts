import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { silentLogger } from '../../../../src/base/logger.ts';
import { systemRandom } from '../../../../src/base/random.ts';
import { measureTransfer } from '../../../../src/core/goals/measureTransfer.ts';
import { FileGoalStore } from '../../../../src/core/goals/node/fileGoalStore.ts';
import { FileTransferLog } from '../../../../src/core/goals/node/fileTransferLog.ts';
import type { AcceptanceRecord, GoalRecord } from '../../../../src/core/goals/recoveryGoals.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { ManualClock } from '../../../support/manualClock.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const identity = { serverInstanceUuid: 'vc-1', vmInstanceUuid: 'u-1' };
const goal: GoalRecord = {
  scope: { kind: 'vm', ...identity },
  name: 'web01',
  goal: { minimumLevel: 'filesystem', maxAgeMs: 86_400_000, maxRecoveryMs: undefined },
  setBy: 'kim',
  setAt: new Date('2026-03-01T12:00:00Z'),
};
const acceptance: AcceptanceRecord = {
  ...identity,
  vmName: 'web01',
  by: 'kim',
  at: new Date('2026-03-01T12:00:00Z'),
  reason: 'until the new disk has come',
  until: new Date('2026-03-08T12:00:00Z'),
  gaps: ['level', 'age'],
  level: 'crash',
};

function storeIn(folder: string): FileGoalStore {
  return new FileGoalStore(join(folder, 'goals'), systemRandom);
}

test('goals and acceptances survive the process that kept them', async () => {
  const folder = temporaryFolder('goals');
  expect(await storeIn(folder).read(anySignal)).toEqual({ goals: [], acceptances: [], problems: [] });
  const store = storeIn(folder);
  const ofFolder: GoalRecord = {
    ...goal,
    scope: { kind: 'folder', serverInstanceUuid: 'vc-1', path: '/Lab/vm' },
    goal: { minimumLevel: 'crash', maxAgeMs: undefined, maxRecoveryMs: 1000 },
  };
  await Promise.all([store.set(goal), store.set(ofFolder), storeIn(folder).accept(acceptance)]);
  const read = await storeIn(folder).read(anySignal);
  expect(read.goals).toHaveLength(2);
  expect(read.goals).toEqual(expect.arrayContaining([goal, ofFolder]));
  expect(read).toMatchObject({ acceptances: [acceptance], problems: [] });
});

test('a goal takes the place of the former one of its scope, and can be removed', async () => {
  const store = storeIn(temporaryFolder('goals'));
  await store.set(goal);
  await store.set({ ...goal, setBy: 'alex' });
  expect((await store.read(anySignal)).goals).toEqual([{ ...goal, setBy: 'alex' }]);
  await store.remove(goal.scope);
  await store.remove(goal.scope);
  expect((await store.read(anySignal)).goals).toEqual([]);
});

test.each([
  ['{', 'not JSON'],
  ['{"version":2,"kind":"goal"}', 'of a later version'],
  ['{"version":1,"kind":"goal","scope":{"kind":"vm"}}', 'without an identity'],
  ['{"version":1,"kind":"wish"}', 'of another kind'],
])('a record that is %s is told, and the others count all the same', async content => {
  const folder = temporaryFolder('goals');
  await storeIn(folder).set(goal);
  const path = join(folder, 'goals', 'goal-00ff.json');
  writeFileSync(path, content);
  writeFileSync(join(folder, 'goals', 'notes.txt'), 'of a person');
  const { goals, problems } = await storeIn(folder).read(anySignal);
  expect(goals).toEqual([goal]);
  expect(problems.map(({ code, object }) => [code, object])).toEqual([['CORRUPT_DATA', path]]);
});

test('restores are measured by kind, the newest ones are kept, and what failed measures nothing', async () => {
  const folder = temporaryFolder('transfers');
  const clock = new ManualClock();
  const transfers = new FileTransferLog(folder, systemRandom, silentLogger);
  const deps = { transfers, clock, logger: silentLogger };
  for (let index = 1; index <= 22; index += 1)
    await measureTransfer(deps, 'vm', index, async () => await clock.advance(2000));
  await measureTransfer(deps, 'disk', 7, async () => await clock.advance(1500));
  await expect(
    measureTransfer(deps, 'disk', 8, async () => await Promise.reject(new Error('full'))),
  ).rejects.toThrow('full');
  const ofVms = await transfers.read('vm', anySignal);
  expect(ofVms.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 20 }, (_, index) => index + 3));
  expect(ofVms[0]?.durationMs).toBe(2000);
  expect(await transfers.read('disk', anySignal)).toMatchObject([{ bytes: 7, durationMs: 1500 }]);
  const [name = ''] = readdirSync(folder).filter(file => file.startsWith('disk-'));
  writeFileSync(join(folder, name), 'torn');
  expect(await transfers.read('disk', anySignal)).toEqual([]);
});

test('a restore whose measurement cannot be kept has succeeded all the same', async () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => warnings.push(text) };
  const full = {
    read: async () => await Promise.resolve([]),
    add: async () => await Promise.reject(new Error('the disk is full')),
  };
  const deps = { transfers: full, clock: new ManualClock(), logger };
  expect(await measureTransfer(deps, 'vm', 1, async () => await Promise.resolve('restored'))).toBe(
    'restored',
  );
  expect(warnings).toEqual(['how long a restore took is not remembered: the disk is full']);
});
