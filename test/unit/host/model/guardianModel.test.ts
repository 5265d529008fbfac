import { describe, expect, test } from 'vitest';

import { dayMs, GiB, hourMs, MiB } from '../../../../src/base/units.ts';
import {
  guardedView,
  guardianChildren,
  guardianMarkdown,
  type GuardianNode,
  guardianView,
  needsLook,
} from '../../../../src/host/model/guardianModel.ts';
import type { GuardedSnapshotDto, SnapshotReportDto } from '../../../../src/protocol/snapshotReport.ts';

const t = (text: string, ...values: readonly (string | number)[]) =>
  text.replace(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)]));

const vm = { vcenter: 'lab', id: 'vm-1', name: 'web01' };
const owner = {
  ...{ token: 't-1', installationId: 'i-2', job: 'j-1' },
  expiresAt: new Date(2026, 2, 1, 9, 5).toISOString(),
};

function snapshot(verdict: GuardedSnapshotDto['verdict'], over: Partial<GuardedSnapshotDto> = {}) {
  const createdAt = new Date(2026, 1, 27).toISOString();
  return { vm, snapshotId: verdict, name: `a ${verdict} one`, createdAt, ageMs: 4 * dayMs, verdict, ...over };
}

function report(over: Partial<SnapshotReportDto>): SnapshotReportDto {
  const { snapshots = [] } = over;
  const at = new Date(2026, 2, 3, 12, 0).toISOString();
  return {
    vcenter: 'lab',
    at,
    snapshots,
    snapshotCount: snapshots.length,
    toConsolidate: [],
    datastores: [],
    ...over,
  };
}

const full = { name: 'fast', freeBytes: 9 * GiB, bytesPerDay: 24 * GiB, fullInMs: 9 * hourMs };
const far = { name: 'slow', freeBytes: 900 * GiB, bytesPerDay: MiB, fullInMs: 9000 * dayMs };

const everything = report({
  snapshots: [
    snapshot('live'),
    snapshot('orphan'),
    snapshot('other', { owner }),
    snapshot('expired', { owner, writtenBytes: 3 * MiB }),
    snapshot('old', { writtenBytes: 8 * GiB, bytesPerDay: 2 * GiB }),
  ],
  toConsolidate: [{ vm, unneededBytes: GiB }, { vm: { ...vm, id: 'vm-2', name: 'db01' } }],
  datastores: [full, far],
});

describe('the row of the guardian', () => {
  test.each([
    ['nothing', report({}), false],
    ['a running backup', report({ snapshots: [snapshot('live')] }), false],
    ['a datastore that lasts for years', report({ datastores: [far] }), false],
    ['an old snapshot', report({ snapshots: [snapshot('old')] }), true],
    ['disks to consolidate', report({ toConsolidate: [{ vm }] }), true],
    ['a datastore that is full soon', report({ datastores: [full] }), true],
  ] as const)('%s: %j', (_, given, isShown) => {
    expect(needsLook(given)).toBe(isShown);
  });

  test('counts what somebody should look at, and opens to it', () => {
    const node: GuardianNode = { kind: 'guardian', vcenter: 'lab', report: everything };
    expect(guardianView(node, t).description).toBe(
      '1 left behind · 1 left behind by others · 1 of other installations · 1 old · 2 to consolidate · 1 soon full',
    );
    const rows = guardianChildren(node).map(child => guardedView(child, t));
    expect(rows.map(({ label, description }) => `${label} — ${description ?? ''}`)).toEqual([
      'fast — 9 GiB left, snapshots grow 24 GiB a day: full in 9 h 00 min',
      'web01: a orphan one — 4 d 0 h · ours, left behind: it is removed',
      'web01: a other one — 4 d 0 h · of another installation, valid until 2026-03-01 09:05',
      'web01: a expired one — 4 d 0 h · grown 3 MiB · of another installation, expired 2026-03-01 09:05',
      'web01: a old one — 4 d 0 h · grown 8 GiB, 2 GiB a day · old, of no backup of Quiesce',
      'web01 — disks need consolidation, 1 GiB that no snapshot needs',
      'db01 — disks need consolidation',
    ]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });
});

test('on the page, names from outside are text', () => {
  const page = guardianMarkdown(
    report({ snapshots: [snapshot('old', { name: '<img src=x> | **b**' })], snapshotCount: 3 }),
    t,
  );
  expect(page).toContain('2 more are not shown');
  expect(page).toContain(String.raw`| \<img src\=x\> \| \*\*b\*\* |`);
  expect(guardianMarkdown(report({}), t)).toContain('nothing was left behind');
});
