import { expect, test } from 'vitest';

import { freeDiskPlace } from '../../../../src/core/disk/freeDiskPlace.ts';
import type { Vim } from '../../../../src/core/vsphere/vimCaller.ts';

type Device = Vim<'VirtualDevice'>;

function scsi(key: number, change: object = {}): Device {
  return {
    ...{ _type: 'ParaVirtualSCSIController', key, busNumber: key - 1000, sharedBus: 'noSharing' },
    ...change,
  };
}

function disks(controllerKey: number, units: readonly number[]): Device[] {
  return units.map(unitNumber => ({
    ...{ _type: 'VirtualDisk', key: 2000 + unitNumber, capacityInKB: 1 },
    ...{ controllerKey, unitNumber },
  }));
}

const all = Array.from({ length: 16 }, (_, unit) => unit).filter(unit => unit !== 7);

test.each<[string, readonly Device[], ReturnType<typeof freeDiskPlace>]>([
  ['a VM without SCSI has none', [{ _type: 'VirtualIDEController', key: 200 }], undefined],
  ['the first of an empty bus', [scsi(1000)], { controllerKey: 1000, unitNumber: 0 }],
  ['the first gap', [scsi(1000), ...disks(1000, [0, 1, 3])], { controllerKey: 1000, unitNumber: 2 }],
  [
    'not where the controller sits',
    [scsi(1000), ...disks(1000, [0, 1, 2, 3, 4, 5, 6])],
    { controllerKey: 1000, unitNumber: 8 },
  ],
  [
    'not where this controller sits',
    [scsi(1000, { scsiCtlrUnitNumber: 0 })],
    { controllerKey: 1000, unitNumber: 1 },
  ],
  [
    'the next bus if one is full',
    [scsi(1000), ...disks(1000, all), scsi(1001)],
    { controllerKey: 1001, unitNumber: 0 },
  ],
  ['none if all are full', [scsi(1000), ...disks(1000, all)], undefined],
  ['never on a bus that is shared', [scsi(1000, { sharedBus: 'virtualSharing' })], undefined],
])('%s', (_what, devices, place) => {
  expect(freeDiskPlace(devices)).toEqual(place);
});
