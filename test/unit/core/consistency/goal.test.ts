import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  type Acceptance,
  type GapKind,
  gapsOf,
  type GoalFacts,
  type RecoveryGoal,
  standingOf,
} from '../../../../src/core/consistency/recovery/goal.ts';
import { consistencyLevels } from '../../../../src/core/consistency/level.ts';

const hour = 3_600_000;
const now = new Date(Date.UTC(2026, 10, 25, 12));
const ago = (ms: number): Date => new Date(now.getTime() - ms);
const estimated = (durationMs: number): GoalFacts['recoveryTime'] => ({
  ...{ kind: 'estimated', durationMs, bytesPerSecond: 1, basis: { transferCount: 1, bytes: 1 } },
});
const goal: RecoveryGoal = { minimumLevel: 'filesystem', maxAgeMs: 24 * hour, maxRecoveryMs: 2 * hour };
const good: GoalFacts = {
  newest: { takenAt: ago(hour), proven: 'filesystem', coverage: 'whole-vm' },
  recoveryTime: estimated(hour),
};

function having(change: Partial<NonNullable<GoalFacts['newest']>>): GoalFacts {
  return { ...good, newest: { ...good.newest!, ...change } };
}

test.each<readonly [string, GoalFacts, readonly GapKind[], string]>([
  ['everything as wanted', good, [], ''],
  ['nothing yet', { ...good, newest: undefined }, ['no-restore-point'], 'no restore point'],
  ['too weak', having({ proven: 'crash' }), ['level'], 'Proven is crash, wanted is filesystem at least'],
  ['a disk missing', having({ coverage: 'partial' }), ['coverage'], 'all disks'],
  ['disks unknown', having({ coverage: 'unknown' }), ['coverage'], 'all disks'],
  ['too old', having({ takenAt: ago(25 * hour) }), ['age'], 'is 25 h 0 min old, 24 h 0 min are allowed'],
  [
    'too slow',
    { ...good, recoveryTime: estimated(3.5 * hour) },
    ['recovery-time'],
    '3 h 30 min, 2 h 0 min are allowed',
  ],
  [
    'never measured',
    { ...good, recoveryTime: { kind: 'unknown', why: 'no history' } },
    ['recovery-time-unknown'],
    'no history',
  ],
])('%s', (_, facts, kinds, words) => {
  const gaps = gapsOf(goal, facts, now);
  expect(gaps.map(({ kind }) => kind)).toEqual(kinds);
  expect(gaps.map(({ text }) => text).join()).toContain(words);
});

test('what no goal was set for is no gap', () => {
  const modest: RecoveryGoal = { minimumLevel: 'crash', maxAgeMs: undefined, maxRecoveryMs: undefined };
  const facts: GoalFacts = {
    ...having({ takenAt: ago(9000 * hour) }),
    recoveryTime: { kind: 'unknown', why: '' },
  };
  expect(gapsOf(modest, facts, now)).toEqual([]);
});

describe('accepting a gap', () => {
  const weak = having({ proven: 'crash' });
  const acceptance: Acceptance = {
    by: 'anna',
    at: ago(hour),
    reason: 'test machine',
    until: new Date(now.getTime() + hour),
    gaps: ['level'],
    level: 'crash',
  };
  const stateWith = (facts: GoalFacts, ...acceptances: readonly Acceptance[]) =>
    standingOf(goal, facts, acceptances, now).state;

  test('is no green, and counts until its end', () => {
    expect(stateWith(good, acceptance)).toBe('met');
    expect(stateWith(weak, acceptance)).toBe('accepted');
    expect(stateWith(weak)).toBe('gap');
  });

  test('expires, and that is said while the gap is there', () => {
    const old = { ...acceptance, until: now };
    expect(standingOf(goal, weak, [old], now)).toMatchObject({
      state: 'gap',
      expired: [old],
      acceptances: [],
    });
    expect(standingOf(goal, good, [old], now).expired).toEqual([]);
  });

  test('does not count before it was given, nor for another gap, nor for something worse', () => {
    expect(stateWith(weak, { ...acceptance, at: new Date(now.getTime() + 1) })).toBe('gap');
    expect(stateWith(weak, { ...acceptance, gaps: ['age'] })).toBe('gap');
    expect(stateWith(having({ proven: 'none' }), acceptance)).toBe('gap');
  });

  test('several gaps need each to be accepted', () => {
    const facts = having({ proven: 'crash', takenAt: ago(30 * hour) });
    expect(stateWith(facts, acceptance)).toBe('gap');
    expect(stateWith(facts, acceptance, { ...acceptance, gaps: ['age'] })).toBe('accepted');
  });

  test('green means met: no acceptance makes a gap green', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...consistencyLevels),
        fc.nat({ max: 60 }),
        fc.array(fc.constantFrom<GapKind[]>('level', 'age', 'coverage'), { maxLength: 3 }),
        (proven, ageHours, accepted) => {
          const facts = having({ proven, takenAt: ago(ageHours * hour) });
          const { state, gaps } = standingOf(
            goal,
            facts,
            [{ ...acceptance, gaps: accepted, level: 'none' }],
            now,
          );
          expect(state === 'met').toBe(gaps.length === 0);
        },
      ),
    );
  });
});
