import { describe, expect, test } from 'vitest';

import { GiB, MiB } from '../../../../src/base/units.ts';
import type { TransportKind } from '../../../../src/core/catalog/manifest.ts';
import type { DiskBacking, VirtualDiskFacts } from '../../../../src/core/inventory/virtualDisk.ts';
import {
  assumedRates,
  type DiskForecast,
  type TransportFacts,
  transportOutlooks,
} from '../../../../src/core/jobs/backupVm/transports/transportOutlook.ts';
import type { OwnVm } from '../../../../src/core/jobs/backupVm/transports/ownVm.ts';
import { transportOrder } from '../../../../src/core/jobs/backupVm/transports/transportsFor.ts';

const datastore = { type: 'Datastore', value: 'datastore-1' };
const ownVm: OwnVm = {
  ref: { type: 'VirtualMachine', value: 'vm-9' },
  name: 'proxy',
  showsDiskUuids: true,
  datastoreIds: new Set(['datastore-1']),
};

function disk(number: number, backing: Partial<DiskBacking> = {}): VirtualDiskFacts {
  return {
    deviceKey: 1999 + number,
    label: `Hard disk ${number}`,
    capacityBytes: 100 * GiB,
    controller: { deviceKey: 1000, type: 'ParaVirtualSCSIController', busNumber: 0 },
    unitNumber: number - 1,
    diskObjectId: undefined,
    backing: {
      ...{ type: 'VirtualDiskFlatVer2BackingInfo', fileName: '[a] b/c.vmdk', datastore, uuid: '6000C29' },
      ...{ changeId: '52/1', diskMode: 'persistent', isThin: true, sharing: 'sharingNone' },
      ...{ compatibilityMode: undefined, hasParent: false },
      ...backing,
    },
  };
}

function forecast(change: Partial<DiskForecast> = {}): DiskForecast {
  return {
    ...{ disk: disk(1), allocatedBytes: 40 * GiB, isIncremental: true, changedBefore: 2 * GiB },
    ...change,
  };
}

const facts: TransportFacts = {
  ...{ vm: 'vm-1', isEncrypted: false, hasTpm: false, isOfServer: false, isServerReadOnly: false },
  ...{ isTracking: true, hostVersion: '8.0.3', datacenterPath: 'Lab', ownVm, disks: [forecast()] },
  nbdRefusal: { refused: 'no NBD program is settled' },
  datastoreTypes: new Map([['datastore-1', 'VMFS']]),
  missingPrivileges: new Map(),
  measured: undefined,
};

function outlook(kind: TransportKind, change: Partial<TransportFacts> = {}) {
  return transportOutlooks({ ...facts, ...change }, 'auto').find(found => found.kind === kind)!;
}

test('every transport is there, best first, and one is taken', () => {
  const outlooks = transportOutlooks(facts, 'auto');
  expect(outlooks.map(({ kind }) => kind)).toEqual(transportOrder);
  expect(outlooks[0]).toMatchObject({ kind: 'hot-add', takenFor: ['Hard disk 1'], closed: [] });
  expect(outlooks.slice(1).flatMap(({ takenFor }) => takenFor)).toEqual([]);
});

describe('what a transport cannot read', () => {
  const delta = { disks: [forecast({ disk: disk(1, { hasParent: true }) })] };
  const raw = { type: 'VirtualDiskRawDiskMappingVer1BackingInfo' };
  test.each<[string, TransportKind, Partial<TransportFacts>, RegExp]>([
    ['encrypted VMs', 'nfc-lease', { isEncrypted: true }, /^encrypted VMs are not exported$/],
    ['encrypted VMs', 'datastore-files', { isEncrypted: true }, /encrypted bytes/],
    ['encrypted VMs', 'hot-add', { isEncrypted: true }, /encrypted disk is not attached/],
    ['VMs with a TPM', 'nfc-lease', { hasTpm: true }, /virtual TPM/],
    ['deltas and linked clones', 'datastore-files', delta, /does not hold all of the disk/],
    [
      'sparse files',
      'datastore-files',
      { disks: [forecast({ disk: disk(1, { type: 'VirtualDiskSeSparseBackingInfo' }) })] },
      /does not hold all/,
    ],
    ['raw devices', 'datastore-files', { disks: [forecast({ disk: disk(1, raw) })] }, /does not hold all/],
    ['raw devices', 'hot-add', { disks: [forecast({ disk: disk(1, raw) })] }, /no virtual disk with a file/],
    [
      'vSAN',
      'datastore-files',
      { datastoreTypes: new Map([['datastore-1', 'vsan']]) },
      /type vsan has no files/,
    ],
    [
      'vVols',
      'datastore-files',
      { datastoreTypes: new Map([['datastore-1', 'VVOL']]) },
      /type VVOL has no files/,
    ],
    ['where the datacenter is hidden', 'datastore-files', { datacenterPath: undefined }, /which datacenter/],
    ['from elsewhere', 'hot-add', { ownVm: undefined }, /does not run in a VM of the server/],
    ['the own VM', 'hot-add', { vm: 'vm-9' }, /the VM in which this runs/],
    ['by a VM without UUIDs', 'hot-add', { ownVm: { ...ownVm, showsDiskUuids: false } }, /UUIDs of disks/],
    [
      'on other datastores',
      'hot-add',
      { ownVm: { ...ownVm, datastoreIds: new Set() } },
      /does not reach the datastore/,
    ],
    ['without a program', 'nbd', {}, /no NBD program is settled/],
    [
      'without a privilege',
      'nfc-lease',
      { missingPrivileges: new Map([['nfc-lease', ['VApp.Export']]]) },
      /does not have the privilege VApp\.Export/,
    ],
    ['VMs of the server', 'nfc-lease', { isOfServer: true }, /makes this VM for itself/],
    ['VMs of the server', 'hot-add', { isOfServer: true }, /makes this VM for itself/],
    [
      'with the free license',
      'nfc-lease',
      { isServerReadOnly: true },
      /license of the server refuses snapshots/,
    ],
  ])('%s by %s', (_what, kind, change, reason) => {
    const { closed, cost, takenFor } = outlook(kind, change);
    expect(closed).toEqual([expect.objectContaining({ refused: expect.stringMatching(reason) as string })]);
    expect(closed[0]).not.toHaveProperty('label');
    expect({ cost, takenFor }).toEqual({ cost: undefined, takenFor: [] });
  });

  test('of some disks is told with their labels, and the others are read by it', () => {
    const disks = [forecast(), forecast({ disk: disk(2, { hasParent: true }) })];
    const found = outlook('datastore-files', { disks, ownVm: undefined });
    expect(found.closed).toMatchObject([{ label: 'Hard disk 2' }]);
    expect(found.takenFor).toEqual(['Hard disk 1']);
    expect(outlook('nfc-lease', { disks, ownVm: undefined }).takenFor).toEqual(['Hard disk 2']);
  });
});

describe('what it costs', () => {
  const changed = 2 * GiB;
  const sample = Math.round((100 * GiB - changed) * 0.001);
  const whole = [forecast({ isIncremental: false })];
  const unknown = [forecast({ allocatedBytes: undefined, isIncremental: false })];
  const guessed = [forecast({ changedBefore: undefined })];
  test.each<[string, TransportKind, Partial<TransportFacts>, number]>([
    ['a lease sends what is allocated, whatever has changed', 'nfc-lease', {}, 40 * GiB],
    ['and everything if nobody tells', 'nfc-lease', { disks: unknown }, 100 * GiB],
    [
      'an NBD program: what changed last time, and the sample',
      'nbd',
      { nbdRefusal: undefined },
      changed + sample,
    ],
    ['an NBD program in full: what is allocated', 'nbd', { nbdRefusal: undefined, disks: whole }, 40 * GiB],
    ['ranges: what changed last time, and the sample', 'datastore-files', {}, changed + sample],
    ['ranges of a full: the whole file', 'datastore-files', { disks: whole }, 100 * GiB],
    ['a device: what changed last time, and the sample', 'hot-add', {}, changed + sample],
    ['a device in full: what is allocated', 'hot-add', { disks: whole }, 40 * GiB],
    ['of an older host: the whole device', 'hot-add', { disks: whole, hostVersion: '7.0.3' }, 100 * GiB],
    ['without tracking: the whole device', 'hot-add', { disks: whole, isTracking: false }, 100 * GiB],
    [
      'never changed before: a twentieth of what is allocated',
      'hot-add',
      { disks: guessed },
      Math.round(2 * GiB + (100 * GiB - 2 * GiB) * 0.001),
    ],
    [
      'small disks: 64 chunks at least',
      'hot-add',
      { disks: [forecast({ changedBefore: 0, disk: { ...disk(1), capacityBytes: GiB } })] },
      64 * MiB,
    ],
    ['several disks together', 'nfc-lease', { disks: [...whole, ...whole] }, 80 * GiB],
  ])('%s (%s)', (_what, kind, change, readBytes) => {
    const { cost } = outlook(kind, change);
    expect(cost).toMatchObject({ readBytes, isMeasured: false, bytesPerSecond: assumedRates[kind] });
    expect(cost?.snapshotOpenMs).toBe(Math.round((readBytes / assumedRates[kind]) * 1000));
  });

  test('goes by what the last backup measured, of its own transport alone', () => {
    const measured = { kind: 'nfc-lease', bytesPerSecond: 10 * MiB } as const;
    expect(outlook('nfc-lease', { measured }).cost).toMatchObject({
      isMeasured: true,
      snapshotOpenMs: 4096 * 1000,
    });
    expect(outlook('hot-add', { measured }).cost).toMatchObject({ isMeasured: false });
  });
});

describe('which one is taken', () => {
  test('ranges only while they are few', () => {
    const many = [forecast({ changedBefore: 31 * GiB })];
    expect(outlook('datastore-files', { ownVm: undefined }).takenFor).toEqual(['Hard disk 1']);
    expect(outlook('datastore-files', { ownVm: undefined, disks: many }).takenFor).toEqual([]);
    expect(outlook('nfc-lease', { ownVm: undefined, disks: many }).takenFor).toEqual(['Hard disk 1']);
  });

  test('the one that was chosen, or none', () => {
    const chosen = transportOutlooks(facts, 'nfc-lease');
    expect(chosen.find(({ kind }) => kind === 'nfc-lease')?.takenFor).toEqual(['Hard disk 1']);
    expect(chosen.find(({ kind }) => kind === 'hot-add')?.takenFor).toEqual([]);
    const closed = transportOutlooks({ ...facts, isEncrypted: true }, 'nfc-lease');
    expect(closed.flatMap(({ takenFor }) => takenFor)).toEqual([]);
  });
});
