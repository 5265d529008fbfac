import { expect, test } from 'vitest';

import type { RecoveryGoal } from '../../../../src/core/consistency/recovery/goal.ts';
import {
  goalOf,
  type GoalRecord,
  type GoalScope,
  type GoalSubject,
} from '../../../../src/core/goals/recoveryGoals.ts';

const goal: RecoveryGoal = { minimumLevel: 'crash', maxAgeMs: undefined, maxRecoveryMs: undefined };
const server = { serverInstanceUuid: 'vc-1' };

function record(name: string, scope: GoalScope): GoalRecord {
  return { scope, name, goal, setBy: 'kim', setAt: new Date(0) };
}

const goals = [
  record('server', { kind: 'folder', ...server, path: '/' }),
  record('folder', { kind: 'folder', ...server, path: '/Lab/vm/Web' }),
  record('inner', { kind: 'folder', ...server, path: '/Lab/vm/Web/Shop' }),
  record('own', { kind: 'vm', ...server, vmInstanceUuid: 'u-1' }),
  record('elsewhere', { kind: 'folder', serverInstanceUuid: 'vc-2', path: '/Other' }),
];

test.each<readonly [string, Partial<GoalSubject>, string | undefined]>([
  ['its own before that of any folder', { vmInstanceUuid: 'u-1' }, 'own'],
  ['that of the innermost folder', {}, 'inner'],
  ['that of a folder further out', { inventoryPath: '/Lab/vm/Web/web02' }, 'folder'],
  ['not that of a folder whose name only begins alike', { inventoryPath: '/Lab/vm/Website/w' }, 'server'],
  ['not that of another server', { serverInstanceUuid: 'vc-3', inventoryPath: '/Other/w' }, undefined],
  ['that of its folder for a VM whose identity is not known', { vmInstanceUuid: undefined }, 'inner'],
])('the goal of a VM is %s', (_, change, name) => {
  const vm = { ...server, vmInstanceUuid: 'u-2', inventoryPath: '/Lab/vm/Web/Shop/web01' };
  expect(goalOf(goals, { ...vm, ...change })?.name).toBe(name);
});
