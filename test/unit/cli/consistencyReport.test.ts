import { expect, test } from 'vitest';

import { type AssessedVm, consistencyReport } from '../../../src/cli/consistencyReport.ts';
import { describeAssessment } from '../../../src/cli/describeAssessment.ts';
import { assess } from '../../../src/core/consistency/assess.ts';
import type { AssessmentFacts } from '../../../src/core/inventory/assessmentFacts.ts';
import { diskFacts, linuxGuest, perfectServer } from '../../support/assessmentFacts.ts';

function vm(name: string, facts: AssessmentFacts): AssessedVm {
  return { name, id: `vm-${name.length}`, inventoryPath: `/Lab/vm/${name}`, predicted: assess(facts) };
}

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

test('the report counts levels, and puts the remedy first that raises most VMs', () => {
  const page = consistencyReport(
    'vc|lab',
    new Date(0),
    [
      vm('web01', linuxGuest()),
      vm('db01', linuxGuest({ toolsRunning: 'guestToolsNotRunning' })),
      vm('db02', linuxGuest({ toolsRunning: 'guestToolsNotRunning' })),
      vm('win|01', perfectServer({ diskUuidEnabled: false, isEncrypted: true })),
    ],
    [],
  );
  const rows = page.split('\n').filter(line => line.startsWith('|'));
  expect(page).toContain('# Consistency of the VMs of vc\\|lab');
  expect(rows).toContain('| filesystem | 2 | 3 |');
  expect(rows).toContain('| application | 0 | 1 |');
  const remedies = rows.filter(row => /^\| (TLS|DSK|ENC)-/.test(row)).map(row => row.slice(2, 8));
  expect(remedies).toEqual(['TLS-02', 'DSK-11', 'ENC-01']);
  expect(page).toContain('| 2 | 2 | db01, db02 |');
  expect(page).toContain('win\\|01');
});

test('a report of VMs that nothing limits says so', () => {
  expect(consistencyReport('lab', new Date(0), [vm('web01', linuxGuest())], [])).toContain(
    'No VM is limited by anything that could be changed',
  );
});

test('goals that are missed come first in the report, with what is missing', () => {
  const page = consistencyReport(
    'lab',
    new Date(0),
    [],
    [
      { name: 'web01', goal: 'crash-consistent at least', state: 'met', missing: '' },
      { name: 'db01', goal: 'application-consistent at least', state: 'gap', missing: 'Proven is crash' },
    ],
  );
  const rows = page.split('\n').filter(line => /^\| (web|db)01/.test(line));
  expect(rows).toEqual([
    '| db01 | application-consistent at least | gap | Proven is crash |',
    '| web01 | crash-consistent at least | met | – |',
  ]);
});
