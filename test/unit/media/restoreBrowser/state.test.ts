import { expect, test } from 'vitest';

import {
  type BrowserState,
  childPath,
  initialState,
  openDisk,
  openFolder,
  openPoint,
  openVolume,
  parentPath,
  restoredState,
  savedState,
  withFilter,
} from '../../../../media/restoreBrowser/state.ts';

const point = { repository: 'main', vmInstanceUuid: 'uuid', point: 'p1' };
const deep: BrowserState = {
  ...openFolder(openVolume(openPoint(initialState, point), 2000, 1), '/etc/nginx'),
  filter: 'conf',
  selected: [{ name: 'nginx.conf', kind: 'file' }],
  activeIndex: 3,
  scrollTopPx: 480,
  isTouched: true,
};

test('what is kept comes back, through JSON', () => {
  expect(restoredState(JSON.parse(JSON.stringify(savedState(deep))))).toEqual(deep);
});

test.each([
  [undefined],
  [null],
  ['text'],
  [{}],
  [{ version: 2, place: deep.place }],
  [{ version: 1 }],
  [{ version: 1, place: 7 }],
])('what was kept by something else, %j, is a fresh start', saved => {
  expect(restoredState(saved)).toEqual(initialState);
});

test('what makes no sense of what was kept is left out, with everything inside of it', () => {
  const saved = {
    ...(savedState(deep) as object),
    place: { ...deep.place, deviceKey: '2000' },
    expanded: ['a', 7],
    filter: 5,
    selected: [{ name: 'x' }, { name: 'y', kind: 'file' }, 'z'],
    activeIndex: -4,
    scrollTopPx: Number.NaN,
  };
  expect(restoredState(saved)).toEqual({
    place: { ...point, path: '/' },
    expanded: ['a'],
    filter: '',
    selected: [{ name: 'y', kind: 'file' }],
    activeIndex: -1,
    scrollTopPx: 0,
    isTouched: true,
  });
});

test('what was kept is the doing of somebody, a fresh start is not', () => {
  expect(restoredState(savedState({ ...initialState, isTouched: true })).isTouched).toBe(true);
  expect(restoredState(undefined).isTouched).toBe(false);
});

test('a point opens with its set and repository expanded; another place forgets filter and selection', () => {
  const opened = openPoint(deep, { ...point, point: 'p2' });
  expect(opened.expanded).toEqual(['repository/main', 'set/main/uuid']);
  expect(opened.place).toEqual({ ...point, point: 'p2', path: '/' });
  expect(openVolume(deep, 2001, 2).place).toEqual({ ...point, deviceKey: 2001, volumeIndex: 2, path: '/' });
  expect(openDisk(deep, 2001).place).toEqual({ ...point, deviceKey: 2001, path: '/' });
  for (const state of [opened, openVolume(deep, 2001, 2), openFolder(deep, '/etc')])
    expect(state).toMatchObject({ filter: '', selected: [], activeIndex: -1, scrollTopPx: 0 });
});

test('a filter keeps what is selected', () => {
  expect(withFilter(deep, 'x')).toMatchObject({ filter: 'x', selected: deep.selected, activeIndex: -1 });
});

test('paths go up and down', () => {
  expect(childPath('/', 'etc')).toBe('/etc');
  expect(childPath('/etc', 'nginx')).toBe('/etc/nginx');
  expect([parentPath('/etc/nginx'), parentPath('/etc'), parentPath('/')]).toEqual(['/etc', '/', '/']);
});
