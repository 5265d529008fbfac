import { expect, test } from 'vitest';

import { GiB, MiB } from '../../../../src/base/units.ts';
import { parseChangeId } from '../../../../src/core/changes/changeId.ts';
import { fullReasonCodes } from '../../../../src/core/changes/fullReason.ts';
import {
  decideRead,
  defaultWholeReads,
  type ReadFacts,
  type StoredDiskFacts,
} from '../../../../src/core/changes/readDecision.ts';

const trackingUuid = '52 de c0 d9 35 92 8c 1a-72 85 6d d9 4e 3c 3d 2b';
const geometry = { chunkBytes: MiB, partBytes: 16 * GiB };
const now = new Date('2026-11-25T22:00:00Z');
const disk = { uuid: '6000c29a', capacityBytes: GiB, changeId: `${trackingUuid}/8` };
const stored: StoredDiskFacts = {
  ...disk,
  ...geometry,
  changeId: `${trackingUuid}/7`,
  whole: { at: new Date('2026-11-20T22:00:00Z'), pointsSince: 4 },
  distrust: undefined,
};
const facts: ReadFacts = {
  now,
  isTrackingEnabled: true,
  disk,
  previous: stored,
  geometry,
  wasReverted: false,
  policy: defaultWholeReads,
};

function withStored(over: Partial<StoredDiskFacts>): Partial<ReadFacts> {
  return { previous: { ...stored, ...over } };
}

const oldUuid = trackingUuid.replace('de', 'df');

const table: readonly (readonly [kind: string, reason: string | undefined, over: Partial<ReadFacts>])[] = [
  ['changed', undefined, {}],
  ['whole', 'first-backup', { previous: 'none' }],
  ['whole', 'previous-gone', { previous: 'gone' }],
  ['whole', 'disk-added', { previous: 'without' }],
  ['whole', 'disk-replaced', withStored({ uuid: '6000c29b' })],
  // A server that tells no UUIDs says nothing of whether it is another disk; tracking does.
  ['changed', undefined, withStored({ uuid: undefined })],
  ['changed', undefined, { disk: { ...disk, uuid: undefined } }],
  ['whole', 'tracking-not-reset', withStored({ capacityBytes: GiB - 512 })],
  ['whole', 'tracking-not-reset', withStored({ capacityBytes: GiB + 512 })],
  ['whole', 'capacity-changed', withStored({ capacityBytes: GiB - 512, changeId: `${oldUuid}/7` })],
  ['whole', 'capacity-changed', withStored({ capacityBytes: GiB - 512, changeId: undefined })],
  ['whole', 'geometry-changed', withStored({ chunkBytes: 2 * MiB })],
  ['whole', 'geometry-changed', withStored({ partBytes: 8 * GiB })],
  ['whole', 'tracking-off', { isTrackingEnabled: false }],
  ['whole', 'tracking-off', { isTrackingEnabled: false, disk: { ...disk, changeId: undefined } }],
  ['whole', 'tracking-not-begun', { disk: { ...disk, changeId: undefined } }],
  ['whole', 'previous-untracked', withStored({ changeId: undefined })],
  ['whole', 'tracking-reset', withStored({ changeId: `${oldUuid}/7` })],
  ['whole', 'tracking-reset', withStored({ changeId: 'nothing known' })],
  ['whole', 'tracking-reset', { disk: { ...disk, changeId: '/8' } }],
  ['whole', 'reverted', { wasReverted: true }],
  ['whole', 'reverted', withStored({ changeId: `${trackingUuid}/9` })],
  ['changed', undefined, withStored({ changeId: `${trackingUuid.toUpperCase()}/8` })],
  ['whole', 'verification-failed', withStored({ distrust: 'verification-failed' })],
  ['whole', 'tracking-not-reset', withStored({ distrust: 'tracking-not-reset' })],
  // What was found wrong belongs to what was tracked then.
  ['whole', 'tracking-reset', withStored({ distrust: 'verification-failed', changeId: `${oldUuid}/7` })],
  ['compare', 'requested', { policy: { ...defaultWholeReads, isRequested: true } }],
  ['whole', 'first-backup', { previous: 'none', policy: { ...defaultWholeReads, isRequested: true } }],
  ['changed', undefined, withStored({ whole: { at: now, pointsSince: 28 } })],
  ['compare', 'scheduled', withStored({ whole: { at: now, pointsSince: 29 } })],
  ['changed', undefined, withStored({ whole: { at: new Date('2026-10-26T22:00:01Z'), pointsSince: 0 } })],
  ['compare', 'scheduled', withStored({ whole: { at: new Date('2026-10-26T22:00:00Z'), pointsSince: 0 } })],
  ['compare', 'scheduled', { policy: { ...defaultWholeReads, everyPoints: 5 } }],
  ['compare', 'scheduled', { policy: { ...defaultWholeReads, everyDays: 5 } }],
];

test.each(table)('%s, %s: %j', (kind, reason, over) => {
  const decision = decideRead({ ...facts, ...over });
  expect([decision.kind, 'reason' in decision ? decision.reason : undefined]).toEqual([kind, reason]);
  const { previous } = { ...facts, ...over };
  if (decision.kind !== 'whole')
    expect(decision.since).toBe(typeof previous === 'string' ? '' : previous.changeId);
});

test('every reason that is known before the server is asked has its case', () => {
  const told = new Set(table.map(([, reason]) => reason));
  expect(fullReasonCodes.filter(code => !told.has(code))).toEqual([
    'change-id-unknown',
    'file-fault',
    'query-denied',
    'query-unsupported',
    'query-refused',
    'answer-invalid',
  ]);
});

test.each([
  [`${trackingUuid}/12`, { trackingUuid, sequence: 12 }],
  ['52 DE/0', { trackingUuid: '52 de', sequence: 0 }],
  ['', undefined],
  ['*', undefined],
  [trackingUuid, undefined],
  [`${trackingUuid}/`, undefined],
  [`${trackingUuid}/-1`, undefined],
  [`${trackingUuid}/1234567890123456`, undefined],
])('changeId %j', (changeId, expected) => {
  expect(parseChangeId(changeId)).toEqual(expected);
});
