import { expect, test } from 'vitest';

import { glossary } from '../../../../src/core/consistency/glossary.ts';
import { parseToolsConfig } from '../../../../src/core/consistency/guest/toolsConfigText.ts';
import { parseVssWriters } from '../../../../src/core/consistency/guest/vssWriterList.ts';
import { writerIds } from '../../../../src/core/consistency/vssWriters.ts';

test('tools.conf: only the section vmbackup counts, comments do not', () => {
  const text = [
    '[logging]',
    'enableSyncDriver = false',
    '[vmbackup]',
    '# vss.disableAppQuiescing = true',
    'enableSyncDriver = false',
    'excludedFileSystems = /srv/a , /var/lib/docker/*,',
  ].join('\r\n');
  expect(parseToolsConfig(text)).toEqual({
    ...{ enableSyncDriver: false, disableAppQuiescing: false },
    excludedFileSystems: ['/srv/a', '/var/lib/docker/*'],
  });
});

test('tools.conf: an empty file is as none', () => {
  expect(parseToolsConfig('')).toEqual({
    ...{ enableSyncDriver: true, disableAppQuiescing: false, excludedFileSystems: [] },
  });
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

test('no word of the glossary stands there twice', () => {
  expect(new Set(glossary.map(({ term }) => term)).size).toBe(glossary.length);
});
