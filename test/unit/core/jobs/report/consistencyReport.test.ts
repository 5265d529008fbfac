import { expect, test } from 'vitest';

import { assess } from '../../../../../src/core/consistency/assess.ts';
import { standingOf } from '../../../../../src/core/consistency/recovery/goal.ts';
import type { AssessmentFacts } from '../../../../../src/core/inventory/assessmentFacts.ts';
import {
  type AssessedVm,
  type ConsistencyReport,
  reportMarkdown,
  reportValue,
} from '../../../../../src/core/jobs/report/consistencyReport.ts';
import { linuxGuest, perfectServer } from '../../../../support/assessmentFacts.ts';

const now = new Date('2026-03-01T12:00:00Z');

function vm(name: string, facts: AssessmentFacts): AssessedVm {
  return { name, id: `vm-${name.length}`, inventoryPath: `/Lab/vm/${name}`, predicted: assess(facts) };
}

function report(changes: Partial<ConsistencyReport>): ConsistencyReport {
  return { server: 'lab', madeAt: now, vms: [], standings: [], ...changes };
}

function standing(
  name: string,
  minimumLevel: 'crash' | 'application',
): ConsistencyReport['standings'][number] {
  const goal = { minimumLevel, maxAgeMs: undefined, maxRecoveryMs: undefined };
  const facts = {
    newest: { takenAt: now, proven: 'crash', coverage: 'whole-vm' },
    recoveryTime: { kind: 'unknown', why: 'nothing was measured' },
  } as const;
  return {
    vm: {
      ...{ name, inventoryPath: `/Lab/vm/${name}`, facts: linuxGuest() },
      ref: { type: 'VirtualMachine', value: name },
    },
    record: {
      ...{ goal, name, setBy: 'kim', setAt: now },
      scope: { kind: 'vm', serverInstanceUuid: 's', vmInstanceUuid: name },
    },
    ...{ facts, newest: undefined, standing: standingOf(goal, facts, [], now) },
  };
}

test('the report counts levels, and puts the remedy first that raises most VMs', () => {
  const page = reportMarkdown(
    report({
      server: 'vc|lab',
      vms: [
        vm('web01', linuxGuest()),
        vm('db01', linuxGuest({ toolsRunning: 'guestToolsNotRunning' })),
        vm('db02', linuxGuest({ toolsRunning: 'guestToolsNotRunning' })),
        vm('win|01', perfectServer({ diskUuidEnabled: false, isEncrypted: true })),
      ],
    }),
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

test('names are text in the page, whatever they are', () => {
  const name = '<img src=x>[click](command:evil)\n# heading\u202Egnp';
  const page = reportMarkdown(report({ vms: [vm(name, linuxGuest())] }));
  expect(page).toContain('| \\<img src=x\\>\\[click\\](command:evil) \\# headinggnp | filesystem |');
  expect(page.split('\n').filter(line => line.startsWith('#'))).toHaveLength(3);
});

test('a report of VMs that nothing limits says so', () => {
  expect(reportMarkdown(report({ vms: [vm('web01', linuxGuest())] }))).toContain(
    'No VM is limited by anything that could be changed',
  );
});

test('what the server has not confirmed is said', () => {
  expect(reportMarkdown(report({}))).not.toContain('confirmed');
  expect(reportMarkdown(report({ asOf: new Date(0) }))).toContain(
    'As it was at 1970-01-01T00:00:00.000Z: the server has not confirmed all of it since.',
  );
});

test('goals that are missed come first in the report, with what is missing', () => {
  const standings = [standing('web01', 'crash'), standing('db01', 'application')];
  const page = reportMarkdown(report({ standings }));
  const rows = page.split('\n').filter(line => /^\| (web|db)01/.test(line));
  expect(rows).toEqual([
    expect.stringMatching(/^\| db01 \| application-consistent at least \| gap \| .*crash.* \|$/) as string,
    '| web01 | crash-consistent at least | met | – |',
  ]);
  expect(JSON.parse(JSON.stringify(reportValue(report({ standings }))))).toMatchObject({
    ...{ server: 'lab', madeAt: now.toISOString(), vms: [] },
    goals: [
      { vm: 'web01', state: 'met', gaps: [] },
      { vm: 'db01', state: 'gap', gaps: [{ kind: 'level' }] },
    ],
  });
});
