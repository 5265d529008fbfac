import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { compareLevels, consistencyLevels } from '../../../../src/core/consistency/level.ts';
import { tokenOf, type TokenState } from '../../../../src/core/consistency/proof/freezeToken.ts';
import { proofRule, proofRules } from '../../../../src/core/consistency/proof/proofRules.ts';
import {
  type FoundManifest,
  type Proof,
  prove,
  type SnapshotFindings,
  type VolumeFinding,
} from '../../../../src/core/consistency/proof/prove.ts';
import { sources } from '../../../../src/core/consistency/sources.ts';
import { writerIds } from '../../../../src/core/consistency/vssWriters.ts';

/** The full number of random snapshots takes a while on a busy machine. */
const numRuns = process.env['QUIESCE_PROOF'] === 'full' ? 10_000 : 2000;

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 25, 12, 0, second));
const sqlWriter = { id: writerIds.sqlServer, name: 'SqlServerWriter' };
const vss = (writers = [sqlWriter], writerDocumentCount = writers.length): FoundManifest => ({
  ...{ kind: 'vss', writerDocumentCount, writers, componentWriterIds: writers.map(({ id }) => id) },
});
const frozen: FoundManifest = { kind: 'freeze', provider: 'fifreeze', productVersion: '12.3.0' };
const complaint = 'The guest OS has reported an error during quiescing. The error code was: 5';

function windows(change: Partial<SnapshotFindings> = {}): SnapshotFindings {
  return {
    requested: 'application',
    guestFamily: 'windows',
    powerState: 'poweredOn',
    lastPowerOff: undefined,
    isListedAsQuiesced: true,
    canLeaveManifest: true,
    manifest: vss(),
    events: [],
    window: { from: at(10), to: at(20) },
    tokens: [],
    databasesBefore: undefined,
    writersBefore: undefined,
    volumes: [],
    ...change,
  };
}

function linux(change: Partial<SnapshotFindings> = {}): SnapshotFindings {
  return windows({ requested: 'filesystem', guestFamily: 'linux', manifest: frozen, ...change });
}

type Case = readonly [
  rule: string,
  what: string,
  findings: SnapshotFindings,
  proven: Proof['proven'],
  claimed?: Proof['claimed'] | undefined,
];

const cases: readonly Case[] = [
  [
    'E1',
    'a snapshot nobody asked to quiesce',
    windows({ requested: 'crash', isListedAsQuiesced: false }),
    'crash',
  ],
  [
    'E2',
    'Windows, not listed as quiesced',
    windows({ isListedAsQuiesced: false, manifest: { kind: 'none' } }),
    'crash',
  ],
  [
    'E2',
    'Windows, not listed as quiesced in spite of a manifest',
    windows({ isListedAsQuiesced: false }),
    'crash',
  ],
  [
    'E2',
    'Linux with old Tools, not listed',
    linux({ isListedAsQuiesced: false, canLeaveManifest: false, manifest: { kind: 'none' } }),
    'crash',
    'filesystem',
  ],
  [
    'E2',
    'Linux with new Tools, not listed',
    linux({ isListedAsQuiesced: false, manifest: { kind: 'none' } }),
    'crash',
  ],
  ['E3', 'a flag without manifest', windows({ manifest: { kind: 'none' } }), 'crash', 'application'],
  [
    'E3',
    'a manifest that cannot be read',
    windows({ manifest: { kind: 'unreadable', reason: 'its manifest is damaged' } }),
    'crash',
    'application',
  ],
  ['E4', 'backup.xml only', windows({ manifest: vss([]) }), 'filesystem'],
  ['E5', 'documents of writers', windows(), 'application'],
  ['E5', 'documents that name no writer', windows({ manifest: vss([], 2) }), 'filesystem', 'application'],
  ['E6', 'frozen by FIFREEZE', linux(), 'filesystem'],
  ['E6', 'frozen by vmsync', linux({ manifest: { ...frozen, provider: 'vmsync' } }), 'filesystem'],
  [
    'E6',
    'a provider that freezes nothing',
    linux({ manifest: { ...frozen, provider: 'null' } }),
    'crash',
    'filesystem',
  ],
  ['E7', 'Linux, a flag without manifest', linux({ manifest: { kind: 'none' } }), 'crash', 'filesystem'],
  ['E8', 'a complaint within the window', windows({ events: [{ at: at(15), text: complaint }] }), 'crash'],
  [
    'E9',
    'held by a script',
    linux({ tokens: [{ application: 'postgresql', inImage: 'held' }] }),
    'filesystem',
  ],
  [
    'PWR-01',
    'off after a shutdown of the guest',
    linux({ powerState: 'poweredOff', lastPowerOff: 'guest-shutdown' }),
    'crash',
    'application',
  ],
  ['PWR-02', 'off, not known how', linux({ powerState: 'poweredOff' }), 'crash'],
  ['PWR-03', 'suspended', linux({ powerState: 'suspended' }), 'crash'],
];

test.each(cases.map(([rule, what, ...found]) => ({ rule, what, found })))(
  '$rule: $what',
  ({ rule, found }) => {
    const [findings, proven, claimed] = found;
    const proof = prove(findings);
    expect([proof.proven, proof.claimed]).toEqual([proven, claimed]);
    expect(proof.evidence.map(evidence => evidence.rule)).toContain(rule);
  },
);

describe('E8', () => {
  test.each([
    ['before the snapshot', at(5)],
    ['after it', at(25)],
  ])('a complaint %s is of another one', (_, when) => {
    expect(prove(windows({ events: [{ at: when, text: complaint }] })).proven).toBe('application');
  });

  test('other events are no complaints', () => {
    const events = [{ at: at(15), text: 'Task: Create virtual machine snapshot' }];
    expect(prove(windows({ events })).evidence.map(({ rule }) => rule)).toEqual(['E1', 'E5']);
  });
});

describe('applications', () => {
  test.each([
    ['held', true],
    ['released', false],
    ['expired', false],
    ['absent', false],
  ] as const)('E9: a token that says %s in the image proves it: %s', (inImage, isProven) => {
    expect(prove(linux({ tokens: [{ application: 'mariadb', inImage }] })).applications).toEqual([
      { application: 'mariadb', rule: 'E9', isProven },
    ]);
  });

  test('E9: applications were at rest if all databases that were seen were held, on file systems at rest', () => {
    const held = { application: 'mariadb', inImage: 'held' } as const;
    const other = { application: 'postgresql', inImage: 'released' } as const;
    const databasesBefore = ['mariadb'];
    expect(prove(linux({ tokens: [held] })).proven).toBe('filesystem');
    expect(prove(linux({ tokens: [held], databasesBefore: [] })).proven).toBe('filesystem');
    expect(prove(linux({ tokens: [held], databasesBefore })).proven).toBe('application');
    expect(prove(linux({ tokens: [held], databasesBefore: ['mariadb', 'mongodb'] })).proven).toBe(
      'filesystem',
    );
    // The token of a database that does not run is an old one.
    expect(prove(linux({ tokens: [held, other], databasesBefore })).proven).toBe('application');
    expect(prove(linux({ tokens: [held, other], databasesBefore: ['postgresql'] })).proven).toBe(
      'filesystem',
    );
    expect(prove(windows({ tokens: [other] })).proven).toBe('application');
    const inUse = {
      label: 'a',
      fileSystem: 'ext4',
      state: 'in-use',
      isConclusive: true,
      finding: 'b',
    } as const;
    expect(prove(linux({ tokens: [held], databasesBefore, volumes: [inUse] })).proven).toBe('crash');
    const unasked = { requested: 'crash', isListedAsQuiesced: false, manifest: { kind: 'none' } } as const;
    expect(prove(linux({ tokens: [held], databasesBefore, ...unasked })).proven).toBe('crash');
  });

  test.each([
    ['mariadb.token', 'HELD', { application: 'mariadb', inImage: 'held' }],
    ['postgresql.token', 'START|1\nHELD|2\nRELEASED|3', { application: 'postgresql', inImage: 'released' }],
    ['mariadb.token', 'ERROR 2002', { application: 'mariadb', inImage: 'absent' }],
    ['mariadb.token', '   \n', undefined],
    ['mariadb.go', 'HELD', undefined],
    ['../x.token', 'HELD', undefined],
  ] as const)('the file %s with %j is the token %j', (name, text, token) => {
    expect(tokenOf(name, text)).toEqual(token);
  });

  test('IMG-NTFS: a log that was left open speaks against a guest that was not asked, or was off; VSS leaves it so', () => {
    const open = {
      label: 'C',
      fileSystem: 'ntfs',
      state: 'in-use',
      isConclusive: false,
      finding: 'b',
    } as const;
    expect(prove(windows({ volumes: [open] })).proven).toBe('application');
    expect(prove(windows({ volumes: [{ ...open, isConclusive: true }] })).proven).toBe('crash');
    const off = { powerState: 'poweredOff', lastPowerOff: 'guest-shutdown' } as const;
    expect(prove(windows({ ...off, volumes: [open] }))).toMatchObject({
      proven: 'crash',
      claimed: undefined,
    });
    const closed = { ...open, state: 'clean', isConclusive: true } as const;
    expect(prove(windows({ ...off, volumes: [closed] }))).toMatchObject({
      ...{ proven: 'filesystem', claimed: 'application' },
    });
  });

  test('E10: a writer that was stable before and did not take part was not at rest', () => {
    const exchange = { id: writerIds.exchange, name: 'Microsoft Exchange Writer' };
    const { applications } = prove(
      windows({
        writersBefore: [
          { ...sqlWriter, state: 1 },
          { ...exchange, state: 1 },
        ],
      }),
    );
    expect(applications).toEqual([
      { application: 'SqlServerWriter', rule: 'E5', isProven: true },
      { application: 'Microsoft Exchange Writer', rule: 'E10', isProven: false },
    ]);
  });

  test('no writer counts when the server complained', () => {
    expect(prove(windows({ events: [{ at: at(15), text: complaint }] })).applications).toEqual([
      { application: 'SqlServerWriter', rule: 'E5', isProven: false },
    ]);
  });
});

const anyManifest: fc.Arbitrary<FoundManifest> = fc.constantFrom<FoundManifest[]>(
  vss(),
  vss([]),
  vss([], 3),
  frozen,
  { kind: 'none' },
  { kind: 'unreadable', reason: 'its manifest is damaged' },
);

const anyToken = fc.record({
  application: fc.constantFrom('mariadb', 'postgresql'),
  inImage: fc.constantFrom<TokenState[]>('held', 'released', 'expired', 'absent'),
});

const anyVolume: fc.Arbitrary<VolumeFinding> = fc
  .record({
    label: fc.constant('Hard disk 1'),
    fileSystem: fc.constantFrom('ext4', 'xfs', 'ntfs', 'btrfs', undefined),
    state: fc.constantFrom<VolumeFinding['state'][]>('clean', 'in-use', 'unknown'),
    isConclusive: fc.boolean(),
    finding: fc.constant('something'),
  })
  // Of the others nobody knows how they tell.
  .map(volume =>
    /^(ext4|xfs|ntfs)$/.test(volume.fileSystem ?? '') ? volume : { ...volume, state: 'unknown' },
  );

test('every rule of the proof has a source, and the same id once', () => {
  expect(new Set(proofRules.map(({ id }) => id)).size).toBe(proofRules.length);
  for (const { source } of proofRules) expect(sources[source].title).not.toBe('');
});

test('without a manifest nothing above crash is proven, and no more is ever proven than was asked and shown', () => {
  const found = new Set<string>();
  fc.assert(
    fc.property(
      fc.record({
        requested: fc.constantFrom(...consistencyLevels),
        guestFamily: fc.constantFrom('windows' as const, 'linux' as const, 'other' as const, undefined),
        powerState: fc.constantFrom('poweredOn', 'poweredOff', 'suspended'),
        isListedAsQuiesced: fc.boolean(),
        canLeaveManifest: fc.option(fc.boolean(), { nil: undefined }),
        manifest: anyManifest,
        complains: fc.boolean(),
        tokens: fc.array(anyToken, { maxLength: 2 }),
        databasesBefore: fc.option(fc.constant(['mariadb']), { nil: undefined }),
        volumes: fc.array(anyVolume, { maxLength: 2 }),
      }),
      ({ complains, ...change }) => {
        const events = complains ? [{ at: at(15), text: complaint }] : [];
        const { proven, claimed, evidence } = prove(windows({ ...change, events }));
        const isManifestMissing = change.manifest.kind === 'none' || change.manifest.kind === 'unreadable';
        const restShows = evidence.some(({ rule }) => rule === 'IMG-ALL');
        if (isManifestMissing && !restShows) expect(proven).toBe('crash');
        if (complains && change.powerState === 'poweredOn' && change.requested !== 'none')
          if (compareLevels(change.requested, 'crash') > 0) expect(proven).toBe('crash');
        if (change.volumes.some(({ state, isConclusive }) => state === 'in-use' && isConclusive))
          expect(proven).toBe('crash');
        for (const { rule, proves, limits, claims } of evidence) {
          found.add(rule);
          const known = proofRule(rule);
          expect(known).toBeDefined();
          if (proves !== undefined)
            expect(compareLevels(proves, known?.proves ?? 'none')).toBeLessThanOrEqual(0);
          if (claims !== undefined)
            expect(compareLevels(claims, known?.claims ?? 'none')).toBeLessThanOrEqual(0);
          if (limits !== undefined) expect(limits).toBe(known?.limits);
        }
        if (claimed !== undefined) expect(compareLevels(claimed, proven)).toBeGreaterThan(0);
      },
    ),
    { numRuns },
  );
  // Two are written by the backup itself, one is about an application, and one needs another reason to be off.
  const elsewhere = ['POWER-STATE', 'CFG-01', 'E10', 'PWR-01'];
  expect([...found, ...elsewhere].toSorted()).toEqual(proofRules.map(({ id }) => id).toSorted());
});
