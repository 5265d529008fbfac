import { expect, test } from 'vitest';

import { assess } from '../../../../src/core/consistency/assess.ts';
import { explain } from '../../../../src/core/consistency/explanation.ts';
import { sources } from '../../../../src/core/consistency/sources.ts';
import type { AssessmentFacts } from '../../../../src/core/inventory/assessmentFacts.ts';
import { diskFacts, linuxGuest, perfectServer } from '../../../support/assessmentFacts.ts';

const explained = (facts: AssessmentFacts) => explain(assess(facts));

test('every statement comes with a source that people can find', () => {
  const { base, limits, remarks, notes } = explained(
    linuxGuest({ toolsRunning: 'guestToolsNotRunning', snapshotDepth: 33, tracksChanges: false }),
  );
  const statements = [base, ...limits, ...remarks, ...notes];
  expect(limits.map(({ rule }) => rule)).toContain('TLS-02');
  expect(statements.length).toBeGreaterThan(2);
  for (const { source } of statements) expect(Object.values(sources)).toContain(source);
  expect(base.vendorLevel).toBe('crash');
});

test('what all fixes together buy is told only where it is more than what one of them does', () => {
  expect(explained(perfectServer({ diskUuidEnabled: false, isEncrypted: true }))).toMatchObject({
    level: 'filesystem',
    levelAfterAllFixes: 'application',
  });
  const single = explained(perfectServer({ diskUuidEnabled: false }));
  expect(single.limits).toMatchObject([{ rule: 'DSK-11', levelAfterFix: 'application' }]);
  expect(single).not.toHaveProperty('levelAfterAllFixes');
});

test('a limit without a remedy promises no level', () => {
  const host = { version: '8.0.3', build: 24_022_510, isArm: true };
  const { limits } = explained(perfectServer({ host, diskUuidEnabled: false }));
  expect(limits.map(({ rule, levelAfterFix }) => [rule, levelAfterFix]).sort()).toEqual([
    ['DSK-11', 'filesystem'],
    ['VER-03', undefined],
  ]);
});

test('unknown disks are unknown coverage, disks outside the snapshot are named', () => {
  expect(explained(linuxGuest({ disks: undefined }))).toMatchObject({ coverage: 'unknown', outside: [] });
  const disks = [diskFacts(0), diskFacts(1, { diskMode: 'independent_persistent' })];
  expect(explained(linuxGuest({ disks }))).toMatchObject({
    coverage: 'partial',
    outside: [{ label: 'Hard disk 2', rule: 'DSK-01' }],
  });
});
