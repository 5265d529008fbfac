import { describe, expect, test } from 'vitest';

import {
  emptyForm,
  expand,
  initialState,
  openFolder,
  openPoint,
  openVolume,
  restoredState,
  savedState,
} from '../../../../media/restoreBrowser/state.ts';
import { noResults } from '../../../../media/restoreBrowser/searchResults.ts';
import { timelineMarks } from '../../../../media/restoreBrowser/timeline.ts';
import { backupRows, diskRows, pointIcon } from '../../../../media/restoreBrowser/treeRows.ts';
import {
  type BrowserModel,
  crumbsOf,
  emptyTextOf,
  enabledActions,
  noticesOf,
  onlyPointOf,
  rowCountOf,
  searchContentOf,
  statusText,
  volumeToOpen,
} from '../../../../media/restoreBrowser/viewModel.ts';
import { visibleName } from '../../../../media/shared/dom.ts';
import { failureOf } from '../../../../media/shared/failure.ts';
import { translator } from '../../../../media/shared/text.ts';
import { AppError } from '../../../../src/base/errors.ts';
import type {
  BackupSetView,
  DiskView,
  PointView,
  VolumeView,
} from '../../../../src/protocol/webview/restoreBrowser.ts';

const t = translator({});

function point(id: string, takenAt: string): PointView {
  const words = { moment: takenAt.slice(0, 10), age: '2 h ago', levelText: 'crash-consistent' };
  return { id, takenAt, level: 'crash', ...words };
}

const set: BackupSetView = {
  vmInstanceUuid: 'uuid',
  vmName: 'web01',
  points: [point('p2', '2026-03-02T00:00:00Z'), point('p1', '2026-03-01T00:00:00Z')],
};
const disk: DiskView = {
  deviceKey: 2000,
  label: 'Hard disk 1',
  description: '64 MiB, GPT',
  volumes: [
    { volumeIndex: 1, name: 'root', description: 'ext4, 62 MiB', isBrowsable: true },
    { volumeIndex: 2, name: 'swap', description: 'content not recognized, 1 MiB', isBrowsable: false },
  ],
  problems: [],
};
const atPoint = openPoint(initialState, { repository: 'main', vmInstanceUuid: 'uuid', point: 'p2' });
const inVolume = openVolume(atPoint, 2000, 1);
const repositories = { kind: 'ready', value: [{ name: 'main', location: '/backups/main' }] } as const;
const pages = (totalCount: number | undefined, failure?: ReturnType<typeof failureOf>) => ({
  ...{ totalCount, failure, notices: [], entry: () => undefined },
});

function model(change: Partial<BrowserModel> = {}): BrowserModel {
  return {
    state: inVolume,
    repositories,
    sets: new Map([['main', { kind: 'ready', value: { sets: [set], problems: [] } }]]),
    disks: { kind: 'ready', value: { disks: [disk], notices: [] } },
    pages: pages(3),
    results: noResults,
    canRestoreToGuest: false,
    message: '',
    ...change,
  };
}

const rowsOf = (
  { repositories: all, sets, state }: BrowserModel,
  shape: (row: ReturnType<typeof backupRows>[number]) => unknown,
) => backupRows(all, name => sets.get(name), state, t).map(shape);

test('the tree shows what is expanded, and what is open as selected', () => {
  expect(
    rowsOf(model(), ({ level, label, isSelected, isExpanded }) => [level, label, isSelected, isExpanded]),
  ).toEqual([
    [1, 'main', undefined, true],
    [2, 'web01', false, true],
    [3, '2026-03-02', true, undefined],
    [3, '2026-03-01', false, undefined],
  ]);
  expect(rowsOf(model({ state: initialState }), ({ label, isExpanded }) => [label, isExpanded])).toEqual([
    ['main', false],
  ]);
});

test.each([
  ['while they are waited for', { repositories: { kind: 'loading' } }, ['Loading…']],
  ['when there is none', { repositories: { kind: 'ready', value: [] } }, [/^No repository has been added/]],
  ['while sets are waited for', { sets: new Map() }, ['main', 'Loading…']],
  [
    'when there is no restore point',
    { sets: new Map([['main', { kind: 'ready', value: { sets: [], problems: ['x is damaged'] } }]]) },
    ['main', 'No restore points yet.', 'x is damaged'],
  ],
] as const)('%s the tree says so', (_, change, labels) => {
  const rows = rowsOf(model(change as Partial<BrowserModel>), ({ label }) => label);
  expect(rows).toHaveLength(labels.length);
  for (const [index, label] of labels.entries()) expect(rows[index]).toMatch(label);
});

test.each([
  ['UNREACHABLE', 'Try Again', false],
  ['AUTHENTICATION', 'Enter Password…', true],
] as const)('a repository that fails with %s has a row that offers: %s', (code, action, needsPassword) => {
  const failure = failureOf(new AppError(code, 'it cannot be opened', { remedy: 'Look there' }));
  const rows = backupRows(repositories, () => ({ kind: 'failed', failure }), inVolume, t);
  expect(rows[1]).toMatchObject({
    label: 'It cannot be opened. Look there.',
    description: action,
    spoken: `It cannot be opened. Look there. Press Enter: ${action}`,
    target: { kind: 'retry', repository: 'main', needsPassword },
  });
});

test('volumes stand below their disk; a disk without any says so, a damaged one says why', () => {
  const rows = diskRows(
    [
      disk,
      { ...disk, deviceKey: 2001, volumes: [] },
      { ...disk, deviceKey: 2002, volumes: [], problems: ['bad'] },
    ],
    inVolume,
    t,
  );
  expect(rows.map(({ level, label, isSelected, tone }) => [level, label, isSelected, tone])).toEqual([
    [1, 'Hard disk 1', false, undefined],
    [2, 'root', true, undefined],
    [2, 'swap', false, 'quiet'],
    [1, 'Hard disk 1', false, undefined],
    [2, 'No volume was found on this disk.', undefined, 'quiet'],
    [1, 'Hard disk 1', false, undefined],
    [2, 'bad', undefined, 'warning'],
  ]);
});

const setsOf = (...sets: readonly BackupSetView[]): BrowserModel['sets'] =>
  new Map([['main', { kind: 'ready', value: { sets, problems: [] } }]]);
const newest = { repository: 'main', vmInstanceUuid: 'uuid', point: 'p2' };
const collapsed = expand(expand(initialState, 'repository/main', true), 'repository/main', false);
const kept = (state: typeof initialState) => restoredState(JSON.parse(JSON.stringify(savedState(state))));

test.each<[string, Partial<BrowserModel>, typeof newest | undefined]>([
  ['one backup set opens with its newest restore point', {}, newest],
  ['of two the person chooses', { sets: setsOf(set, { ...set, vmInstanceUuid: 'other' }) }, undefined],
  ['one without restore points has nothing to open', { sets: setsOf({ ...set, points: [] }) }, undefined],
  ['of none nothing opens', { sets: setsOf() }, undefined],
  ['before the sets have come nothing opens', { sets: new Map([['main', { kind: 'loading' }]]) }, undefined],
  [
    'of two repositories the person chooses',
    { repositories: { kind: 'ready', value: [...repositories.value, { name: 'b', location: '/b' }] } },
    undefined,
  ],
  ['a kept restore point wins', { state: kept({ ...atPoint, isTouched: true }) }, undefined],
  ['kept rows win, even if all were closed', { state: kept({ ...collapsed, isTouched: true }) }, undefined],
  ['what a person has done since wins', { state: { ...initialState, isTouched: true } }, undefined],
])('without a target, %s', (_, change, opened) => {
  expect(onlyPointOf(model({ state: initialState, ...change }))).toEqual(opened);
});

test('a folder of more entries than rows says so, and the keyboard ends at the last row', () => {
  const told = (totalCount: number | undefined) =>
    noticesOf(model({ pages: pages(totalCount) }), t).map(({ text }) => text);
  expect([told(undefined), told(1_000_000)]).toEqual([[], []]);
  expect(told(1_000_001)).toEqual([
    'Only the first 1000000 of 1000001 entries can be shown. Filter names to see the others.',
  ]);
  expect(
    [undefined, 3, 1_000_001].map(totalCount => rowCountOf(model({ pages: pages(totalCount) }))),
  ).toEqual([0, 3, 1_000_000]);
});

test('levels differ in shape', () => {
  const levels = [undefined, 'none', 'crash', 'filesystem', 'application'] as const;
  const icons = levels.map(level => pointIcon(level === undefined ? {} : { level }));
  expect(icons).toEqual(['unknown', 'inconsistent', 'crash', 'proven', 'proven']);
  expect(pointIcon({ level: 'filesystem', isBelowRequest: true })).toBe('warning');
});

test('the way to a folder is told, and each folder on it can be opened', () => {
  expect(crumbsOf(model({ state: openFolder(inVolume, '/etc/nginx') }))).toEqual([
    { text: 'web01' },
    { text: '2026-03-02' },
    { text: 'Hard disk 1' },
    { text: 'root', path: '/' },
    { text: 'etc', path: '/etc' },
    { text: 'nginx', path: '/etc/nginx' },
  ]);
  expect(crumbsOf(model({ state: initialState }))).toEqual([]);
});

const damaged = failureOf(new AppError('CORRUPT_DATA', 'the folder is damaged'));

test.each([
  ['no point is open', { state: initialState }, /^Choose a restore point/],
  ['its disks are waited for', { disks: { kind: 'loading' } }, /^Reading the disks/],
  ['its disks cannot be read', { disks: { kind: 'failed', failure: damaged } }, /^The folder is damaged\.$/],
  ['no volume is open', { state: atPoint }, /^Choose a volume/],
  ['the folder is waited for', { pages: pages(undefined) }, /^Reading the folder/],
  ['the folder cannot be read', { pages: pages(undefined, damaged) }, /^The folder is damaged\.$/],
  ['a page of it cannot be read', { pages: pages(3, damaged) }, /^The folder is damaged\.$/],
  ['the folder is empty', { pages: pages(0) }, /^The folder is empty\.$/],
  ['nothing matches', { pages: pages(0), state: { ...inVolume, filter: 'x' } }, /contains "x"/],
  ['there are entries', {}, /^$/],
] as const)('when %s, it is said', (_, change, text) => {
  expect(emptyTextOf(model(change), t).text).toMatch(text);
});

describe('an encrypted volume', () => {
  const volume = (volumeIndex: number, change: Partial<VolumeView> = {}): VolumeView => ({
    ...{ volumeIndex, name: `v${volumeIndex}`, description: 'LUKS encryption, 1 GiB', isBrowsable: true },
    ...change,
  });
  const disksWith = (...volumes: readonly VolumeView[]) => ({ disks: [{ ...disk, volumes }], notices: [] });
  const [locked, opened] = [volume(0, { isLocked: true }), volume(0, { isBrowsable: false })];
  const at = { deviceKey: 2000, volumeIndex: 0 };
  const inLocked = openVolume(atPoint, 2000, 0);

  test('is told from others, and asks for its passphrase in the place of its folder', () => {
    const disks = disksWith(locked, volume(1));
    expect(diskRows(disks.disks, inLocked, t).map(({ icon }) => icon)).toEqual(['disk', 'locked', 'volume']);
    const change = { state: inLocked, disks: { kind: 'ready', value: disks } as const };
    expect(emptyTextOf(model({ ...change, pages: undefined }), t)).toMatchObject({
      text: expect.stringMatching(/^This volume is encrypted\. /) as string,
      isLocked: true,
    });
    expect(emptyTextOf(model({ ...change, state: inVolume }), t)).toEqual({ text: '' });
    const enabled = Object.entries(enabledActions(model({ ...change, pages: undefined })));
    expect(enabled.filter(([, isEnabled]) => isEnabled)).toEqual([
      ['disk', true],
      ['vm', true],
    ]);
  });

  test.each([
    ['alone on its disk it is opened by itself', [locked], undefined, {}, at],
    ['beside another one has to choose', [locked, volume(1)], undefined, {}, undefined],
    ['a chosen disk stays as it is', [locked], undefined, { deviceKey: 2000 }, undefined],
    [
      'what came out of it takes its place',
      [opened, volume(1), volume(1001)],
      [locked, volume(1)],
      at,
      { deviceKey: 2000, volumeIndex: 1001 },
    ],
    ['of several one has to choose', [opened, volume(1001), volume(1002)], [locked], at, undefined],
    ['as long as it is locked it stays where it is', [locked, volume(1)], [locked, volume(1)], at, undefined],
  ] as const)('%s', (_, now, before, place, expected) => {
    const former = before === undefined ? undefined : disksWith(...before);
    expect(volumeToOpen(disksWith(...now), former, place)).toEqual(expected);
  });
});

const selected = (...kinds: ('file' | 'symlink' | 'directory' | 'socket')[]) => ({
  state: { ...inVolume, selected: kinds.map((kind, index) => ({ name: `n${index}`, kind })) },
});

test.each([
  ['nothing open', { state: initialState }, []],
  ['a point', { state: atPoint, pages: undefined }, ['vm']],
  [
    'a disk',
    { state: { ...atPoint, place: { ...atPoint.place, deviceKey: 2000 } }, pages: undefined },
    ['disk', 'vm'],
  ],
  ['a folder', {}, ['files', 'guest', 'details', 'compare', 'disk', 'vm']],
  ['a folder in it', selected('directory'), ['open', 'files', 'guest', 'details', 'compare', 'disk', 'vm']],
  ['a file', selected('file'), ['open', 'files', 'guest', 'details', 'disk', 'vm']],
  ['a link', selected('symlink'), ['open', 'files', 'guest', 'details', 'disk', 'vm']],
  ['a socket', selected('socket'), ['files', 'guest', 'details', 'disk', 'vm']],
  ['two files', selected('file', 'file'), ['files', 'guest', 'disk', 'vm']],
  ['a folder on its way', { pages: pages(undefined) }, ['disk', 'vm']],
] as const)('with %s one can: %j', (_, change, actions) => {
  const enabled = Object.entries(enabledActions(model(change as Partial<BrowserModel>)));
  expect(enabled.filter(([, isEnabled]) => isEnabled).map(([action]) => action)).toEqual(actions);
});

test.each([
  [{}, '3 entries. Nothing selected: restore takes the whole folder /'],
  [selected('file'), '3 entries. Selected: n0'],
  [{ ...selected('file', 'file'), pages: pages(1) }, '1 entry. 2 selected'],
  [{ message: 'Something happened.' }, 'Something happened.'],
  [{ state: atPoint }, ''],
])('%j is told as %j', (change, text) => {
  expect(statusText(model(change), t)).toBe(text);
});

test('the timeline goes from the oldest to the newest; one alone stands in the middle', () => {
  const points = [
    point('c', '2026-03-05T00:00:00Z'),
    point('b', '2026-03-02T00:00:00Z'),
    point('a', '2026-03-01T00:00:00Z'),
  ];
  expect(timelineMarks(points).map(({ point: { id }, fraction }) => [id, fraction])).toEqual([
    ['a', 0],
    ['b', 0.25],
    ['c', 1],
  ]);
  expect(timelineMarks(points.slice(0, 1)).map(({ fraction }) => fraction)).toEqual([0.5]);
  expect(timelineMarks([])).toEqual([]);
});

test.each([
  ['plain.txt', 'plain.txt'],
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['invoice\u202Efdp.exe', 'invoice⟨U+202E⟩fdp.exe'],
  ['a\nb\tc\0', 'a⟨U+000A⟩b⟨U+0009⟩c⟨U+0000⟩'],
  ['שלום', 'שלום'],
  ['zero\u200Bwidth', 'zero⟨U+200B⟩width'],
])('the name %j is shown as %s', (name, shown) => {
  expect(visibleName(name)).toBe(shown);
});

test('texts come translated, and an object has no other texts than its own', () => {
  const german = translator({ '{0} entries': '{0} Einträge' });
  expect([german('{0} entries', 3), german('toString'), german('{0} of {1}', 1)]).toEqual([
    '3 Einträge',
    'toString',
    '1 of {1}',
  ]);
});

describe('a search', () => {
  const at = { repository: 'main', point: 'p2', deviceKey: 2000, volumeIndex: 1, path: '/etc/hosts' };
  const form = { ...emptyForm, name: 'hosts' };
  const search = { scope: { path: '/' }, form, isStarted: true, activeIndex: 0 };
  const state = { ...inVolume, search };
  const results = { ...noResults, phase: 'ended' as const, fileCount: 1, lookedAtCount: 30 };
  const row = { kind: 'remark' as const, at, text: 'x' };

  test('stands in the place of the folder; its buttons are about what the keyboard is on', () => {
    const found = { ...results, rows: [row] };
    expect(enabledActions(model({ state, results: found }))).toMatchObject({ files: true, disk: false });
    expect(enabledActions(model({ state, results }))).toMatchObject({ open: false, files: false, vm: true });
    expect(emptyTextOf(model({ state, pages: undefined }), t)).toEqual({ text: '' });
  });

  test('says where it looks, and on which volume something was found if there are several', () => {
    const everywhere = searchContentOf(model({ state, results }), t);
    expect(everywhere?.scopeText).toBe('In all volumes of the restore point');
    expect(everywhere?.volumeOf(row)).toBe('Hard disk 1 › root');
    const scope = { deviceKey: 2000, volumeIndex: 1, path: '/etc' };
    const inFolder = searchContentOf(
      model({ state: { ...state, search: { ...search, scope } }, results }),
      t,
    );
    expect(inFolder?.scopeText).toBe('In Hard disk 1 › root, folder /etc');
    expect(inFolder?.volumeOf(row)).toBe('');
  });

  test.each([
    ['none', 'Fill in a name, a text, or both.'],
    ['running', '1 found among 30 files and folders so far…'],
    ['stopped', '1 found among 30 files and folders before it was stopped. 2 not searched, at the end.'],
    [
      'full',
      '1 found among 30 files and folders; there is more. Narrow the search to see the rest. 2 not searched, at the end.',
    ],
    ['ended', '1 found among 30 files and folders. 2 not searched, at the end.'],
  ] as const)('that is %s says so', (phase, text) => {
    expect(statusText(model({ state, results: { ...results, phase, unsearchedCount: 2 } }), t)).toBe(text);
  });

  test('is kept for a later page, and ends where another place is opened', () => {
    expect(restoredState(JSON.parse(JSON.stringify(savedState(state)))).search).toEqual(search);
    expect(restoredState({ ...(savedState(state) as object), search: { scope: 1 } }).search).toBeUndefined();
    expect(openVolume(state, 2000, 1).search).toBeUndefined();
  });
});
