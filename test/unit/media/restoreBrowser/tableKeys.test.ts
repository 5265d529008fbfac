import { expect, test } from 'vitest';

import { selectedOf, tableKeyAction, toggled } from '../../../../media/restoreBrowser/tableKeys.ts';
import type { SelectedEntry } from '../../../../media/restoreBrowser/state.ts';

const press = (key: string, modifiers: string) => ({
  key,
  ctrlKey: modifiers.includes('c'),
  metaKey: modifiers.includes('m'),
  shiftKey: modifiers.includes('s'),
  altKey: modifiers.includes('a'),
});
const move = (index: number, selection = 'select') => ({ kind: 'move', index, selection });

test.each([
  ['ArrowDown', '', -1, move(0)],
  ['ArrowUp', '', -1, move(0)],
  ['ArrowDown', '', 4, move(5)],
  ['ArrowDown', '', 99, move(99)],
  ['ArrowUp', '', 0, move(0)],
  ['PageDown', '', 10, move(20)],
  ['PageDown', '', 95, move(99)],
  ['PageUp', '', 5, move(0)],
  ['Home', '', 50, move(0)],
  ['End', '', 50, move(99)],
  ['End', 's', 50, move(99, 'extend')],
  ['ArrowDown', 'c', 4, move(5, 'keep')],
  ['ArrowDown', 'm', 4, move(5, 'keep')],
  [' ', '', 4, { kind: 'toggle' }],
  [' ', 'c', 4, { kind: 'toggle' }],
  ['Enter', '', 4, { kind: 'open' }],
  ['Backspace', '', 4, { kind: 'leave' }],
  ['ArrowUp', 'a', 4, { kind: 'leave' }],
  ['a', 'c', 4, { kind: 'selectAll' }],
  ['A', 'm', 4, { kind: 'selectAll' }],
  ['Escape', '', 4, { kind: 'clear' }],
  ['/', '', 4, { kind: 'filter' }],
  ['f', 'c', 4, { kind: 'filter' }],
  ['Tab', '', 4, undefined],
  ['s', 'c', 4, undefined],
  ['ArrowDown', 'a', 4, undefined],
])('%s %s on row %i is %j', (key, modifiers, activeIndex, action) => {
  expect(tableKeyAction(press(key, modifiers), activeIndex, 100, 10)).toEqual(action);
});

test('in an empty folder there is nowhere to go but out', () => {
  expect(tableKeyAction(press('ArrowDown', ''), -1, 0, 10)).toBeUndefined();
  expect(tableKeyAction(press('Backspace', ''), -1, 0, 10)).toEqual({ kind: 'leave' });
});

const file = (name: string): SelectedEntry => ({ name, kind: 'file' });

test('an entry is taken, given back, and taken with others', () => {
  const one = [file('a')];
  expect(toggled([], file('a'))).toEqual(one);
  expect(toggled(one, file('b'))).toEqual([file('a'), file('b')]);
  expect(toggled(one, file('a'))).toEqual([]);
  expect(selectedOf([file('x'), file('y')])).toEqual([file('x'), file('y')]);
});

test('no more is selected than can be asked for', () => {
  const many = Array.from({ length: 1500 }, (_, index) => file(String(index)));
  expect(selectedOf(many)).toHaveLength(1000);
  expect(toggled(selectedOf(many.slice(0, 999)), file('the last'))).toHaveLength(1000);
  expect(toggled(selectedOf(many), file('one more'))).toBeUndefined();
  expect(toggled(selectedOf(many), file('7'))).toHaveLength(999);
});
