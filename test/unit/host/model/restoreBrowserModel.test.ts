import { expect, test } from 'vitest';

import {
  backupSetView,
  diskView,
  folderPageView,
  leftOutNotices,
} from '../../../../src/host/model/restoreBrowserModel.ts';
import type { GuestListResult } from '../../../../src/protocol/guest.ts';
import { translator } from '../../../../media/shared/text.ts';
import { guestNode, pointId } from '../hostFixture.ts';

const t = translator({});

test('a backup set is told in words, levels that nobody knows as well', () => {
  const point = { id: pointId, takenAt: '2026-03-01T10:00:00Z', vmName: 'web01', serverInstanceUuid: 's' };
  const set = {
    vmInstanceUuid: 'u',
    vmName: 'web01',
    points: [
      { ...point, proven: 'crash' as const },
      point,
      { ...point, proven: 'crash', requested: 'application', claimed: 'filesystem' } as const,
    ],
  };
  expect(backupSetView(set, new Date('2026-03-01T12:00:00Z'), t).points).toMatchObject([
    { id: pointId, age: '2 h ago', level: 'crash', levelText: 'crash-consistent' },
    { levelText: 'consistency unknown' },
    {
      levelText: 'crash-consistent; filesystem claimed, unproven, asked for application',
      isBelowRequest: true,
    },
  ]);
});

test('what is locked says so, and what others are made of holds no files of its own', () => {
  const volume = { volumeIndex: 1, name: 'v', role: 'data', offsetBytes: 0, sizeBytes: 1536 };
  const disk = { deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1024 ** 3, problems: [] };
  const shown = (kind: string) => {
    const volumes = [{ ...volume, content: { kind, title: kind } }];
    const [view] = diskView({ ...disk, scheme: 'none', volumes }, t).volumes;
    return [view?.isBrowsable, view?.isLocked];
  };
  expect(shown('luks')).toEqual([true, true]);
  for (const kind of ['member', 'lvm2']) expect(shown(kind)).toEqual([false, undefined]);
});

test('disks and volumes are told in words; what is not recognized cannot be browsed', () => {
  const volume = { volumeIndex: 1, name: '', role: 'data', offsetBytes: 0, sizeBytes: 1536 };
  const disk = { deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1024 ** 3, problems: ['odd'] };
  const content = { kind: 'ext', title: 'ext4' };
  expect(
    diskView({ ...disk, scheme: 'gpt', volumes: [volume, { ...volume, content, name: 'root' }] }, t),
  ).toEqual({
    deviceKey: 2000,
    label: 'Hard disk 1',
    description: '1 GiB, GPT',
    volumes: [
      {
        volumeIndex: 1,
        name: 'Volume 1',
        description: 'content not recognized, 1.5 KiB',
        isBrowsable: false,
      },
      { volumeIndex: 1, name: 'root', description: 'ext4, 1.5 KiB', isBrowsable: true },
    ],
    problems: ['odd'],
  });
  expect(diskView({ ...disk, scheme: 'none', volumes: [] }, t).description).toBe('1 GiB');
  expect(leftOutNotices([{ deviceKey: 2001, label: 'Hard disk 2', reason: 'it is independent' }], t)).toEqual(
    [{ severity: 'warning', text: 'Hard disk 2 is not in this restore point: it is independent' }],
  );
});

const page: GuestListResult = {
  fileSystem: { kind: 'ext4', label: '', journal: 'replayed', problems: ['a checksum is wrong'] },
  entries: [
    guestNode('etc', { kind: 'directory' }),
    guestNode('hosts'),
    guestNode('link', { kind: 'symlink', linkTarget: 'hosts' }),
  ],
  unreadable: [
    { name: 'bad', kind: 'file', position: 201, problem: 'its inode is damaged' },
    { name: 'worse', kind: 'socket', position: 204, problem: 'its inode is gone' },
  ],
  totalCount: 205,
  problems: ['a block of the folder is damaged'],
};

test('every entry has its place, those that cannot be read as well', () => {
  const { entries, totalCount } = folderPageView(page, 200, t);
  expect(entries.map(({ name, problem }) => [name, problem])).toEqual([
    ['etc', undefined],
    ['bad', 'its inode is damaged'],
    ['hosts', undefined],
    ['link', undefined],
    ['worse', 'its inode is gone'],
  ]);
  expect(totalCount).toBe(205);
  expect(entries[2]).toMatchObject({
    ...{ kindText: 'file', size: '1.5 KiB', mode: 'rw-r-----', owner: '0:42' },
  });
  expect(entries[0]).toMatchObject({ kindText: 'folder', size: '' });
  expect(entries[3]).toMatchObject({ kindText: 'symbolic link', linkTarget: 'hosts', size: '' });
  expect(entries[4]).toMatchObject({ kindText: 'socket', modified: '', mode: '', owner: '' });
});

test('a journal that was replayed and damage are said', () => {
  expect(
    folderPageView(page, 200, t).notices.map(({ severity, text }) => [severity, text.slice(0, 28)]),
  ).toEqual([
    ['info', 'Changes waited in the journa'],
    ['warning', 'a checksum is wrong'],
    ['warning', 'a block of the folder is dam'],
  ]);
  const calm = {
    ...page,
    fileSystem: { ...page.fileSystem, journal: 'clean' as const, problems: [] },
    problems: [],
  };
  expect(folderPageView(calm, 200, t).notices).toEqual([]);
});
