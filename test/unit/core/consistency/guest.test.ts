import { expect, test } from 'vitest';

import { glossary } from '../../../../src/core/consistency/glossary.ts';
import { freezesItself } from '../../../../src/core/consistency/guest/freezeScriptText.ts';
import {
  mountsOnDisks,
  networkMounts,
  parseMounts,
} from '../../../../src/core/consistency/guest/mountTable.ts';
import { runningDatabases } from '../../../../src/core/consistency/guest/runningDatabases.ts';
import { parseToolsConfig } from '../../../../src/core/consistency/guest/toolsConfigText.ts';
import { parseVssWriters } from '../../../../src/core/consistency/guest/vssWriterList.ts';
import { parseWindowsStorage } from '../../../../src/core/consistency/guest/windowsStorage.ts';
import { writerIds } from '../../../../src/core/consistency/vssWriters.ts';
import { toolsConfig } from '../../../support/assessmentFacts.ts';

test('tools.conf: only the section vmbackup counts, comments do not', () => {
  const text = [
    '[logging]',
    'enableSyncDriver = false',
    '[vmbackup]',
    '# vss.disableAppQuiescing = true',
    'enableSyncDriver = false',
    'excludedFileSystems = /srv/a , /var/lib/docker/*,',
    'enableVSS=false',
    'execScripts = FALSE',
    'ignoreFrozenFileSystems=1',
  ].join('\r\n');
  expect(parseToolsConfig(text)).toEqual({
    ...{ enableSyncDriver: false, enableVss: false, disableAppQuiescing: false },
    excludedFileSystems: ['/srv/a', '/var/lib/docker/*'],
    ...{ ignoreFrozenFileSystems: true, runsScripts: false },
  });
});

test('tools.conf: an empty file is as none', () => {
  expect(parseToolsConfig('')).toEqual(toolsConfig());
  expect(parseToolsConfig('[vmbackup]\nvss.disableAppQuiescing=TRUE').disableAppQuiescing).toBe(true);
});

const english = `vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool
(C) Copyright 2001-2013 Microsoft Corp.

Writer name: 'SqlServerWriter'
   Writer Id: {a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}
   Writer Instance Id: {11111111-2222-3333-4444-555555555555}
   State: [1] Stable
   Last error: No error

Writer name: 'NTDS'
   Writer Id: {b2014c9e-8711-4c5c-a5a9-3cf384484757}
   Writer Instance Id: {21111111-2222-3333-4444-555555555555}
   State: [8] Failed
   Last error: Timed out
`;

const german = `Verfassername: "SqlServerWriter"
   Verfasserkennung: {A65FAA63-5EA8-4EBC-9DBD-A0C4DB26912A}
   Verfasserinstanzkennung: {11111111-2222-3333-4444-555555555555}
   Status: [1] Stabil
   Letzter Fehler: Kein Fehler
`;

test('writers are told by ids and numbers, in any language', () => {
  expect(parseVssWriters(english.replaceAll('\n', '\r\n'))).toEqual([
    { id: writerIds.sqlServer, name: 'SqlServerWriter', state: 1 },
    { id: writerIds.activeDirectory, name: 'NTDS', state: 8 },
  ]);
  expect(parseVssWriters(german)).toEqual([{ id: writerIds.sqlServer, name: 'SqlServerWriter', state: 1 }]);
  expect(parseVssWriters('Zugriff verweigert')).toEqual([]);
});

test('mounts: disks once, kernel and read-only ones not, names with spaces', () => {
  const mounts = parseMounts(
    [
      'proc /proc proc rw 0 0',
      '/dev/sda1 / ext4 rw,relatime 0 0',
      '/dev/sda1 /var/lib/docker/bind ext4 rw 0 0',
      '/dev/loop3 /snap/core squashfs ro 0 0',
      '/dev/mapper/vg-data /srv/my\\040data xfs rw 0 0',
      'tank/home /home zfs rw 0 0',
      'nas:/export /mnt/nas nfs4 rw 0 0',
      'a line that is none',
      '//files/share /mnt/s cifs rw 0 0',
    ].join('\n'),
  );
  expect(mountsOnDisks(mounts).map(({ path, fileSystem }) => [path, fileSystem])).toEqual([
    ['/', 'ext4'],
    ['/srv/my data', 'xfs'],
    ['/home', 'zfs'],
  ]);
  expect(networkMounts(mounts)).toEqual(['nas:/export at /mnt/nas', '//files/share at /mnt/s']);
});

test.each([
  ['/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main -c x=y', 'postgresql'],
  ['/usr/sbin/mariadbd', 'mariadb'],
  ['/usr/sbin/mysqld --datadir=/data/mysql', 'mysql'],
  ['/usr/bin/mongod --config /etc/mongod.conf --dbpath /data/db', 'mongodb'],
  ['ora_pmon_ORCL', 'oracle'],
  ['"C:\\Program Files\\Microsoft SQL Server\\Binn\\sqlservr.exe" -sMSSQLSERVER', 'mssql'],
  ['/opt/mssql/bin/sqlservr', 'mssql'],
  ['"C:\\Exchange\\Bin\\Microsoft.Exchange.Store.Service.exe"', 'exchange'],
] as const)('%s is a database', (commandLine, product) => {
  const processes = [commandLine, commandLine].map(text => ({ name: 'x', commandLine: text }));
  expect(runningDatabases(processes).map(found => found.product)).toEqual([product]);
});

test.each([
  'postgres: 15/main: checkpointer',
  '/usr/bin/mysqld_safe',
  'vim /etc/mysql/mysqld.cnf',
  'grep postgres -D',
])('%s is none', commandLine => {
  expect(runningDatabases([{ name: 'x', commandLine }])).toEqual([]);
});

test('a database is found by its folder, or by its name', () => {
  const processes = [
    { name: 'postgres', commandLine: '/usr/bin/postgres -D/srv/pg' },
    { name: 'sqlservr.exe', commandLine: 'sqlservr.exe -sPAYROLL' },
  ];
  expect(runningDatabases(processes)).toEqual([
    { product: 'postgresql', instance: '/srv/pg', folder: '/srv/pg' },
    { product: 'mssql', instance: 'PAYROLL', folder: undefined },
  ]);
});

test.each([
  ['[ "$1" = freeze ] && fsfreeze -f /srv', true],
  ['/sbin/fsfreeze --freeze /', true],
  ['xfs_freeze -f /data', true],
  ['# fsfreeze -f /', false],
  ['fsfreeze -u /', false],
  ['mariadb -e "FLUSH TABLES WITH READ LOCK"', false],
])('a script with %s freezes itself: %s', (line, expected) => {
  expect(freezesItself(`#!/bin/sh\n${line}\n`)).toBe(expected);
});

test('what a Windows says of its storage', () => {
  const text = [
    'partition GPT: Basic Data',
    'partition Logical Disk Manager',
    'known partition',
    'pool True Primordial',
    'known pool',
    'disk SAS VMware Virtual disk',
    'disk iSCSI LIO target 1',
    'known disk',
    'share files.example data',
    'known share',
    'volume NTFS C:\\',
    'volume  D:\\',
    'known volume',
    '',
  ].join('\r\n');
  expect(parseWindowsStorage(text)).toEqual({
    usesDynamicDisks: true,
    usesStorageSpaces: false,
    ownStorage: ['LIO target 1', '\\\\files.example\\data'],
    volumes: [
      { path: 'C:\\', fileSystem: 'NTFS' },
      { path: 'D:\\', fileSystem: undefined },
    ],
  });
  expect(parseWindowsStorage('partition Logical Disk Manager\r\n')).toEqual({
    ...{
      usesDynamicDisks: undefined,
      usesStorageSpaces: undefined,
      ownStorage: undefined,
      volumes: undefined,
    },
  });
});

test('no word of the glossary stands there twice', () => {
  expect(new Set(glossary.map(({ term }) => term)).size).toBe(glossary.length);
});
