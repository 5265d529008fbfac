import { describe, expect, test } from 'vitest';
import type { RestorePointSummary } from '../../../../src/core/catalog/backupSet.ts';
import {
  applyRetention,
  isEmptyPolicy,
  parseRetentionSpan,
  type RetentionPolicy,
} from '../../../../src/core/catalog/retention.ts';
import type { SnapshotId } from '../../../../src/core/repository/snapshot.ts';

const now = new Date('2026-04-01T00:00:00Z');

/** Restore points named by their time; a tag may follow it. */
function pointsAt(...moments: readonly string[]): RestorePointSummary[] {
  return moments.map(moment => {
    const [time = '', ...tags] = moment.split(' ');
    return {
      id: time as SnapshotId,
      takenAt: new Date(time),
      vmInstanceUuid: 'vm',
      vmName: 'web01',
      serverInstanceUuid: 'vc',
      proven: 'crash',
      requested: 'crash',
      claimed: undefined,
      group: undefined,
      read: 'full',
      tags: ['quiesce', ...tags],
    };
  });
}

function kept(policy: RetentionPolicy, points: readonly RestorePointSummary[]): string[] {
  return applyRetention(points, policy, now)
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ point }) => point.id);
}

describe('rules keep', () => {
  // restic's own forget is asked the same of random times in test/process/retention.test.ts.
  const nights = pointsAt(
    '2026-01-31T23:00Z',
    '2026-02-01T01:00Z',
    '2026-02-28T23:30Z',
    '2026-03-29T23:00Z',
    '2026-03-30T00:10Z',
    '2026-03-30T00:50Z',
    '2026-03-31T23:00Z',
  );

  test.each<[string, RetentionPolicy, readonly string[]]>([
    ['the newest', { last: 2 }, ['2026-03-31T23:00Z', '2026-03-30T00:50Z']],
    ['the newest of an hour', { hourly: 2 }, ['2026-03-31T23:00Z', '2026-03-30T00:50Z']],
    ['the newest of a day', { daily: 3 }, ['2026-03-31T23:00Z', '2026-03-30T00:50Z', '2026-03-29T23:00Z']],
    ['the newest of a week, which ends on Sunday', { weekly: 2 }, ['2026-03-31T23:00Z', '2026-03-29T23:00Z']],
    [
      'the newest of a month, and nothing twice',
      { monthly: 12 },
      ['2026-03-31T23:00Z', '2026-02-28T23:30Z', '2026-01-31T23:00Z'],
    ],
    ['the newest of a year', { yearly: 5 }, ['2026-03-31T23:00Z']],
    [
      'all of a time before the newest',
      { within: { years: 0, months: 0, days: 1, hours: 23 } },
      ['2026-03-31T23:00Z', '2026-03-30T00:50Z', '2026-03-30T00:10Z'],
    ],
    [
      'a month of the calendar, not thirty days',
      { within: { years: 0, months: 1, days: 3, hours: 0 } },
      [
        '2026-03-31T23:00Z',
        '2026-03-30T00:50Z',
        '2026-03-30T00:10Z',
        '2026-03-29T23:00Z',
        '2026-02-28T23:30Z',
      ],
    ],
    ['together, what either keeps', { last: 1, monthly: 2 }, ['2026-03-31T23:00Z', '2026-02-28T23:30Z']],
  ])('%s', (_what, policy, expected) => {
    expect(kept(policy, nights)).toEqual(expected);
  });

  test('what carries a tag, and what is pinned whatever they say', () => {
    const points = pointsAt('2026-03-01T00:00Z pinned', '2026-03-02T00:00Z gold', '2026-03-03T00:00Z');
    expect(kept({ last: 1 }, points)).toEqual(['2026-03-03T00:00Z', '2026-03-01T00:00Z']);
    expect(kept({ tags: ['gold'] }, points)).toEqual(['2026-03-02T00:00Z', '2026-03-01T00:00Z']);
  });

  test('a time counts back from the newest one that is not in the future', () => {
    const points = pointsAt('2027-01-01T00:00Z', '2026-03-31T12:00Z', '2026-03-30T12:00Z');
    expect(kept({ within: { years: 0, months: 0, days: 0, hours: 2 } }, points)).toEqual([
      '2027-01-01T00:00Z',
      '2026-03-31T12:00Z',
    ]);
  });

  test('and every rule that does is named', () => {
    const [verdict] = applyRetention(pointsAt('2026-03-31T12:00Z pinned'), { last: 1, daily: 1 }, now);
    expect(verdict?.reasons).toEqual(['pinned', 'last', 'daily']);
  });
});

test.each([
  ['1y5m7d2h', { years: 1, months: 5, days: 7, hours: 2 }],
  ['14d', { years: 0, months: 0, days: 14, hours: 0 }],
])('a span of time: %s', (text, span) => {
  expect(parseRetentionSpan(text)).toEqual(span);
});

test.each(['', '0d', '5', '7d1y', '-1d', '1w'])('not a span of time: “%s”', text => {
  expect(() => parseRetentionSpan(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }) as Error);
});

test('a policy without a rule is known as such', () => {
  expect([{}, { last: 0, tags: [] }, { last: 1 }, { tags: ['a'] }].map(isEmptyPolicy)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
