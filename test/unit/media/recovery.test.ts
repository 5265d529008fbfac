import { expect, test } from 'vitest';

import { restoredState, savedState } from '../../../media/recovery/state.ts';
import { fractionsOf, timelineKey } from '../../../media/recovery/timeline.ts';
import { changeMessage, chosenPoint } from '../../../media/recovery/viewModel.ts';
import { levelLetter } from '../../../media/shared/levels.ts';
import { translator } from '../../../media/shared/text.ts';
import type { RecoveryOverview, TimelinePointView } from '../../../src/protocol/webview/recovery.ts';

const vm = { vcenter: 'vc', id: 'vm-1', name: 'web01' };
const t = translator({});

function pointAt(point: string, takenAt: string): TimelinePointView {
  return { repository: 'main', point, takenAt, moment: takenAt, age: '', levelText: '' };
}

const points = [pointAt('a', '2026-03-01T00:00:00Z'), pointAt('b', '2026-03-04T00:00:00Z')];

function overview(change: Partial<RecoveryOverview> = {}): RecoveryOverview {
  const answer = { tone: 'unknown', text: 'No goal is set' } as const;
  return {
    ...{ vmName: 'web01', inventoryPath: '/web01', notices: [], points },
    goal: { answer, gaps: [], acceptances: [], canAccept: false },
    consistency: { answer, levels: [], limits: [], unknowns: [], remarks: [], coverage: '', disks: [] },
    ...change,
  };
}

test('marks stand where their time is, and one alone is the newest', () => {
  const between = pointAt('x', '2026-03-02T12:00:00Z');
  expect(fractionsOf([points[0]!, between, points[1]!])).toEqual([0, 0.5, 1]);
  expect(fractionsOf([points[0]!])).toEqual([1]);
  expect(fractionsOf([])).toEqual([]);
});

test('the arrow keys go along the line and stop at its ends', () => {
  expect(timelineKey('ArrowRight', 1, 3)).toBe(2);
  expect(timelineKey('ArrowRight', 2, 3)).toBe(2);
  expect(timelineKey('ArrowLeft', 0, 3)).toBe(0);
  expect(timelineKey('Home', 2, 3)).toBe(0);
  expect(timelineKey('End', 0, 3)).toBe(2);
  expect(timelineKey('Tab', 0, 3)).toBeUndefined();
});

test('every level has a letter of its own', () => {
  const letters = ([undefined, 'none', 'crash', 'filesystem', 'application'] as const).map(levelLetter);
  expect(letters).toEqual(['?', 'N', 'C', 'F', 'A']);
});

test('the newest restore point is looked at unless another was chosen that is still there', () => {
  const ready = { kind: 'ready', value: overview() } as const;
  const chosen = { repository: 'main', point: 'a' };
  expect(chosenPoint({ overview: ready, state: {} })).toEqual({ repository: 'main', point: 'b' });
  expect(chosenPoint({ overview: ready, state: { point: chosen } })).toEqual(chosen);
  const gone = { repository: 'main', point: 'gone' };
  expect(chosenPoint({ overview: ready, state: { point: gone } })).toEqual({
    repository: 'main',
    point: 'b',
  });
  expect(chosenPoint({ overview: { kind: 'loading' }, state: {} })).toBeUndefined();
});

test('what is kept comes back, and nonsense does not', () => {
  const state = { point: { repository: 'main', point: 'a' } };
  expect(restoredState(JSON.parse(JSON.stringify(savedState(vm, state))))).toEqual(state);
  expect(savedState(vm, {})).toMatchObject({ vm });
  for (const nonsense of [undefined, null, 7, {}, { version: 2, ...state }, { version: 1, point: {} }])
    expect(restoredState(nonsense)).toEqual({});
});

test('a change is told in the words of the answers, and nothing where nothing has changed', () => {
  expect(changeMessage(undefined, overview(), t)).toBeUndefined();
  expect(changeMessage(overview(), overview(), t)).toBeUndefined();
  const answer = { tone: 'good', text: 'Yes: the goal is met now' } as const;
  const better = overview({ goal: { ...overview().goal, answer }, points: points.slice(1) });
  expect(changeMessage(overview(), better, t)).toBe('Updated. Yes: the goal is met now. 1 restore points');
});
