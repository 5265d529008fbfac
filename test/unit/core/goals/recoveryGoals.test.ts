import { expect, test } from 'vitest';

import type { RecoveryGoal } from '../../../../src/core/consistency/recovery/goal.ts';
import { decodeRecord, encodeRecord } from '../../../../src/core/goals/goalText.ts';
import {
  goalOf,
  type GoalRecord,
  type GoalScope,
  type GoalSubject,
  scopeKey,
} from '../../../../src/core/goals/recoveryGoals.ts';

const goal: RecoveryGoal = { minimumLevel: 'crash', maxAgeMs: undefined, maxRecoveryMs: undefined };
const server = { serverInstanceUuid: 'vc-1' };

const gold = { category: 'Plan', name: 'gold' };
const elsewhere: GoalSubject = {
  ...{ ...server, vmInstanceUuid: 'u-2', inventoryPath: '/Else/vm/w', computePath: undefined, tags: [] },
};

function record(name: string, scope: GoalScope): GoalRecord {
  return { scope, name, goal, setBy: 'kim', setAt: new Date(0) };
}

const goals = [
  record('server', { kind: 'folder', ...server, path: '/' }),
  record('folder', { kind: 'folder', ...server, path: '/Lab/vm/Web' }),
  record('inner', { kind: 'folder', ...server, path: '/Lab/vm/Web/Shop' }),
  record('own', { kind: 'vm', ...server, vmInstanceUuid: 'u-1' }),
  record('cluster', { kind: 'compute', ...server, path: '/Lab/host/Cluster' }),
  record('host', { kind: 'compute', ...server, path: '/Lab/host/Cluster/esx01' }),
  record('tag', { kind: 'tag', ...server, category: 'Plan', tag: 'gold' }),
  record('group', { kind: 'group', ...server, group: 'shop', vmInstanceUuids: ['u-1', 'u-3'] }),
  record('elsewhere', { kind: 'folder', serverInstanceUuid: 'vc-2', path: '/Other' }),
];

test.each<readonly [string, Partial<GoalSubject>, string | undefined]>([
  ['its own before that of any folder', { vmInstanceUuid: 'u-1' }, 'own'],
  ['that of the innermost folder', {}, 'inner'],
  ['that of a folder further out', { inventoryPath: '/Lab/vm/Web/web02' }, 'folder'],
  ['not that of a folder whose name only begins alike', { inventoryPath: '/Lab/vm/Website/w' }, 'server'],
  ['that of a group before that of a tag', { vmInstanceUuid: 'u-3', tags: [gold] }, 'group'],
  ['its own before that of a group', { vmInstanceUuid: 'u-1', tags: [gold] }, 'own'],
  ['that of a tag before that of a folder', { tags: [{ category: 'Other', name: 'gold' }, gold] }, 'tag'],
  ['not that of a tag of another category', { tags: [{ category: 'Other', name: 'gold' }] }, 'inner'],
  ['not that of a group for a VM whose identity is not known', { vmInstanceUuid: undefined }, 'inner'],
  ['not that of another server', { serverInstanceUuid: 'vc-3', inventoryPath: '/Other/w' }, undefined],
  ['that of its folder for a VM whose identity is not known', { vmInstanceUuid: undefined }, 'inner'],
])('the goal of a VM is %s', (_, change, name) => {
  const vm = { ...elsewhere, inventoryPath: '/Lab/vm/Web/Shop/web01' };
  expect(goalOf(goals, { ...vm, ...change })?.name).toBe(name);
});

test.each([
  ['/Lab/host/Cluster/esx01/w', 'host'],
  ['/Lab/host/Cluster/esx02/w', 'cluster'],
  ['/Lab/host/Cluster2/esx03/w', undefined],
  [undefined, undefined],
])('a VM on %s has the goal of %s', (computePath, name) => {
  const places = goals.filter(({ scope }) => scope.kind === 'compute');
  expect(goalOf(places, { ...elsewhere, computePath })?.name).toBe(name);
});

test('of several tags the one that asks for the most counts', () => {
  const tagged = (name: string, change: Partial<RecoveryGoal>): GoalRecord => ({
    ...record(name, { kind: 'tag', ...server, category: 'Plan', tag: name }),
    goal: { ...goal, ...change },
  });
  const all = [
    tagged('bronze', {}),
    tagged('daily', { minimumLevel: 'filesystem', maxAgeMs: 24 }),
    tagged('hourly', { minimumLevel: 'filesystem', maxAgeMs: 1 }),
    tagged('fast', { minimumLevel: 'filesystem', maxAgeMs: 1, maxRecoveryMs: 5 }),
  ];
  const tags = all.map(({ name }) => ({ category: 'Plan', name }));
  for (const order of [all, all.toReversed()])
    expect(goalOf(order, { ...elsewhere, tags })?.name).toBe('fast');
  expect(goalOf(all, { ...elsewhere, tags: tags.slice(0, 2) })?.name).toBe('daily');
});

test.each(goals)('the goal $name is kept and read again', async stored => {
  const text = encodeRecord({ kind: 'goal', record: stored });
  expect(decodeRecord(text, 'goal.json')).toEqual({ kind: 'goal', record: stored });
});

test('each scope has a key of its own, and a group the same whoever is in it', () => {
  const keys = goals.map(({ scope }) => JSON.stringify(scopeKey(scope)));
  expect(new Set(keys).size).toBe(goals.length);
  const smaller = { kind: 'group', ...server, group: 'shop', vmInstanceUuids: [] } as const;
  expect(keys).toContain(JSON.stringify(scopeKey(smaller)));
});
