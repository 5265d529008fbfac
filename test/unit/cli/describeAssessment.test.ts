import { expect, test } from 'vitest';

import { describeAssessment } from '../../../src/cli/describeAssessment.ts';
import { assess } from '../../../src/core/consistency/assess.ts';
import { diskFacts, linuxGuest, perfectServer } from '../../support/assessmentFacts.ts';

test('the explanation names limits, what a remedy buys, the ceiling, coverage, unknowns and sources', () => {
  const facts = perfectServer({
    diskUuidEnabled: false,
    disks: [diskFacts(0), diskFacts(1, { diskMode: 'independent_persistent' })],
  });
  const text = describeAssessment(assess(facts));
  for (const line of [
    '  Predicted for a backup now: filesystem-consistent (likely, by vss-without-writers)',
    '  At best: application-consistent; VSS brings applications to rest that have a writer (OS-W2022)',
    '  Limit DSK-11: The guest does not see the UUIDs of its disks',
    '    Then: application-consistent',
    '  In the snapshot: not the whole VM',
    '    Without Hard disk 2: independent disks are not part of snapshots (DSK-01)',
  ])
    expect(text.split('\n')).toContain(line);
  expect(text).toMatch(/Source: Virtual Disk Development Kit Programming Guide 8\.0.*https:\/\//);
});

test('two limits of one level: that each alone changes nothing is said, and what both together buy', () => {
  const text = describeAssessment(assess(perfectServer({ diskUuidEnabled: false, isEncrypted: true })));
  expect(text.match(/That alone changes nothing: another limit remains/g)).toHaveLength(2);
  expect(text).toContain('With all limits remedied: application-consistent');
});

test('the vendor’s statement about Linux stands beside what the technology gives', () => {
  expect(describeAssessment(assess(linuxGuest()))).toContain('What the vendor supports: crash-consistent');
});
