import { expect, test } from 'vitest';

import { assess, type Assessment, rules } from '../../../../src/core/consistency/assess.ts';
import { sources } from '../../../../src/core/consistency/sources.ts';
import { writerIds } from '../../../../src/core/consistency/vssWriters.ts';
import type {
  AssessmentFacts,
  DatabaseFacts,
  GuestLook,
} from '../../../../src/core/inventory/assessmentFacts.ts';
import { GiB } from '../../../../src/base/units.ts';
import {
  controllerFacts,
  diskFacts,
  guestLook,
  linuxGuest,
  perfectServer,
  toolsConfig,
} from '../../../support/assessmentFacts.ts';

/** How a rule shows: as `id:cap` among the limits, or by its id among the others. */
type Place = 'limits' | 'remarks' | 'notes' | 'unknowns';

interface Case {
  readonly rule: string;
  readonly what: string;
  readonly facts: AssessmentFacts;
  readonly level: Assessment['level'];
  readonly place: Place;
  /** The same VM without what the rule is about. */
  readonly without: AssessmentFacts;
}

const device = perfectServer().devices!;
const config = toolsConfig();
const esx41 = { version: '4.1.0', build: 260_247 };
const esx67 = { version: '6.7.0', build: 8_169_922 };
const onBus = (bus: 'ide' | 'sata' | 'nvme'): Partial<AssessmentFacts> => ({
  disks: [diskFacts(0, {}, 200)],
  controllers: [controllerFacts(), controllerFacts({ deviceKey: 200, bus, slotCount: 4, label: bus })],
});
const twoDisks = (backing: Parameters<typeof diskFacts>[1]): Partial<AssessmentFacts> => ({
  disks: [diskFacts(0), diskFacts(1, backing)],
});
const rdm = (compatibilityMode: string) => ({
  type: 'VirtualDiskRawDiskMappingVer1BackingInfo',
  compatibilityMode,
});
const looked = (look: Partial<GuestLook>): Partial<AssessmentFacts> => ({ guestLook: guestLook(look) });
const sqlServer: DatabaseFacts = {
  product: 'mssql',
  instance: 'MSSQLSERVER',
  diskKeys: [2000, 2001],
  shipsLogs: false,
};
const writer = (id: string, state = 1) => ({ id, name: 'a writer', state });
const postgres: DatabaseFacts = {
  product: 'postgresql',
  instance: '15/main',
  diskKeys: [2000],
  shipsLogs: false,
};

const cases: readonly Case[] = [
  linux('CON-01', 'its host is gone', { connectionState: 'disconnected' }, 'none'),
  linux('PWR-02', 'off, not known how', { powerState: 'poweredOff' }, 'crash'),
  linux('PWR-03', 'suspended', { powerState: 'suspended' }, 'crash'),
  linux('PWR-04', 'a template', { isTemplate: true }, 'none'),
  linux('CAP-01', 'no snapshots', { supportsSnapshots: false }, 'none'),
  linux('CAP-02', 'no quiesced snapshots', { supportsQuiescedSnapshots: false }, 'crash'),
  linux('CAP-03', 'a method disabled now', { disabledMethods: ['CreateSnapshotEx_Task'] }, 'none'),
  linux('CAP-04', 'tracking off', { tracksChanges: false }, 'filesystem', 'remarks'),
  linux('CAP-04', 'tracking impossible', { supportsChangeTracking: false }, 'filesystem', 'remarks'),
  linux('SNAP-01', 'to be consolidated', { needsConsolidation: true }, 'filesystem', 'remarks'),
  linux('SNAP-02', 'at the limit of the server', { snapshotDepth: 31 }, 'none'),
  linux('SNAP-02', 'at a limit of its own', { snapshotDepth: 2, snapshotLimit: 2 }, 'none'),
  linux('SNAP-03', 'quiesced by another', { quiescedSnapshots: ['VEEAM'] }, 'filesystem', 'remarks'),
  linux('SNAP-04', 'snapshots switched off', { snapshotsDisabled: true }, 'none'),
  linux('FT-01', 'legacy Fault Tolerance', { faultTolerance: 'running', host: esx41 }, 'none', 'limits', {
    host: esx41,
  }),
  linux('FT-01', 'Fault Tolerance', { faultTolerance: 'running' }, 'filesystem', 'remarks'),
  linux('TLS-01', 'no Tools', { toolsStatus: 'guestToolsNotInstalled' }, 'crash'),
  linux('TLS-02', 'Tools stopped', { toolsRunning: 'guestToolsNotRunning' }, 'crash'),
  linux('TLS-03', 'Tools busy', { toolsRunning: 'guestToolsExecutingScripts' }, 'filesystem', 'remarks'),
  linux('TLS-04', 'faulty Tools', { toolsStatus: 'guestToolsBlacklisted' }, 'crash'),
  linux('TLS-04', 'old Tools', { toolsStatus: 'guestToolsTooOld' }, 'filesystem', 'remarks'),
  windows('TLS-05', 'Tools 10.0.9', { toolsVersion: 10_249 }, 'crash'),
  linux('TLS-06', 'Tools of the distribution', {}, 'filesystem', 'notes', {
    toolsStatus: 'guestToolsCurrent',
  }),
  linux('TLS-07', 'Tools 10.1', { toolsVersion: 10_272 }, 'filesystem', 'remarks'),
  linux(
    'TLS-08',
    'a script with fsfreeze',
    looked({ ownFreezers: ['pre-freeze-script'] }),
    'filesystem',
    'remarks',
  ),
  linux('TLS-09', 'how Tools came', {}, 'filesystem', 'notes', { toolsInstallType: 'guestToolsTypeUnknown' }),
  linux('CFG-01', 'tools.conf not read', { toolsConfig: undefined }, 'filesystem', 'unknowns', {
    toolsConfig: config,
  }),
  linux('CFG-02', 'no freezing', { toolsConfig: { ...config, enableSyncDriver: false } }, 'crash'),
  windows('CFG-03', 'no writers', { toolsConfig: { ...config, disableAppQuiescing: true } }, 'filesystem'),
  linux(
    'CFG-04',
    'excluded',
    { toolsConfig: { ...config, excludedFileSystems: ['/srv'] } },
    'filesystem',
    'remarks',
  ),
  windows('CFG-05', 'VSS off', { toolsConfig: { ...config, enableVss: false } }, 'crash'),
  linux('CFG-06', 'scripts off', { toolsConfig: { ...config, runsScripts: false } }, 'filesystem', 'remarks'),
  windows('GOS-01', 'another guest', { reportedGuestId: 'windows9Server64Guest' }, 'filesystem'),
  linux('GOS-02', 'never seen', { reportedGuestId: undefined }, 'filesystem', 'unknowns'),
  linux('OS-LINUX-SUPPORT', 'a Linux', {}, 'filesystem', 'remarks', { guestId: 'freebsd14_64Guest' }),
  linux('VER-01', 'ESXi 6.0', { host: { version: '6.0.0', build: 1 } }, 'filesystem', 'remarks', {
    host: esx67,
  }),
  windows(
    'VER-02',
    'ESXi 7.0 U3c',
    {
      host: { version: '7.0.3', build: 19_193_900 },
      diskUuidEnabled: false,
    },
    'filesystem',
  ),
  windows('VER-03', 'ESXi on ARM', { host: { version: '8.0.3', build: 1, isArm: true } }, 'filesystem'),
  windows(
    'DSK-01',
    'independent',
    twoDisks({ diskMode: 'independent_persistent' }),
    'application',
    'remarks',
  ),
  windows(
    'DSK-01',
    'nothing else',
    {
      disks: [diskFacts(0, { diskMode: 'independent_persistent' })],
    },
    'none',
  ),
  windows(
    'DSK-02',
    'nonpersistent',
    twoDisks({ diskMode: 'independent_nonpersistent' }),
    'application',
    'remarks',
  ),
  windows('DSK-03', 'physical raw device', twoDisks(rdm('physicalMode')), 'application', 'remarks'),
  windows('DSK-04', 'virtual raw device', twoDisks(rdm('virtualMode')), 'application', 'notes'),
  windows('DSK-05', 'shared bus', { controllers: [controllerFacts({ sharing: 'virtualSharing' })] }, 'none'),
  windows('DSK-06', 'several writers', twoDisks({ sharing: 'sharingMultiWriter' }), 'application', 'remarks'),
  windows('DSK-07', 'IDE', onBus('ide'), 'filesystem'),
  windows('DSK-08', 'SATA', onBus('sata'), 'filesystem'),
  windows('DSK-09', 'NVMe', onBus('nvme'), 'filesystem'),
  windows(
    'DSK-10',
    'eight of 15 places taken',
    {
      disks: [0, 1, 2, 3, 4, 5, 6, 8].map(unit => diskFacts(unit)),
      controllers: [controllerFacts({ slotCount: 15 })],
    },
    'filesystem',
  ),
  windows('DSK-11', 'no UUIDs', { diskUuidEnabled: false }, 'filesystem'),
  windows('DSK-12', 'dynamic disks', looked({ usesDynamicDisks: true }), 'filesystem'),
  windows('DSK-13', 'Storage Spaces', looked({ usesStorageSpaces: true }), 'filesystem'),
  windows('DSK-14', 'iSCSI', looked({ ownStorage: ['iqn.2026-11.test:1'] }), 'application', 'remarks'),
  windows(
    'DSK-14',
    'more volumes than disks',
    {
      guestVolumes: [{ path: 'D:\\', capacityBytes: 4 * GiB, fileSystem: 'NTFS', isMapped: undefined }],
    },
    'application',
    'remarks',
  ),
  linux(
    'DSK-15',
    'ZFS',
    {
      guestVolumes: [{ path: '/tank', capacityBytes: GiB, fileSystem: 'zfs', isMapped: undefined }],
    },
    'filesystem',
    'remarks',
  ),
  linux(
    'SIZE-01',
    '62 TiB',
    { disks: [{ ...diskFacts(), capacityBytes: 62 * 1024 * GiB }] },
    'filesystem',
    'remarks',
  ),
  windows('ENC-01', 'encrypted', { isEncrypted: true }, 'filesystem'),
  windows('ENC-02', 'a TPM', { devices: { ...device, trustedPlatformModules: ['TPM'] } }, 'filesystem'),
  linux('PCI-01', 'passthrough', { devices: { ...device, passthrough: ['PCI device 0'] } }, 'none'),
  linux(
    'NVD-01',
    'NVDIMM',
    { devices: { ...device, persistentMemory: ['NVDIMM 1'] } },
    'filesystem',
    'remarks',
  ),
  windows(
    'FLP-01',
    'floppy',
    { devices: { ...device, removableMedia: ['Floppy 1'] } },
    'application',
    'remarks',
  ),
  windows('APP-01', 'SQL Server', looked({ writers: [writer(writerIds.sqlServer)] }), 'application', 'notes'),
  windows(
    'APP-02',
    'SQL Server, its writer failed',
    looked({ writers: [writer(writerIds.sqlServer, 8)], databases: [sqlServer] }),
    'application',
    'remarks',
  ),
  windows(
    'APP-03',
    'a domain controller',
    looked({ writers: [writer(writerIds.activeDirectory)] }),
    'application',
    'remarks',
  ),
  windows('APP-04', 'Exchange', looked({ writers: [writer(writerIds.exchange)] }), 'application', 'remarks'),
  linux(
    'APP-05',
    'PostgreSQL alone',
    looked({ databases: [postgres], freezeScripts: [] }),
    'filesystem',
    'remarks',
  ),
  windows(
    'APP-06',
    'a database across the edge',
    {
      ...twoDisks({ diskMode: 'independent_persistent' }),
      ...looked({ databases: [sqlServer] }),
    },
    'filesystem',
  ),
];

function linux(
  rule: string,
  what: string,
  change: Partial<AssessmentFacts>,
  level: Case['level'],
  place: Place = 'limits',
  otherwise: Partial<AssessmentFacts> = {},
): Case {
  const base = { toolsConfig: config };
  return {
    ...{ rule, what, level, place },
    facts: linuxGuest({ ...base, ...change }),
    without: linuxGuest({ ...base, ...otherwise }),
  };
}

function windows(
  rule: string,
  what: string,
  change: Partial<AssessmentFacts>,
  level: Case['level'],
  place: Place = 'limits',
): Case {
  return { ...{ rule, what, level, place }, facts: perfectServer(change), without: perfectServer() };
}

test.each(cases)('$rule: $what', ({ rule, facts, level, place, without }) => {
  const found = assess(facts);
  expect(found.level).toBe(level);
  expect(found[place].map(entry => entry.rule)).toContain(rule);
  expect(assess(without)[place].map(entry => entry.rule)).not.toContain(rule);
});

test('PWR-01: off after a clean shutdown nothing writes', () => {
  const facts = linuxGuest({ powerState: 'poweredOff', lastPowerOff: 'guest-shutdown' });
  expect(assess(facts)).toMatchObject({ level: 'application', mechanism: 'cold', base: { rule: 'PWR-01' } });
});

test('OS-UNKNOWN: of a guest nobody knows nothing is claimed', () => {
  expect(assess(linuxGuest({ guestId: undefined }))).toMatchObject({
    ...{ level: 'crash', certainty: 'uncertain', base: { rule: 'OS-UNKNOWN' } },
  });
});

test('every rule has a case, and every case a rule', () => {
  expect([...new Set(cases.map(({ rule }) => rule))].sort()).toEqual(
    [...new Set(rules.map(({ id }) => id))].sort(),
  );
});

test('what lowers the level is among the cases with every cap it has', () => {
  const capped = new Set(cases.filter(({ place }) => place === 'limits').map(({ rule }) => rule));
  expect(rules.filter(({ id, cap }) => cap !== undefined && !capped.has(id))).toEqual([]);
});

test('every rule names its source, what it is about, and asks for what it needs to know', () => {
  for (const { id, text, reason, question, remedy, source } of rules) {
    expect(sources[source].title, id).not.toBe('');
    for (const words of [text, reason, question, remedy ?? 'none']) {
      expect(words.trim(), id).not.toBe('');
      expect(words, id).not.toMatch(/\.$/);
    }
  }
});
