import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { assess, type Assessment, rules } from '../../../../src/core/consistency/assess.ts';
import { type SeenInGuest, withSeen } from '../../../../src/core/consistency/guest/seenInGuest.ts';
import { compareLevels, type ConsistencyLevel } from '../../../../src/core/consistency/level.ts';
import { type Certainty, leastCertain } from '../../../../src/core/consistency/rule.ts';
import { writerIds } from '../../../../src/core/consistency/vssWriters.ts';
import type { AssessmentFacts } from '../../../../src/core/inventory/assessmentFacts.ts';
import {
  controllerFacts,
  diskFacts,
  guestLook,
  linuxGuest,
  perfectServer,
  toolsConfig,
} from '../../../support/assessmentFacts.ts';

/** The full number of random VMs takes a while on a busy machine. */
const numRuns = process.env['QUIESCE_PROOF'] === 'full' ? 10_000 : 600;

const esx35u1 = { version: '3.5.0', build: 82_663 };
const esx35u2 = { version: '3.5.0', build: 110_268 };
const esx41 = { version: '4.1.0', build: 260_247 };
const onBus = (bus: 'ide' | 'sata' | 'nvme') => ({
  disks: [diskFacts(0, {}, 200)],
  controllers: [controllerFacts(), controllerFacts({ deviceKey: 200, bus, slotCount: 4, label: bus })],
});
const nvme = onBus('nvme');

interface Expected {
  readonly level: ConsistencyLevel;
  readonly base: string;
  readonly limits: readonly string[];
}

const older = (guestId: string, host: AssessmentFacts['host'], change: Partial<AssessmentFacts> = {}) =>
  perfectServer({ guestId, reportedGuestId: guestId, host, ...change });
const is = (level: ConsistencyLevel, base: string, ...limits: string[]): Expected => ({
  level,
  base,
  limits,
});

/** The worked results of the fact sheet, by their numbers. */
const worked: readonly (readonly [string, AssessmentFacts, Expected])[] = [
  ['T1', older('winNetStandard64Guest', esx35u1), is('crash', 'OS-W2003X64-35U1')],
  ['T2', older('winNetStandard64Guest', esx35u2), is('application', 'OS-W2003X64-35U2')],
  ['T3', older('winLonghorn64Guest', esx35u2), is('filesystem', 'OS-W2008-35U2')],
  ['T4', older('winLonghorn64Guest', esx41), is('application', 'OS-W2008-41')],
  ['T5', older('winLonghorn64Guest', esx41, onBus('ide')), is('filesystem', 'OS-W2008-41', 'DSK-07')],
  [
    'T6',
    perfectServer({ guestId: 'winXPProGuest', reportedGuestId: 'winXPProGuest' }),
    is('filesystem', 'OS-WXP-41'),
  ],
  ['T7', older('winXPPro64Guest', esx35u2), is('crash', 'OS-OTHER')],
  [
    'T8',
    perfectServer({ guestId: 'windows11_64Guest', reportedGuestId: 'windows11_64Guest' }),
    is('filesystem', 'OS-WCLIENT'),
  ],
  ['T9', perfectServer(), is('application', 'OS-W2022')],
  ['T10', perfectServer({ diskUuidEnabled: false }), is('filesystem', 'OS-W2022', 'DSK-11')],
  ['T11', perfectServer(nvme), is('filesystem', 'OS-W2022', 'DSK-09')],
  [
    'T12',
    perfectServer({ ...nvme, toolsVersion: 12_416, windowsBuild: '20348.2582' }),
    is('application', 'OS-W2022'),
  ],
  [
    'T13',
    perfectServer({
      disks: [0, 1, 2, 3, 4, 5, 6, 8].map(unit => diskFacts(unit)),
      controllers: [controllerFacts({ slotCount: 15 })],
    }),
    is('filesystem', 'OS-W2022', 'DSK-10'),
  ],
  ['T14', perfectServer({ isEncrypted: true }), is('filesystem', 'OS-W2022', 'ENC-01')],
  ['T15', perfectServer({ toolsVersion: 10_249 }), is('crash', 'OS-W2022', 'TLS-05')],
  ['T16', perfectServer({ toolsRunning: 'guestToolsNotRunning' }), is('crash', 'OS-W2022', 'TLS-02')],
  ['T17', perfectServer({ guestId: 'windows9_64Guest' }), is('filesystem', 'OS-WCLIENT', 'GOS-01')],
  [
    'T18',
    perfectServer({ disks: [diskFacts(0), diskFacts(1, { diskMode: 'independent_persistent' })] }),
    is('application', 'OS-W2022'),
  ],
  ['T19', linuxGuest(), is('filesystem', 'OS-LINUX-FIFREEZE')],
  [
    'T20',
    linuxGuest({ toolsVersion: 12_325, host: { version: '6.0.0', build: 9_919_195 } }),
    is('filesystem', 'OS-LINUX-FIFREEZE'),
  ],
  [
    'T21',
    linuxGuest({
      guestId: 'centos8_64Guest',
      reportedGuestId: 'centos8_64Guest',
      toolsConfig: toolsConfig({ enableSyncDriver: false }),
    }),
    is('crash', 'OS-LINUX-FIFREEZE', 'CFG-02'),
  ],
  ['T22', linuxGuest({ guestId: 'freebsd14_64Guest' }), is('crash', 'OS-OTHER')],
  [
    'T23',
    linuxGuest({ powerState: 'poweredOff', lastPowerOff: 'guest-shutdown' }),
    is('application', 'PWR-01'),
  ],
  ['T24', linuxGuest({ powerState: 'poweredOff' }), is('crash', 'OS-LINUX-FIFREEZE', 'PWR-02')],
  [
    'T25',
    perfectServer({ controllers: [controllerFacts({ sharing: 'virtualSharing' })] }),
    is('none', 'OS-W2022', 'DSK-05'),
  ],
  [
    'T26',
    perfectServer({ devices: { ...perfectServer().devices!, passthrough: ['PCI device 0'] } }),
    is('none', 'OS-W2022', 'PCI-01'),
  ],
  ['T27', perfectServer(), is('application', 'OS-W2022')],
  ['T28', perfectServer({ snapshotDepth: 32 }), is('none', 'OS-W2022', 'SNAP-02')],
];

describe('the worked results of the rules', () => {
  test.each(worked)('%s', (_, facts, expected) => {
    const { level, base, limits } = assess(facts);
    expect({ level, base: base.rule, limits: limits.map(({ rule }) => rule) }).toEqual(expected);
  });

  test('T8: where the guest is the limit, nothing is offered to fix', () => {
    const facts = perfectServer({ guestId: 'windows11_64Guest', reportedGuestId: 'windows11_64Guest' });
    expect(assess(facts)).toMatchObject({
      ceiling: 'filesystem',
      mechanism: 'vss-without-writers',
      levelAfterAllFixes: 'filesystem',
    });
  });

  test('T10: what a remedy buys is said', () => {
    const { limits, levelAfterAllFixes, mechanism } = assess(perfectServer({ diskUuidEnabled: false }));
    expect([limits[0]?.levelAfterFix, levelAfterAllFixes, mechanism]).toEqual([
      ...['application', 'application', 'vss-without-writers'],
    ]);
  });

  test('T24: a clean shutdown would give more than the running guest can', () => {
    const { limits, ceiling, levelAfterAllFixes } = assess(linuxGuest({ powerState: 'poweredOff' }));
    expect([limits[0]?.levelAfterFix, levelAfterAllFixes, ceiling]).toEqual([
      ...['application', 'application', 'application'],
    ]);
  });

  test('T18: a disk outside the snapshot is told, and the level is of the others', () => {
    const facts = perfectServer({
      disks: [diskFacts(0), diskFacts(1, { diskMode: 'independent_persistent' })],
    });
    const { outside, remarks } = assess(facts);
    expect(outside).toEqual([
      {
        rule: 'DSK-01',
        deviceKey: 2001,
        label: 'Hard disk 2',
        reason: 'independent disks are not part of snapshots',
      },
    ]);
    expect(remarks.map(({ rule, text }) => [rule, /Hard disk 2/.test(text)])).toEqual([['DSK-01', true]]);
    expect(assess(facts).coverage).toBe('partial');
    expect(assess(facts).unknowns.map(({ rule }) => rule)).toContain('APP-06');
  });

  test('T19, T20: what VMware supports of Linux, and whether a proof is possible, stands beside the level', () => {
    const remarks = (facts: AssessmentFacts) => assess(facts).remarks.map(({ rule }) => rule);
    expect(remarks(linuxGuest())).toEqual(['OS-LINUX-SUPPORT']);
    const oldHost = { version: '6.0.0', build: 9_919_195 };
    expect(remarks(linuxGuest({ host: oldHost }))).toEqual(['TLS-07', 'OS-LINUX-SUPPORT', 'VER-01']);
    expect(assess(linuxGuest()).base).toMatchObject({ level: 'filesystem', vendorLevel: 'crash' });
  });

  test('T27: what the API does not show lowers the certainty and is named', () => {
    const { certainty, unknowns } = assess(perfectServer());
    expect([certainty, unknowns.map(({ question }) => question)]).toEqual([
      'likely',
      [
        'what is set in the guest’s tools.conf',
        'whether Windows uses dynamic disks',
        'whether Windows uses Storage Spaces',
        'whether the guest uses storage of its own (iSCSI, NFS, SMB)',
      ],
    ]);
  });
});

test('a Linux VM with an IDE disk is quiesced like any other: the condition is one of Windows', () => {
  expect(assess(linuxGuest(onBus('ide'))).limits).toEqual([]);
});

test('every rule that limits says what to do or that nothing can be done, and asks for what it needs to know', () => {
  for (const { id, text, reason, question } of rules) {
    for (const words of [text, reason, question]) expect(words.trim(), id).not.toBe('');
    expect(text, id).not.toMatch(/\.$/);
  }
});

type Change = (facts: AssessmentFacts) => Partial<AssessmentFacts>;

function movedTo(bus: 'ide' | 'nvme'): Change {
  return ({ disks = [], controllers = [] }) => ({
    disks: disks.map(disk => ({ ...disk, controller: { ...disk.controller, deviceKey: 200 } })),
    controllers: [...controllers, controllerFacts({ deviceKey: 200, bus, label: bus })],
  });
}

/** What only ever takes something away from a VM. */
const limitations: readonly (readonly [string, Change])[] = [
  ['Tools not running', () => ({ toolsRunning: 'guestToolsNotRunning' })],
  ['no Tools', () => ({ toolsStatus: 'guestToolsNotInstalled', toolsVersion: 0 })],
  ['old Tools', () => ({ toolsVersion: 9000 })],
  ['disconnected', () => ({ connectionState: 'disconnected' })],
  ['template', () => ({ isTemplate: true })],
  ['no snapshots', () => ({ supportsSnapshots: false })],
  ['no quiescing', () => ({ supportsQuiescedSnapshots: false })],
  ['disabled', () => ({ snapshotsDisabled: true })],
  ['deep', () => ({ snapshotDepth: 40 })],
  ['encrypted', () => ({ isEncrypted: true })],
  ['no UUIDs', () => ({ diskUuidEnabled: false })],
  ['IDE', movedTo('ide')],
  ['NVMe', movedTo('nvme')],
  [
    'independent',
    ({ disks = [] }) => ({
      disks: disks.map(disk => ({
        ...disk,
        backing: { ...disk.backing, diskMode: 'independent_persistent' },
      })),
    }),
  ],
  [
    'shared bus',
    ({ controllers = [] }) => ({
      controllers: [...controllers, controllerFacts({ deviceKey: 1001, sharing: 'physicalSharing' })],
    }),
  ],
  ['another guest reported', () => ({ reportedGuestId: 'debian12_64Guest' })],
  ['suspended', () => ({ powerState: 'suspended' })],
  ['no freezing', facts => ({ toolsConfig: toolsConfig({ ...facts.toolsConfig, enableSyncDriver: false }) })],
  ['no VSS', facts => ({ toolsConfig: toolsConfig({ ...facts.toolsConfig, enableVss: false }) })],
  [
    'no writers',
    facts => ({ toolsConfig: toolsConfig({ ...facts.toolsConfig, disableAppQuiescing: true }) }),
  ],
  ['dynamic disks', facts => ({ guestLook: guestLook({ ...facts.guestLook, usesDynamicDisks: true }) })],
];

const anySeen: fc.Arbitrary<SeenInGuest> = fc
  .record({
    config: fc.record({
      enableSyncDriver: fc.boolean(),
      enableVss: fc.boolean(),
      disableAppQuiescing: fc.boolean(),
      runsScripts: fc.boolean(),
      ignoreFrozenFileSystems: fc.boolean(),
      excludedFileSystems: fc.subarray(['/srv']),
    }),
    look: fc.record({
      usesDynamicDisks: fc.option(fc.boolean(), { nil: undefined }),
      usesStorageSpaces: fc.option(fc.boolean(), { nil: undefined }),
      ownStorage: fc.option(fc.subarray(['nas:/export']), { nil: undefined }),
      ownFreezers: fc.option(fc.subarray(['/script']), { nil: undefined }),
      freezeScripts: fc.option(fc.subarray(['/script']), { nil: undefined }),
      writers: fc.option(fc.subarray([{ id: writerIds.sqlServer, name: 'SqlServerWriter', state: 8 }]), {
        nil: undefined,
      }),
      databases: fc.option(
        fc.subarray([
          { product: 'mssql' as const, instance: 'a', diskKeys: [2000], shipsLogs: undefined },
          { product: 'mariadb' as const, instance: 'b', diskKeys: undefined, shipsLogs: undefined },
        ]),
        { nil: undefined },
      ),
    }),
    isConfigKnown: fc.boolean(),
  })
  .map(({ config, look, isConfigKnown }) => ({
    ...{ look, volumes: undefined, toolsConfig: isConfigKnown ? config : undefined },
  }));

const anyFacts: fc.Arbitrary<AssessmentFacts> = fc
  .record({
    guestId: fc.constantFrom(
      ...[
        'windows2019srvNext_64Guest',
        'windows2022srvNext_64Guest',
        'windows11_64Guest',
        'winNetEnterpriseGuest',
      ],
      ...['winXPProGuest', 'debian12_64Guest', 'freebsd14_64Guest', 'windows7Server64Guest', undefined],
    ),
    powerState: fc.constantFrom('poweredOn', 'poweredOff', 'suspended', undefined),
    lastPowerOff: fc.constantFrom<AssessmentFacts['lastPowerOff'][]>('guest-shutdown', 'hard', undefined),
    host: fc.constantFrom(
      esx35u1,
      esx35u2,
      esx41,
      { version: '8.0.3', build: 1 },
      { version: '9.0.0', build: 1 },
      undefined,
    ),
    changes: fc.subarray([...limitations]),
    unknown: fc.subarray(Object.keys(perfectServer()) as (keyof AssessmentFacts)[], { maxLength: 4 }),
  })
  .map(({ changes, unknown, ...chosen }) => ({
    ...changes.reduce(
      (facts, [, change]) => ({ ...facts, ...change(facts) }),
      perfectServer({ ...chosen, reportedGuestId: chosen.guestId }),
    ),
    ...Object.fromEntries(unknown.map(name => [name, undefined])),
  }));

test('a limiting fact never raises the level', () => {
  fc.assert(
    fc.property(anyFacts, fc.constantFrom(...limitations), (facts, [name, change]) => {
      // Suspending a VM that is off after a clean shutdown is no limitation but another state.
      fc.pre(name !== 'suspended' || facts.powerState === 'poweredOn');
      expect(
        compareLevels(assess({ ...facts, ...change(facts) }).level, assess(facts).level),
      ).toBeLessThanOrEqual(0);
    }),
    { numRuns },
  );
});

test('a look inside never raises the level, and one that finds nothing never lowers it or its certainty', () => {
  const nothing: SeenInGuest = { toolsConfig: toolsConfig(), look: guestLook({}), volumes: undefined };
  fc.assert(
    fc.property(anyFacts, anySeen, (facts, seen) => {
      const unseen = { ...facts, toolsConfig: undefined, guestLook: undefined };
      const before = assess(unseen);
      expect(compareLevels(assess(withSeen(unseen, seen)).level, before.level)).toBeLessThanOrEqual(0);
      const clean = assess(withSeen(unseen, nothing));
      expect(clean.level).toBe(before.level);
      expect(leastCertain([clean.certainty, before.certainty])).toBe(before.certainty);
    }),
    { numRuns },
  );
});

test('not knowing a fact never raises the certainty', () => {
  const rank = (certainty: Certainty) => ['uncertain', 'likely', 'certain'].indexOf(certainty);
  fc.assert(
    fc.property(
      anyFacts,
      fc.constantFrom(...(Object.keys(perfectServer()) as (keyof AssessmentFacts)[])),
      (facts, name) => {
        const less = assess({ ...facts, [name]: undefined });
        const more = assess(facts);
        // A level that is lower anyway may be as certain as it likes.
        if (compareLevels(less.level, more.level) >= 0)
          expect(rank(less.certainty)).toBeLessThanOrEqual(rank(more.certainty));
      },
    ),
    { numRuns },
  );
});

test('no fix lowers the level, and none goes beyond the ceiling', () => {
  fc.assert(
    fc.property(anyFacts, facts => {
      const { level, limits, levelAfterAllFixes, ceiling } = assess(facts);
      for (const { levelAfterFix } of limits)
        expect(compareLevels(levelAfterFix, level)).toBeGreaterThanOrEqual(0);
      expect(compareLevels(levelAfterAllFixes, level)).toBeGreaterThanOrEqual(0);
      expect(compareLevels(levelAfterAllFixes, ceiling)).toBeLessThanOrEqual(0);
    }),
    { numRuns },
  );
});

test('the order of the rules does not matter', () => {
  const findings = ({ limits, remarks, notes, unknowns, ...rest }: Assessment): unknown => ({
    ...rest,
    limits: limits.map(({ rule, cap, levelAfterFix }) => `${rule} ${cap} ${levelAfterFix}`).sort(),
    remarks: remarks.map(({ text }) => text).sort(),
    notes: notes.map(({ text }) => text).sort(),
    questions: unknowns.map(({ question }) => question).sort(),
  });
  fc.assert(
    fc.property(anyFacts, fc.shuffledSubarray([...rules], { minLength: rules.length }), (facts, shuffled) => {
      expect(findings(assess(facts, shuffled))).toEqual(findings(assess(facts)));
    }),
    { numRuns },
  );
});

test('a VM of which a disk is missing, or its disks are not known, is never said to be whole', () => {
  fc.assert(
    fc.property(anyFacts, fc.boolean(), (facts, leavesOut) => {
      const disks = leavesOut
        ? [...(facts.disks ?? []), diskFacts(9, { diskMode: 'independent_nonpersistent' })]
        : facts.disks;
      const { coverage, outside } = assess({ ...facts, disks });
      if (leavesOut || disks === undefined || outside.length > 0) expect(coverage).not.toBe('whole-vm');
      else expect([coverage, disks.length > 0]).toContain('whole-vm');
    }),
    { numRuns },
  );
});
