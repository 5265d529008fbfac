import { describe, expect, test } from 'vitest';

import {
  attributeDifferences,
  keepsOwner,
  settableAttributes,
} from '../../../../src/core/jobs/restoreToGuest/attributes.ts';
import {
  asideSuffix,
  assertRestorable,
  type GuestRestorePlan,
} from '../../../../src/core/jobs/restoreToGuest/guestRestorePlan.ts';
import type { GuestNode } from '../../../../src/core/guestops/guestSession.ts';
import type { NodeId, NodeStat } from '../../../../src/core/guestfs/guestFileSystem.ts';

const at = { seconds: 1_700_000_000, nanoseconds: 123_999_999 };
const modifiedAt = new Date(1_700_000_000_123);

function statOf(uid: number, gid: number, mode: number): NodeStat {
  return {
    ...{ node: 1 as NodeId, kind: 'file', uid, gid, mode, linkCount: 1, sizeBytes: 5 },
    ...{ accessedAt: at, modifiedAt: at, changedAt: at, createdAt: undefined },
  };
}

const web = { user: 'web', account: { uid: 33, gids: [34, 4] } };

describe('what is set of a restored file', () => {
  test.each([
    [
      'root',
      { user: 'root', account: undefined },
      statOf(5, 6, 0o4755),
      { uid: 5, gid: 6, mode: 0o4755 },
      true,
    ],
    [
      'another administrator',
      { user: 'toor', account: { uid: 0, gids: [] } },
      statOf(5, 6, 0o644),
      { uid: 5, gid: 6, mode: 0o644 },
      true,
    ],
    ['the owner', web, statOf(33, 4, 0o4750), { gid: 4, mode: 0o4750 }, true],
    ['the owner, of a group that is not theirs', web, statOf(33, 5, 0o2750), { mode: 0o750 }, false],
    ['somebody else', web, statOf(0, 0, 0o6755), { mode: 0o755 }, false],
    [
      'an account nothing is known of',
      { user: 'x', account: undefined },
      statOf(0, 0, 0o644),
      { mode: 0o644 },
      false,
    ],
  ])('by %s', (_, restorer, stat, expected, keeps) => {
    // Set-user-id goes with its owner or not at all.
    expect(settableAttributes(stat, restorer)).toEqual({ ...expected, modifiedAt });
    expect(keepsOwner(stat, restorer)).toBe(keeps);
  });
});

test('differences are told in words; times count in whole seconds, and what is not set does not count', () => {
  const node: GuestNode = {
    ...{ kind: 'file' as const, sizeBytes: 5, target: undefined, modifiedAt: new Date(1_700_000_000_900) },
    ...{ mode: 0o600, uid: 1, gid: undefined },
  };
  expect(attributeDifferences({ modifiedAt }, node)).toEqual([]);
  expect(attributeDifferences({ mode: 0o644, uid: 0, gid: 2, modifiedAt: new Date(0) }, node)).toEqual([
    'the owner is 1, not 0',
    'the group is unknown, not 2',
    'the mode is 600, not 644',
    'the time is 2023-11-14T22:13:20.900Z, not 1970-01-01T00:00:00.000Z',
  ]);
});

test('a replaced file is kept under a name that says when', () => {
  expect(asideSuffix(new Date('2026-11-25T15:34:35.678Z'))).toBe('.quiesce-before-20261125T153435678Z');
});

test('a plan that does nothing for a reason fails with that reason; one that has nothing to do does not', () => {
  const plan: GuestRestorePlan = {
    ...{ vmName: 'web01', user: 'user', items: [], totalBytes: 0, warnings: [] },
    problems: [{ code: 'PERMISSION', message: 'user may not write to /etc' }],
  };
  expect(() => assertRestorable(plan)).toThrow(
    expect.objectContaining({ code: 'PERMISSION', message: 'web01: user may not write to /etc' }),
  );
  assertRestorable({ ...plan, problems: [] });
});
