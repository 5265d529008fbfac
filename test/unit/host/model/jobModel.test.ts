import { diskReadText, disksReadText } from '../../../../src/host/model/diskReadText.ts';
import { l10n } from 'vscode';
import { expect, test } from 'vitest';

import {
  jobChildren,
  jobView,
  needsAttention,
  progressText,
  resultText,
  statusText,
} from '../../../../src/host/model/jobModel.ts';
import { pointTreeView } from '../../../../src/host/model/pointTreeModel.ts';
import type { CheckResultDto, JobDto } from '../../../../src/protocol/job.ts';
import { pointId } from '../hostFixture.ts';

const { t } = l10n;
const now = new Date('2026-03-01T12:00:00Z');
const ref = { repository: 'main', point: pointId };

const job: JobDto = {
  id: 'j1',
  kind: 'backup',
  object: 'web01',
  state: 'running',
  phase: 'reading disks',
  doneBytes: 1024 ** 3,
  totalBytes: 4 * 1024 ** 3,
  bytesPerSecond: 100 * 1024 ** 2,
  remainingMs: 31_000,
  startedAt: '2026-03-01T11:00:00Z',
};

test.each<[Partial<JobDto>, string]>([
  [{}, 'reading disks · 1 GiB of 4 GiB (25 %) · 100 MiB/s · 31 s left'],
  [{ doneBytes: 4 * 1024 ** 3 }, 'reading disks · 4 GiB of 4 GiB (99 %) · 100 MiB/s · 31 s left'],
  [{ state: 'cancelling' }, 'cancelling'],
  [
    { bottleneck: 'source' },
    'reading disks · 1 GiB of 4 GiB (25 %) · 100 MiB/s · 31 s left · limited by the source',
  ],
  [{ state: 'paused', phase: 'Removing the snapshot' }, 'pausing · Removing the snapshot'],
  [{ state: 'paused', phase: 'Paused: no snapshot' }, 'Paused: no snapshot'],
])('progress is told with what is known: %j', (change, expected) => {
  expect(progressText({ ...job, ...change }, t)).toBe(expected);
});

test('progress of an unknown whole is told without a percentage', () => {
  const { id, kind, object, state, phase, doneBytes, startedAt } = job;
  const unknown: JobDto = { id, kind, object, state, phase, doneBytes, startedAt };
  expect(progressText(unknown, t)).toBe('reading disks · 1 GiB');
  expect(statusText([unknown], t)).toBe('$(sync~spin) Backup of web01');
});

test('the status bar speaks of running jobs only', () => {
  const ended: JobDto = { ...job, id: 'j2', state: 'cancelled' };
  expect(statusText([], t)).toBeUndefined();
  expect(statusText([ended], t)).toBeUndefined();
  expect(statusText([job, ended], t)).toBe('$(sync~spin) Backup of web01: 25 %');
  const paused: JobDto = { ...job, state: 'paused' };
  expect(statusText([paused], t)).toBe('$(debug-pause) Backup of web01: 25 %');
  expect(statusText([job, paused], t)).toBe('$(sync~spin) Quiesce: 2 jobs');
  expect(statusText([job, { ...job, id: 'j3' }, ended], t)).toBe('$(sync~spin) Quiesce: 2 jobs');
});

const backup = {
  kind: 'backup',
  point: pointId,
  requested: 'filesystem',
  proven: 'filesystem',
  downgrades: [],
  receivedBytes: 1,
  storedBytes: 2048,
  disks: [],
  warnings: [],
  problems: [],
} as const;

const changed = {
  deviceKey: 2000,
  label: 'Hard disk 1',
  capacityBytes: 1024,
  read: {
    mode: 'changed-areas',
    transport: 'datastore-files',
    ...{ receivedBytes: 3, readBytes: 2048, changedBytes: 1024, storedBytes: 512 },
    audit: { chunks: 64, mismatches: 0 },
  },
} as const;
const whole = {
  ...changed,
  label: 'Hard disk 2',
  read: { ...changed.read, mode: 'whole', fullReason: 'tracking-reset' },
} as const;

test('how disks were read is told, and why everything was', () => {
  const lost = 'what was tracked of its changes was lost since the previous restore point';
  expect(disksReadText([changed], t)).toBe('incremental');
  expect(disksReadText([whole], t)).toBe(`full, because ${lost}`);
  expect(disksReadText([changed, whole], t)).toBe('incremental but for Hard disk 2');
  expect(disksReadText([], t)).toBeUndefined();
  expect(diskReadText(changed.read, t)).toBe(
    'incremental, 1 KiB changed, 2 KiB read, 512 B stored, 64 unchanged chunks compared, by ranges of its file',
  );
  const fellOver = { ...changed.read, passedOver: [{ kind: 'nbd', reason: 'nbdkit has ended' }] } as const;
  expect(diskReadText(fellOver, t)).toContain(
    'by ranges of its file, not by an NBD program: nbdkit has ended',
  );
  const lied = { ...whole.read, fullReason: 'verification-failed', fullDetail: 'as it was said' } as const;
  expect(diskReadText({ ...lied, audit: { chunks: 100, mismatches: 2 } }, t)).toContain(
    'tracking did not tell of (as it was said), 1 KiB changed, 2 KiB read, 512 B stored, 2 of 100 unchanged chunks had changed',
  );
  expect(resultText({ ...backup, disks: [changed] }, t)).toBe(
    'file-system-consistent, incremental, 2 KiB stored',
  );
  const warnings = [{ code: 'CORRUPT_DATA', message: 'it lied', retryable: false, causes: [] }] as const;
  const warned = { ...backup, disks: [whole], warnings };
  expect([needsAttention(warned), resultText(warned, t)]).toEqual([
    true,
    `file-system-consistent, full, because ${lost}, 2 KiB stored; it lied`,
  ]);
});

test('a backup that proves less than was asked for is told as such, never as a success alone', () => {
  const downgraded = { ...backup, proven: 'crash' } as const;
  expect([needsAttention(backup), resultText(backup, t)]).toEqual([
    false,
    'file-system-consistent, 2 KiB stored',
  ]);
  expect([needsAttention(downgraded), resultText(downgraded, t)]).toEqual([
    true,
    'asked for file-system-consistent, proven crash-consistent, 2 KiB stored',
  ]);
  const reasons = {
    claimed: 'filesystem',
    downgrades: [{ from: 'application', to: 'crash', reason: 'no Tools' }],
  } as const;
  expect(resultText({ ...downgraded, ...reasons }, t)).toBe(
    'asked for file-system-consistent, proven crash-consistent; filesystem claimed, unproven, 2 KiB stored; stepped down from application to crash: no Tools',
  );
  expect(jobView({ ...job, state: 'succeeded', result: downgraded }, t).icon.name).toBe('warning');
  expect(jobView({ ...job, state: 'succeeded', result: backup }, t).icon.name).toBe('pass');
});

test('a group says how far apart its snapshots are, that they are not consistent across VMs, and who has failed', () => {
  const vm = (name: string) => ({ vcenter: 'vc', id: name, name });
  const members = [
    { vm: vm('web01'), backup },
    { vm: vm('db01'), backup },
  ];
  const group = { id: 'g', skewMs: 120, members: [] };
  const good = { kind: 'backupGroup', group, members } as const;
  expect([needsAttention(good), resultText(good, t)]).toEqual([
    false,
    '2 of 2 VMs backed up; snapshots 120 ms apart, not consistent across VMs',
  ]);
  const error = { code: 'QUIESCE_FAILED', message: 'refused', retryable: false, causes: [] } as const;
  const weaker = { ...backup, proven: 'crash' } as const;
  const partial = {
    ...{ ...good, group: { ...group, skewMs: 65_000 } },
    members: [members[0]!, { vm: vm('db01'), backup: weaker }, { vm: vm('build01'), error }],
  };
  expect([needsAttention(partial), resultText(partial, t)]).toEqual([
    true,
    '2 of 3 VMs backed up; snapshots 1 min 05 s apart, not consistent across VMs; 1 not proven as asked for; no restore point of build01',
  ]);
  const running: JobDto = {
    ...{ ...job, kind: 'backupGroup', object: 'shop' },
    members: [
      { object: 'web01', state: 'succeeded', phase: 'Writing the restore point', doneBytes: 0 },
      { object: 'db01', state: 'running', phase: 'Reading Hard disk 1 of db01', doneBytes: 1, totalBytes: 4 },
    ],
  };
  expect(jobView(running, t)).toMatchObject({ label: 'Backup of the group shop', children: 'expanded' });
  expect(
    jobChildren(running)
      .map(node => jobView(node, t))
      .map(view => [view.label, view.description]),
  ).toEqual([
    ['web01', 'done'],
    ['db01', 'Reading Hard disk 1 of db01 · 1 B of 4 B (25 %)'],
  ]);
  expect(jobChildren(job)).toEqual([]);
  const point = {
    ...{ id: pointId, takenAt: '2026-03-01T09:00:00Z', vmName: 'web01', serverInstanceUuid: 's' },
    group: { id: 'g', skewMs: 0 },
  };
  expect(pointTreeView({ kind: 'point', ref, point }, now, t).description).toContain(
    'snapshots 0 ms apart, not consistent across VMs',
  );
});

test('a check says what was looked at, and that damage needs attention', () => {
  const result: CheckResultDto = {
    kind: 'check',
    ...{ readData: true, errors: [], errorCount: 0, warnings: [], warningCount: 0 },
    ...{ damagedPoints: [], snapshotCount: 2, packCount: 3, packBytes: 1024 ** 3, blobCount: 9 },
    readBytes: 1024 ** 3,
  };
  expect([needsAttention(result), resultText(result, t)]).toEqual([
    false,
    'no errors (2 restore points, all 1 GiB read)',
  ]);
  expect(resultText({ ...result, readData: false, warningCount: 1 }, t)).toBe(
    'no errors, 1 warnings (2 restore points, data not read)',
  );
  const damaged = { ...result, errorCount: 4, damagedPoints: [pointId] };
  expect([needsAttention(damaged), resultText(damaged, t)]).toEqual([
    true,
    '4 errors, 1 restore points damaged (2 restore points, all 1 GiB read)',
  ]);
});
