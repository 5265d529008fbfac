import { describe, expect, test } from 'vitest';
import type { FullReason } from '../../../../src/core/changes/fullReason.ts';
import { defaultWholeReads } from '../../../../src/core/changes/readDecision.ts';
import { defaultPolicy } from '../../../../src/core/consistency/request/policy.ts';
import type { VirtualMachineFacts } from '../../../../src/core/inventory/readVirtualMachine.ts';
import { virtualDisks, type DiskBacking } from '../../../../src/core/inventory/virtualDisk.ts';
import {
  type BackupOptions,
  disksToReset,
  planBackup,
} from '../../../../src/core/jobs/backupVm/backupPlan.ts';
import { consistencyRecord } from '../../../../src/core/jobs/backupVm/consistencyRecord.ts';
import type { SnapshotId } from '../../../../src/core/repository/snapshot.ts';
import { linuxGuest } from '../../../support/assessmentFacts.ts';
import { ref } from '../../../support/scriptedCaller.ts';
import { sampleVmConfig } from '../../../support/vmConfigs.ts';

type Runtime = VirtualMachineFacts['runtime'];

/** A VM with two disks; `backing` changes the second one. */
function machine(
  runtime: Partial<Runtime> = {},
  backing: Partial<DiskBacking> = {},
  isTemplate = false,
): VirtualMachineFacts {
  const config = sampleVmConfig({ template: isTemplate });
  const [first, second] = virtualDisks(config);
  return {
    ref: ref('VirtualMachine', 'vm-1'),
    name: 'db01',
    inventoryPath: '/DC/vm/db01',
    datacenterPath: 'DC',
    config,
    runtime: { connectionState: 'connected', powerState: 'poweredOn', ...runtime } as Runtime,
    guest: undefined,
    capability: undefined,
    disks: [first!, { ...second!, backing: { ...second!.backing, diskMode: 'persistent', ...backing } }],
    snapshots: [],
    folder: undefined,
    resourcePool: undefined,
    host: undefined,
    datastores: [],
    networks: [],
    facts: linuxGuest({ powerState: runtime.powerState ?? 'poweredOn' }),
    isServerReadOnly: false,
  };
}

const gone = { kind: 'gone', id: 'ab'.repeat(32) as SnapshotId, problem: 'removed' } as const;

const options: BackupOptions = {
  policy: defaultPolicy,
  wholeReads: defaultWholeReads,
  transport: 'auto' as const,
  knowsSpecs: true,
  hasUser: false,
  now: new Date('2026-11-22T22:00:00Z'),
};

describe('the plan of a backup', () => {
  const insisting = { minimum: 'application' } as const;
  const stepping = { ...insisting, onShortfall: 'step-down' } as const;
  const outOfReach = { from: 'application', to: 'filesystem' };
  test('says before anything is tried that the license only lets read', () => {
    expect(() => planBackup({ ...machine(), isServerReadOnly: true }, options, { kind: 'none' })).toThrow(
      expect.objectContaining({
        code: 'PERMISSION',
        message:
          'the host has the free license, with which the API only reads; a snapshot of db01 is a change',
        remedy: expect.stringContaining('license') as string,
      }),
    );
  });

  test.each([
    ['as well as the guest can', {}, 'poweredOn', true, 'filesystem', 'filesystem', undefined],
    [
      'not if not asked',
      { wanted: 'crash', minimum: 'crash' },
      'poweredOn',
      false,
      'crash',
      'crash',
      undefined,
    ],
    ['not if there is nothing to bring to rest', {}, 'poweredOff', false, 'filesystem', 'crash', undefined],
    [
      'not if the guest sleeps',
      {},
      'suspended',
      false,
      'filesystem',
      'crash',
      { outcome: 'fail', to: 'crash' },
    ],
    [
      'what it cannot: fail',
      insisting,
      'poweredOn',
      true,
      'application',
      'filesystem',
      { ...outOfReach, outcome: 'fail' },
    ],
    [
      'what it cannot: step down',
      stepping,
      'poweredOn',
      true,
      'application',
      'filesystem',
      { ...outOfReach, outcome: 'step-down' },
    ],
  ] as const)('quiesces %s', (_how, change, powerState, quiesce, requested, predicted, shortfall) => {
    const policy = { ...defaultPolicy, ...change };
    const plan = planBackup(machine({ powerState }), { ...options, policy }, { kind: 'none' });
    expect(plan).toMatchObject({ requested, predicted });
    if (shortfall?.outcome !== 'fail') expect(plan.quiesce).toBe(quiesce);
    if (shortfall === undefined) expect(plan.shortfall).toBeUndefined();
    else expect(plan.shortfall).toMatchObject(shortfall);
  });

  test.each([
    ['the first time', { kind: 'none' }, 'first-backup'],
    ['after a restore point that is gone', gone, 'previous-gone'],
  ] as const)('reads every disk whole, and says why: %s', (_when, before, fullReason) => {
    const plan = planBackup(machine(), options, before);
    expect(plan.disks).toEqual([
      { deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1_073_741_824, fullReason },
      { deviceKey: 2001, label: 'Hard disk 2', capacityBytes: machine().disks[1]!.capacityBytes, fullReason },
    ]);
    expect([plan.leftOutDisks, plan.previous]).toEqual([[], before]);
  });

  test.each([
    [{ diskMode: 'independent_persistent' }, /independent/],
    [{ diskMode: 'independent_nonpersistent' }, /independent/],
    [{ type: 'VirtualDiskRawDiskVer2BackingInfo' }, /raw disks/],
    [{ type: 'VirtualDiskPartitionedRawDiskVer2BackingInfo' }, /raw disks/],
    [{ type: 'VirtualDiskRawDiskMappingVer1BackingInfo' }, /physical mode/],
    [
      { type: 'VirtualDiskRawDiskMappingVer1BackingInfo', compatibilityMode: 'physicalMode' },
      /physical mode/,
    ],
    [{ sharing: 'sharingMultiWriter' }, /shared/],
  ])('leaves out a disk that is not part of snapshots, never silently: %j', (backing, reason) => {
    const plan = planBackup(machine({}, backing), options, { kind: 'none' });
    expect(plan.disks.map(({ deviceKey }) => deviceKey)).toEqual([2000]);
    expect(plan.leftOutDisks).toEqual([
      { key: 2001, label: 'Hard disk 2', reason: expect.stringMatching(reason) as string },
    ]);
  });

  test.each([
    [{ diskMode: 'persistent' }],
    [{ diskMode: 'nonpersistent' }],
    [{ diskMode: undefined }],
    [{ sharing: 'sharingNone' }],
    [{ type: 'VirtualDiskRawDiskMappingVer1BackingInfo', compatibilityMode: 'virtualMode' }],
  ])('keeps a disk that snapshots cover: %j', backing => {
    const plan = planBackup(machine({}, backing), options, { kind: 'none' });
    expect(plan.disks.map(({ deviceKey }) => deviceKey)).toEqual([2000, 2001]);
  });

  test.each([
    ['a template', machine({}, {}, true), /template/],
    ['a VM whose host is away', machine({ connectionState: 'disconnected' }), /disconnected/],
    ['a VM whose files are gone', machine({ connectionState: 'inaccessible' }), /inaccessible/],
  ])('refuses %s', (_what, vm, message) => {
    expect(() => planBackup(vm, options, { kind: 'none' })).toThrow(
      expect.objectContaining({
        code: 'CONFLICT',
        object: 'db01',
        message: expect.stringMatching(message) as string,
        remedy: expect.any(String) as string,
      }) as Error,
    );
  });
});

describe('what a restore point may say of its consistency', () => {
  const rules = (record: ReturnType<typeof consistencyRecord>) => record.evidence.map(({ rule }) => rule);

  const newTools = linuxGuest();
  const oldTools = linuxGuest({ toolsVersion: 10_272 });
  const cleanlyOff = linuxGuest({ lastPowerOff: 'guest-shutdown' });
  const stepDown = [{ from: 'filesystem', to: 'crash' }];

  test.each([
    ['quiesced, as the server says', newTools, true, true, 'poweredOn', 'E7', 'filesystem', []],
    ['not asked', newTools, false, false, 'poweredOn', 'E1', undefined, []],
    ['not asked, whatever the flag says', newTools, false, true, 'poweredOn', 'E1', undefined, []],
    ['asked, but not reached', newTools, true, false, 'poweredOn', 'E2', undefined, stepDown],
    ['asked, of Tools that cannot tell', oldTools, true, false, 'poweredOn', 'E2', 'filesystem', []],
    ['off', newTools, false, false, 'poweredOff', 'PWR-02', undefined, []],
    ['off after a shutdown', cleanlyOff, false, false, 'poweredOff', 'PWR-01', 'application', []],
  ] as const)(
    '%s',
    (_what, facts, quiesceRequested, reportedQuiesced, powerState, rule, claimed, downgrades) => {
      const requested = quiesceRequested ? 'filesystem' : 'crash';
      const history = { level: requested, downgrades: [], attempts: [] } as const;
      const takenAt = new Date(0);
      const evidence = {
        ...{ history, reportedQuiesced, powerState, facts, takenAt },
        manifest: { kind: 'none' as const },
        ...{ events: [], eventsProblem: undefined, window: { from: takenAt, to: takenAt } },
      };
      const record = consistencyRecord(requested, 'application', evidence, { volumes: [], tokens: [] });
      expect(record).toMatchObject({ requested, predicted: 'application', proven: 'crash', downgrades });
      expect(record.claimed).toBe(claimed);
      expect(rules(record)).toEqual(expect.arrayContaining(['POWER-STATE', 'E1', rule]));
    },
  );
});

test.each<[FullReason | undefined, boolean, boolean]>([
  ['tracking-not-reset', true, true],
  ['verification-failed', true, true],
  // Tracking that is off begins anew when it is switched on.
  ['tracking-not-reset', false, false],
  ['capacity-changed', true, false],
  ['scheduled', true, false],
  [undefined, true, false],
])(
  'a disk read whole because of %s, tracked: %s, wants its tracking reset: %s',
  (fullReason, isOn, isWanted) => {
    const disk = { deviceKey: 2000, label: 'Hard disk 1', capacityBytes: 1, fullReason };
    const vm = { config: { changeTrackingEnabled: isOn } } as VirtualMachineFacts;
    expect(disksToReset({ vm, disks: [disk] })).toEqual(isWanted ? [disk] : []);
  },
);
