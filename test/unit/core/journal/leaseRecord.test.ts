import { expect, test } from 'vitest';

import { CorruptDataError } from '../../../../src/base/errors.ts';
import { decodeStoredLease, encodeStoredLease } from '../../../../src/core/journal/leaseRecord.ts';
import type { Lease } from '../../../../src/core/journal/leaseJournal.ts';

const recordedAt = new Date('2026-11-22T10:00:00.000Z');
const leases: readonly Lease[] = [
  { kind: 'snapshot', vcenterId: 'vc', vm: 'vm-1', vmName: 'web01', token: 't', snapshot: 'snapshot-7' },
  { kind: 'nfc-lease', vcenterId: 'vc', vmName: 'web01', purpose: 'export' },
  { kind: 'imported-vm', vcenterId: 'vc', vmName: 'web01', token: 't', vm: 'vm-9' },
  { kind: 'hot-added-disk', vcenterId: 'vc', vm: 'vm-1', vmName: 'web01', fileName: '[a] b/c.vmdk' },
  { kind: 'repository-lock', repositoryId: 'r', location: '/backups', lockId: 'ab' },
  {
    ...{ kind: 'guest-temporary-file', vcenterId: 'vc', vm: 'vm-1', vmName: 'web01', user: 'root' },
    ...{ path: '/etc/.quiesce-1.tmp', target: '/etc/hosts', aside: '/etc/hosts.quiesce-before-1' },
  },
];

test.each(leases)('a $kind record survives the text form', lease => {
  expect(decodeStoredLease(encodeStoredLease({ recordedAt, lease }), 'lease.json')).toEqual({
    recordedAt,
    lease,
  });
});

test.each([
  ['half a file', encodeStoredLease({ recordedAt, lease: leases[0]! }).slice(0, 60)],
  ['no object', '[]'],
  ['a later version', '{"version":2}'],
  ['an unknown kind', '{"version":1,"recordedAt":"2026-11-22T10:00:00Z","lease":{"kind":"toString"}}'],
  [
    'a missing field',
    '{"version":1,"recordedAt":"2026-11-22T10:00:00Z","lease":{"kind":"snapshot","vm":"vm-1"}}',
  ],
  ['no date', '{"version":1,"lease":{"kind":"imported-vm","vcenterId":"v","vmName":"n","token":"t"}}'],
])('%s is refused by name', (_what, text) => {
  expect(() => decodeStoredLease(text, '/j/lease.json')).toThrow(CorruptDataError);
  expect(() => decodeStoredLease(text, '/j/lease.json')).toThrow('/j/lease.json');
});
