import { expect, test } from 'vitest';

import { dayMs, hourMs } from '../../../../src/base/units.ts';
import {
  judgeSnapshot,
  openSnapshotTokens,
  usualOldAfterMs,
} from '../../../../src/core/snapshot/judgeSnapshot.ts';
import { growthSince, unneededBytes } from '../../../../src/core/snapshot/snapshotGrowth.ts';
import type { SurveyedSnapshot } from '../../../../src/core/snapshot/surveySnapshots.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { ref } from '../../../support/scriptedCaller.ts';

const now = new Date('2026-03-03T12:00:00Z');
const journal = { installationId: 'i-1', machineId: 'm1' };
const marker = {
  ...{ token: 't-1', installationId: 'i-1', machineId: 'm1', vm: 'vm-1', job: 'j-1' },
  expiresAt: new Date('2026-03-03T13:00:00Z'),
};

function snapshot(over: Partial<SurveyedSnapshot>): SurveyedSnapshot {
  const facts = {
    ...{ ref: ref('VirtualMachineSnapshot', 'snapshot-1'), parent: undefined, name: 'one', description: '' },
    ...{ createdAt: now, isQuiesced: false, backupManifest: undefined, isCurrent: true },
  };
  const vm = { ref: ref('VirtualMachine', 'vm-1'), name: 'web01' };
  return { vm, facts, marker: undefined, ageMs: 0, growth: undefined, ...over };
}

test.each([
  ['recent', { ageMs: 71 * hourMs }],
  ['old', { ageMs: 72 * hourMs }],
  ['orphan', { marker }],
  ['orphan', { marker: { ...marker, expiresAt: new Date(0) }, ageMs: 100 * dayMs }],
  ['live', { marker: { ...marker, token: 't-open' } }],
  ['live', { marker: { ...marker, token: 't-open', expiresAt: new Date(0) } }],
  ['other', { marker: { ...marker, installationId: 'i-2' } }],
  ['other', { marker: { ...marker, machineId: 'm2' } }],
  ['expired', { marker: { ...marker, installationId: 'i-2', expiresAt: now } }],
  ['expired', { marker: { ...marker, machineId: 'm2', expiresAt: new Date(0) } }],
] as const)('%s: %j', (verdict, over) => {
  const by = { journal, openTokens: new Set(['t-open']), now, oldAfterMs: usualOldAfterMs };
  expect(judgeSnapshot(snapshot(over), by)).toBe(verdict);
});

test('tokens are those of snapshots that are written down', async () => {
  const open = memoryJournal();
  const vm = { vcenterId: 'vc', vmName: 'web01' };
  await open.record({ kind: 'snapshot', ...vm, vm: 'vm-1', token: 't-1' });
  await open.record({ kind: 'imported-vm', ...vm, token: 't-2' });
  expect([...(await openSnapshotTokens(open))]).toEqual(['t-1']);
});

/** Two disks; one was added after the first snapshot. Files 2 and 5 came with the first, 3 with the second. */
const layout = {
  timestamp: now,
  file: [
    ['[fast] a/a.vmdk', 1],
    ['[fast] a/a-flat.vmdk', 1000],
    ['[fast] a/a-000001.vmdk', 10],
    ['[fast] a/a-000002.vmdk', 20],
    ['[slow] a/b.vmdk', 2000],
    ['[slow] a/b-000001.vmdk', 70],
    ['[slow] a/c.vmdk', 400],
  ].map(([name, size], key) => ({ key, name: String(name), type: 'diskExtent', size: Number(size) })),
  disk: [
    { key: 2000, chain: [{ fileKey: [0, 1] }, { fileKey: [2] }, { fileKey: [3] }] },
    { key: 2001, chain: [{ fileKey: [4] }, { fileKey: [5] }] },
    { key: 2002, chain: [{ fileKey: [6] }] },
  ],
  snapshot: [
    {
      ...{ key: ref('VirtualMachineSnapshot', 'first'), dataKey: -1, memoryKey: -1 },
      disk: [
        { key: 2000, chain: [{ fileKey: [0, 1] }] },
        { key: 2001, chain: [{ fileKey: [4] }] },
      ],
    },
    {
      ...{ key: ref('VirtualMachineSnapshot', 'second'), dataKey: -1, memoryKey: -1 },
      disk: [{ key: 2000, chain: [{ fileKey: [0, 1] }, { fileKey: [2] }] }],
    },
  ],
};

test('a snapshot has grown by the files that came since, on the datastores they are on', () => {
  const growth = growthSince(layout, ref('VirtualMachineSnapshot', 'first'), dayMs / 2);
  expect(growth).toEqual({
    ...{ writtenBytes: 100, bytesPerDay: 200 },
    writtenOn: new Map([
      ['fast', 30],
      ['slow', 70],
    ]),
  });
  const second = growthSince(layout, ref('VirtualMachineSnapshot', 'second'), 60_000);
  expect(second).toMatchObject({ writtenBytes: 20, bytesPerDay: undefined });
  expect(growthSince(layout, ref('VirtualMachineSnapshot', 'third'), dayMs)).toBeUndefined();
  expect(growthSince(undefined, ref('VirtualMachineSnapshot', 'first'), dayMs)).toBeUndefined();
});

test('what no snapshot needs is what lies beside the disks', () => {
  expect(unneededBytes(layout)).toBeUndefined();
  expect(unneededBytes({ ...layout, snapshot: [] })).toBe(100);
});
