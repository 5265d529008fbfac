import { expect, test } from 'vitest';

import { decodeManifest, encodeManifest } from '../../../../src/core/catalog/manifestText.ts';
import { sampleManifest } from '../../../support/manifests.ts';

const [disk] = sampleManifest().disks;

test.each([
  ['as it is', sampleManifest()],
  [
    'with a change id',
    sampleManifest({ disks: [{ ...disk!, changeId: '52 aa/3', backing: { ...disk!.backing, uuid: 'u' } }] }),
  ],
  [
    'with a disk left out',
    sampleManifest({ leftOutDisks: [{ key: 2001, label: 'Hard disk 2', reason: 'independent' }] }),
  ],
  [
    'with every answer on consistency',
    sampleManifest({
      consistency: {
        requested: 'application',
        predicted: 'filesystem',
        proven: 'crash',
        evidence: [],
        downgrades: [{ from: 'application', to: 'filesystem', reason: 'no VSS in this guest' }],
      },
    }),
  ],
])('a manifest %s survives its text form', (_what, manifest) => {
  expect(decodeManifest(encodeManifest(manifest), 'manifest')).toEqual(manifest);
});

test.each([
  ['first-backup', { readMode: 'whole', fullReason: 'first-backup' }],
  ['stream-transport', { readMode: 'whole' }],
  ['changed-areas', { readMode: 'changed-areas' }],
])('what early programs said of reading a disk is understood: %s', (written, read) => {
  const text = encodeManifest(sampleManifest()).replace('"readMode": "whole"', `"readMode": "${written}"`);
  expect(decodeManifest(text, 'manifest').disks[0]?.transport).toEqual({
    ...read,
    ...{ kind: 'nfc-lease', receivedBytes: 1, storedBytes: 1 },
  });
});

test.each([
  ['a later version', (text: string) => text.replace('"version": 1', '"version": 2'), 'version 2'],
  [
    'an unknown level',
    (text: string) => text.replace('"proven": "crash"', '"proven": "perfect"'),
    'consistency.proven',
  ],
  [
    'a negative size',
    (text: string) => text.replace(/"capacityBytes": \d+/, '"capacityBytes": -1'),
    'disks[0].capacityBytes',
  ],
  [
    'a chunk size of zero',
    (text: string) => text.replace(/"chunkBytes": \d+/, '"chunkBytes": 0'),
    'disks[0].chunkBytes',
  ],
  [
    'a chunk larger than any memory',
    (text: string) => text.replace(/"chunkBytes": \d+/, '"chunkBytes": 1099511627776'),
    'disks[0].chunkBytes',
  ],
  [
    'a part that ends within a chunk',
    (text: string) => text.replace(/"partBytes": \d+/, '"partBytes": 1048577'),
    'disks[0].partBytes',
  ],
  ['a field missing', (text: string) => text.replace('"vm"', '"vn"'), 'vm is missing'],
  ['a time that is none', (text: string) => text.replace('2026-11-22T10:00:00.000Z', 'yesterday'), 'takenAt'],
  ['half the text', (text: string) => text.slice(0, 200), 'not valid JSON'],
])('%s is refused by name', (_what, damage, problem) => {
  expect(() => decodeManifest(damage(encodeManifest(sampleManifest())), 'the manifest')).toThrow(problem);
});
