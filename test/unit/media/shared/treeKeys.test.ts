import { expect, test } from 'vitest';

import { siblingPositions, treeKeyAction, typeAhead } from '../../../../media/shared/treeKeys.ts';

const rows = [
  { id: 'repo', level: 1, label: 'Main', isExpanded: true },
  { id: 'web', level: 2, label: 'web01', isExpanded: true },
  { id: 'p1', level: 3, label: '2026-03-02' },
  { id: 'p2', level: 3, label: '2026-03-01' },
  { id: 'db', level: 2, label: 'db01', isExpanded: false },
  { id: 'other', level: 1, label: 'Mirror', isExpanded: false },
];
const move = (id: string) => ({ kind: 'move', id });

test.each([
  ['repo', 'ArrowDown', move('web')],
  ['other', 'ArrowDown', move('other')],
  ['web', 'ArrowUp', move('repo')],
  ['repo', 'ArrowUp', move('repo')],
  ['p2', 'Home', move('repo')],
  ['p2', 'End', move('other')],
  ['db', 'ArrowRight', { kind: 'expand', id: 'db' }],
  ['web', 'ArrowRight', move('p1')],
  ['p1', 'ArrowRight', move('p1')],
  ['web', 'ArrowLeft', { kind: 'collapse', id: 'web' }],
  ['p2', 'ArrowLeft', move('web')],
  ['db', 'ArrowLeft', move('repo')],
  ['other', 'ArrowLeft', move('other')],
  ['p1', 'Enter', { kind: 'choose', id: 'p1' }],
  ['p1', ' ', { kind: 'choose', id: 'p1' }],
  ['p1', 'Tab', undefined],
  ['gone', 'ArrowDown', move('web')],
  [undefined, 'Enter', { kind: 'choose', id: 'repo' }],
])('on %s, %s does %j', (activeId, key, action) => {
  expect(treeKeyAction(rows, activeId, key)).toEqual(action);
});

test('an empty tree knows no keys', () => {
  expect(treeKeyAction([], undefined, 'Home')).toBeUndefined();
});

test.each([
  ['repo', 'm', 'other'],
  ['other', 'm', 'repo'],
  ['repo', 'mm', 'other'],
  ['repo', 'mi', 'other'],
  ['p1', '2', 'p2'],
  ['p1', '2026-03-01', 'p2'],
  ['repo', 'W', 'web'],
  ['repo', 'x', undefined],
])('on %s, typing %j leads to %s', (activeId, typed, found) => {
  expect(typeAhead(rows, activeId, typed)).toBe(found);
});

test('every row knows its place among its siblings', () => {
  expect(Object.fromEntries(siblingPositions(rows))).toEqual({
    repo: { position: 1, count: 2 },
    web: { position: 1, count: 2 },
    p1: { position: 1, count: 2 },
    p2: { position: 2, count: 2 },
    db: { position: 2, count: 2 },
    other: { position: 2, count: 2 },
  });
});
