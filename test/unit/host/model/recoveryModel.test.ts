import { l10n } from 'vscode';
import { expect, test } from 'vitest';

import { evidenceView } from '../../../../src/host/model/evidenceText.ts';
import { pointDetailsView } from '../../../../src/host/model/pointRecoveryModel.ts';
import { recoveryOverview, type RecoveryFacts } from '../../../../src/host/model/recoveryModel.ts';
import type { PointDto } from '../../../../src/protocol/point.ts';
import type { PointRecoveryDto, StandingDto } from '../../../../src/protocol/recovery.ts';
import type { ExplanationDto } from '../../../../src/protocol/vm.ts';
import { pointId } from '../hostFixture.ts';

const { t } = l10n;
const now = new Date('2026-03-01T12:00:00Z');
const source = { title: 'A guide', url: 'https://example.com/guide' };

const explanation: ExplanationDto = {
  ...{ name: 'web01', inventoryPath: '/Lab/vm/web01', level: 'crash', mechanism: 'none' },
  ...{ certainty: 'likely', ceiling: 'filesystem', coverage: 'partial', remarks: [], notes: [] },
  base: { rule: 'OS-LINUX', text: 'Tools freeze it', certainty: 'certain', source, vendorLevel: 'crash' },
  limits: [
    {
      ...{ rule: 'TLS-02', text: 'VMware Tools do not run', remedy: 'Start them', certainty: 'certain' },
      ...{ source, cap: 'crash', levelAfterFix: 'filesystem' },
    },
  ],
  outsideDisks: [{ rule: 'DSK-01', deviceKey: 2001, label: 'Hard disk 2', reason: 'independent' }],
  unknowns: [{ rule: 'CFG-01', question: 'what tools.conf sets', certainty: 'certain', source }],
};

const point: PointDto = {
  ...{ id: pointId, takenAt: '2026-03-01T09:00:00Z', startedAt: '', finishedAt: '', program: 'quiesce' },
  vm: { instanceUuid: 'u', name: 'web01', inventoryPath: '', guestName: '', powerState: 'poweredOn' },
  server: { instanceUuid: 's', address: '', product: '' },
  consistency: {
    ...{ requested: 'application', proven: 'crash', claimed: 'filesystem' },
    evidence: [
      { rule: 'E1', statement: 'the snapshot exists' },
      { rule: 'E5', statement: 'writers took part', items: ['SqlServerWriter'] },
    ],
    downgrades: [{ from: 'application', to: 'filesystem', reason: 'a writer failed' }],
    attempts: [],
    applications: [
      { name: 'SqlServerWriter', rule: 'E5', isProven: true },
      { name: 'mariadb', rule: 'E9', isProven: false },
    ],
    volumes: [
      {
        ...{ deviceKey: 2000, volumeIndex: 1, name: 'root', state: 'in-use', rule: 'E11' },
        statement: 'changes wait in the journal',
      },
      {
        ...{ deviceKey: 2001, volumeIndex: 0, name: 'Hard disk 2', state: 'unknown', rule: 'IMG-OTHER' },
        statement: 'Hard disk 2: it cannot be read',
      },
    ],
  },
  disks: [
    {
      deviceKey: 2000,
      label: 'Hard disk 1',
      capacityBytes: 1,
      read: {
        mode: 'whole',
        transport: 'nfc-lease',
        fullReason: 'first-backup',
        receivedBytes: 1,
        storedBytes: 1,
      },
    },
  ],
  leftOutDisks: [{ deviceKey: 2001, label: 'Hard disk 2', reason: 'independent' }],
};

const standing: StandingDto = {
  vmId: 'vm-1',
  goal: { goal: { minimumLevel: 'crash', maxAgeMs: 86_400_000 }, setBy: 'kim', setAt: point.takenAt },
  ...{ state: 'met', gaps: [], acceptances: [], expired: [] },
  recoveryTime: { kind: 'unknown', why: 'nothing of the kind was measured yet' },
};

const summary = { vmName: 'web01', serverInstanceUuid: 's' };

function overview(change: Partial<RecoveryFacts> = {}) {
  const facts: RecoveryFacts = {
    ...{ explanation, standing, newest: point, notices: [] },
    disks: [
      { deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1, backing: 'flat' },
      { deviceKey: 2001, label: 'Hard disk 2', capacityBytes: 1, backing: 'flat' },
    ],
    points: [
      { repository: 'main', point: { ...summary, id: 'b', takenAt: point.takenAt, proven: 'crash' } },
      { repository: 'other', point: { ...summary, id: 'a', takenAt: '2026-02-01T09:00:00Z' } },
    ],
    ...change,
  };
  return recoveryOverview(facts, now, t);
}

test.each<readonly [string, Partial<RecoveryFacts>, string, RegExp]>([
  ['a goal that is met', {}, 'good', /^Yes: the goal is met now/],
  [
    'a goal that is missed',
    { standing: { ...standing, state: 'gap', gaps: [{ kind: 'age', text: 'too old' }] } },
    'bad',
    /^No: the goal is missed \(1 gaps\)$/,
  ],
  ['no goal', { standing: undefined }, 'unknown', /^No goal is set; the newest restore point is .*3 h ago$/],
  [
    'neither goal nor restore point',
    { standing: undefined, newest: undefined },
    'bad',
    /^No goal is set, and there is no restore point$/,
  ],
])('am I happy, with %s', (_, change, tone, text) => {
  const { answer } = overview(change).goal;
  expect(answer.tone).toBe(tone);
  expect(answer.text).toMatch(text);
});

test('an accepted gap is amber with who, why and until when; an acceptance that has ended is red and said', () => {
  const acceptance = {
    ...{ by: 'kim', at: '2026-02-20T00:00:00Z', reason: 'moving', gaps: ['age' as const] },
    until: '2026-04-01T00:00:00Z',
  };
  const gaps = [{ kind: 'age' as const, text: 'too old' }];
  const accepted = overview({
    standing: { ...standing, state: 'accepted', gaps, acceptances: [acceptance] },
  }).goal;
  expect(accepted).toMatchObject({ answer: { tone: 'warning' }, gaps: ['Too old.'], canAccept: false });
  expect(accepted.acceptances[0]).toMatch(/^Accepted by kim on 2026-02-20 .* until 2026-0.*: moving$/);
  const ended = overview({ standing: { ...standing, state: 'gap', gaps, expired: [acceptance] } }).goal;
  expect(ended).toMatchObject({ answer: { tone: 'bad' }, canAccept: true });
  expect(ended.answer.text).toContain('an acceptance of that has ended');
  expect(ended.acceptances[0]).toMatch(/^The acceptance by kim has ended on /);
});

test('how consistent: three levels that are never one, limits with remedy, gain, certainty and source', () => {
  const { consistency } = overview();
  expect(consistency.answer).toEqual({
    tone: 'warning',
    text: 'Proven: crash-consistent. Claimed, not proven: file-system-consistent',
  });
  expect(consistency.levels.map(({ kind, level }) => [kind, level])).toEqual([
    ['predicted', 'crash'],
    ['requested', 'application'],
    ['proven', 'crash'],
  ]);
  expect(consistency.limits).toEqual([
    {
      ...{ rule: 'TLS-02', text: 'At most crash-consistent: VMware Tools do not run.', remedy: 'Start them' },
      ...{ gain: 'Level after that: file-system-consistent', certainty: 'Certainty: certain', source },
    },
    {
      ...{ rule: 'OS-LINUX', text: 'At best file-system-consistent: Tools freeze it.' },
      ...{ gain: 'What the vendor supports: crash-consistent', certainty: 'Certainty: certain', source },
    },
  ]);
  expect(consistency.unknowns).toMatchObject([{ rule: 'CFG-01', source }]);
  expect(consistency.disks).toEqual([
    { label: 'Hard disk 1', isIn: true },
    { label: 'Hard disk 2', isIn: false, reason: 'independent' },
  ]);
});

test('a prediction alone is never green', () => {
  const good = { ...explanation, level: 'application' as const, limits: [] };
  const { answer, levels } = overview({ explanation: good, newest: undefined }).consistency;
  expect(answer.tone).toBe('unknown');
  expect(answer.text).toContain('Nothing is proven yet');
  expect(levels.map(({ text }) => text)).toEqual(['application-consistent', 'nothing yet', 'nothing yet']);
});

test('the line of time goes from the oldest to the newest over all repositories', () => {
  expect(
    overview().points.map(({ repository, point: id, levelText }) => [repository, id, levelText]),
  ).toEqual([
    ['other', 'a', 'proven: consistency unknown'],
    ['main', 'b', 'proven: crash-consistent'],
  ]);
});

const recovery: PointRecoveryDto = {
  rows: [
    {
      ...{ granularity: 'transaction', isPossible: false, caveats: ['no log chain stored'] },
      ...{ source, time: { kind: 'unknown', why: '' } },
    },
    {
      ...{ granularity: 'guest-file', isPossible: true, operation: 'Copy files', caveats: ['may be torn'] },
      ...{ source, time: { kind: 'unknown', why: 'how much is to be written is not known' } },
    },
    {
      ...{ granularity: 'vm', isPossible: true, operation: 'Restore the whole VM', caveats: [], source },
      time: {
        ...{ kind: 'estimated', durationMs: 5_400_000, bytesPerSecond: 1024 ** 2 },
        basis: { transferCount: 3, bytes: 2 * 1024 ** 3 },
      },
    },
  ],
  volumes: [
    { deviceKey: 2000, volumeIndex: 1, name: 'Hard disk 1, root', fileSystem: 'ext4', isReadable: true },
    { deviceKey: 2000, volumeIndex: 2, name: 'Hard disk 1, data', fileSystem: 'ReFS', isReadable: false },
  ],
  problems: ['a block is damaged'],
};

test.each([
  ['E1', { proves: 'crash' }, 'good', 'at least crash-consistent', 'the server'],
  [
    'E4',
    { proves: 'filesystem', limits: 'filesystem' },
    'warning',
    'at most',
    'the manifest that the guest left',
  ],
  ['E7', { claims: 'filesystem' }, 'unknown', 'claimed, not proven: file-system-consistent', 'the server'],
  ['E8', { limits: 'crash' }, 'warning', 'at most crash-consistent', 'events'],
  ['E9', {}, undefined, undefined, 'token'],
  ['IMG-XFS', { limits: 'crash' }, 'warning', 'at most', 'the stored disks'],
  ['POWER-STATE', {}, undefined, undefined, 'power state'],
  ['NEW-1', {}, undefined, undefined, 'the manifest of the restore point'],
] as const)(
  'evidence of rule %s says what it means and where it was found',
  (rule, means, tone, text, place) => {
    const view = evidenceView({ rule, statement: 'it is so', ...means, items: ['a name'] }, t);
    expect(view).toMatchObject({ rule, text: 'It is so.', items: ['a name'] });
    expect(view.effect?.tone).toBe(tone);
    expect(view.effect?.text).toEqual(text && (expect.stringContaining(text) as string));
    expect(view.source).toContain(place);
  },
);

test('how a snapshot was asked for, and why less was taken, is told call by call', () => {
  const call = 'CreateSnapshot_Task(quiesce=true)';
  const attempts = [
    { level: 'filesystem', call, at: point.takenAt, problem: 'the guest has reported an error' },
    { level: 'crash', call: 'CreateSnapshot_Task(quiesce=false)', at: point.takenAt },
  ] as const;
  const tried = { ...point, consistency: { ...point.consistency, attempts } };
  expect(pointDetailsView(tried, recovery, t).attempts).toEqual([
    {
      text: `Asked for file-system-consistent: ${call}`,
      problem: 'Refused: The guest has reported an error.',
    },
    { text: 'Asked for crash-consistent: CreateSnapshot_Task(quiesce=false)' },
  ]);
});

test('the VMs of a group lie on a line from the first snapshot to the last, and are not called consistent', () => {
  const at = (ms: number) => new Date(Date.parse(point.takenAt) + ms).toISOString();
  const members = [
    { vmInstanceUuid: 'x', name: 'db01', takenAt: at(0) },
    { vmInstanceUuid: 'u', name: 'web01', takenAt: at(150) },
    { vmInstanceUuid: 'y', name: 'queue01', takenAt: at(200) },
  ];
  const { group } = pointDetailsView({ ...point, group: { id: 'g', skewMs: 200, members } }, recovery, t);
  expect(group?.text).toContain('3 VMs, snapshots 200 ms apart, not consistent across VMs');
  expect(group?.members).toEqual([
    { name: 'db01', isThis: false, fraction: 0, text: 'first' },
    { name: 'web01', isThis: true, fraction: 0.75, text: '150 ms later' },
    { name: 'queue01', isThis: false, fraction: 1, text: '200 ms later' },
  ]);
  expect(pointDetailsView(point, recovery, t).group).toBeUndefined();
});

test('how and what can I recover: operations with caveats, time with its basis or unknown, basis, applications', () => {
  const view = pointDetailsView(point, recovery, t);
  expect(view.how.text).toMatch(/^In 2 of 3 ways/);
  expect(view.what).toEqual({ tone: 'warning', text: '1 of 2 disks; files of 1 of 2 volumes' });
  expect(
    view.rows.map(({ title, text, actions, time, timeBasis }) => [
      title,
      text,
      actions.join(),
      time,
      timeBasis,
    ]),
  ).toEqual([
    ['Up to a certain transaction', 'No log chain stored.', '', '', ''],
    [
      ...['One or more guest files', 'Copy files.', 'files,guest,browse', 'Time: unknown'],
      'how much is to be written is not known',
    ],
    [
      ...['One or more VMs', 'Restore the whole VM.', 'vm', 'Time: about 1 h 30 min'],
      'from 3 restores of 2 GiB in all, at 1 MiB a second',
    ],
  ]);
  expect(view.basis).toBe('by evidence: E1, E5; file-system-consistent is claimed only');
  expect(
    view.applications.map(({ name, rule, atRest, recovery: of }) => [name, rule, atRest.tone, of]),
  ).toEqual([
    ['SqlServerWriter', 'E5', 'good', expect.stringContaining('Its files are complete') as string],
    ['mariadb', 'E9', 'warning', expect.stringContaining('recovers by itself') as string],
  ]);
  expect(view.applicationsText).toBe('No log chain stored.');
  expect(view.downgrades[0]).toContain('a writer failed');
  expect(view.volumes).toEqual([
    {
      ...{ name: 'Hard disk 1, root', content: 'ext4', rule: 'E11' },
      files: { tone: 'good', text: 'files can be read' },
      atRest: { tone: 'warning', text: 'in use: Changes wait in the journal.' },
    },
    {
      ...{ name: 'Hard disk 1, data', content: 'ReFS' },
      files: { tone: 'warning', text: 'files cannot be read here' },
    },
    {
      ...{ name: 'Hard disk 2', content: 'content not recognized', rule: 'IMG-OTHER' },
      atRest: { tone: 'unknown', text: 'not known: It cannot be read.' },
    },
  ]);
  expect(view.problems).toEqual(['A block is damaged.']);
});
