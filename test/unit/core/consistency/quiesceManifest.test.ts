import { describe, expect, test } from 'vitest';

import { tokenState } from '../../../../src/core/consistency/proof/freezeToken.ts';
import { readQuiesceManifest } from '../../../../src/core/consistency/proof/quiesceManifest.ts';
import { writerIds } from '../../../../src/core/consistency/vssWriters.ts';
import { backupXml, freezeXml, sqlServerManifest, zipOf } from '../../../support/quiesceManifests.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a manifest of VSS', () => {
  test('made by another program, in UTF-16: the writers that took part are named', () => {
    expect(readQuiesceManifest(sqlServerManifest)).toEqual({
      kind: 'vss',
      writerDocumentCount: 1,
      writers: [{ id: writerIds.sqlServer, name: 'SqlServerWriter' }],
      componentWriterIds: [writerIds.sqlServer],
    });
  });

  test('with backup.xml only: no writer document', () => {
    expect(readQuiesceManifest(zipOf({ 'backup.xml': backupXml }))).toMatchObject({
      ...{ writerDocumentCount: 0, writers: [], componentWriterIds: [writerIds.sqlServer] },
    });
  });

  test('documents with prefixes, other names and in folders are read all the same', () => {
    const writer = `<v:WRITER_METADATA xmlns:v="x-schema:#VssWriterMetadataInfo"><v:IDENTIFICATION writerId="{${writerIds.exchange.toUpperCase()}}" friendlyName="Microsoft Exchange Writer"/></v:WRITER_METADATA>`;
    const archive = zipOf({ 'm/BACKUP.XML': backupXml, 'm/{0}.doc': writer });
    expect(readQuiesceManifest(archive)).toMatchObject({
      writers: [{ id: writerIds.exchange, name: 'Microsoft Exchange Writer' }],
    });
  });

  test.each([
    ['without backup.xml', zipOf({ 'writer.xml': backupXml }), 'CORRUPT_DATA', 'backup.xml'],
    ['empty', zipOf({}), 'CORRUPT_DATA', 'backup.xml'],
    ['cut off', sqlServerManifest.subarray(0, -30), 'CORRUPT_DATA', 'end record'],
    ['encrypted', zipOf({ 'backup.xml': backupXml }, { flags: 1 }), 'UNSUPPORTED_FORMAT', 'encrypted'],
    ['packed otherwise', zipOf({ 'backup.xml': backupXml }, { method: 12 }), 'UNSUPPORTED_FORMAT', '12'],
    ['larger than told', zipOf({ 'backup.xml': backupXml }, { sizeBytes: 5 }), 'CORRUPT_DATA', 'unpacked'],
    ['larger than sensible', zipOf({ a: '' }, { sizeBytes: 0x7fff_ffff }), 'CORRUPT_DATA', 'larger'],
    ['of other XML', zipOf({ 'backup.xml': '<a><b></a>' }), 'CORRUPT_DATA', 'well-formed'],
  ])('%s is refused', (_, archive, code, words) => {
    expect(() => readQuiesceManifest(archive)).toThrow(expect.objectContaining({ code }));
    expect(() => readQuiesceManifest(archive)).toThrow(words);
  });

  test('a document that unpacks to much more than it says is not unpacked', () => {
    const bomb = zipOf({ 'backup.xml': new Uint8Array(40 * 1024 * 1024) }, { sizeBytes: 1000 });
    expect(bomb.byteLength).toBeLessThan(100_000);
    expect(() => readQuiesceManifest(bomb)).toThrow('cannot be unpacked');
  });
});

describe('a manifest of a Linux', () => {
  test('names the provider and the version of VMware Tools', () => {
    expect(readQuiesceManifest(bytesOf(freezeXml()))).toEqual({
      ...{ kind: 'freeze', provider: 'fifreeze', productVersion: '12.3.0' },
    });
  });

  test.each([
    ['without provider', '<quiesceManifest/>', 'providerName'],
    ['not XML', 'frozen, honestly', 'well-formed'],
    ['cut off', freezeXml().slice(0, -10), 'well-formed'],
    [
      'with an entity of its own',
      '<!DOCTYPE a [<!ENTITY x "fifreeze">]><a><providerName>&x;</providerName></a>',
      '',
    ],
  ])('%s is refused', (_, text, words) => {
    expect(() => readQuiesceManifest(bytesOf(text))).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA' }),
    );
    expect(() => readQuiesceManifest(bytesOf(text))).toThrow(words);
  });
});

test.each([
  ['2026-11-25\tHELD\t12:00:00.1', 'held'],
  ['HELD 1\nRELEASED 2', 'released'],
  ['HELD 1\nEXPIRED 2', 'expired'],
  ['ERROR 1045: access denied', 'absent'],
  ['UPHELD', 'absent'],
  ['', 'absent'],
] as const)('the token %j says %s', (text, state) => {
  expect(tokenState(text)).toBe(state);
});
