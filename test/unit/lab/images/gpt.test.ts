import { expect, test } from 'vitest';

import { GiB, MiB } from '../../../../src/base/units.ts';
import type { BlockSource } from '../../../../src/core/block/blockSource.ts';
import { listVolumes } from '../../../../src/core/volume/listVolumes.ts';
import {
  efiSystemType,
  gptTables,
  guidFromName,
  linuxFilesystemType,
} from '../../../../src/lab/images/gpt.ts';
import { anySignal } from '../../../support/anySignal.ts';

const partitions = [
  {
    typeGuid: efiSystemType,
    uniqueGuid: guidFromName('a'),
    name: 'boot',
    offsetBytes: MiB,
    sizeBytes: 8 * MiB,
  },
  {
    typeGuid: linuxFilesystemType,
    uniqueGuid: guidFromName('b'),
    name: 'a name of thirty-six characters, more',
    offsetBytes: 9 * MiB,
    sizeBytes: 20 * MiB,
  },
];

/** A disk that holds its partition tables and zeros; `damage` changes the front. */
function diskOf(diskBytes: number, damage: (front: Uint8Array) => void = () => undefined): BlockSource {
  const tables = gptTables(diskBytes, guidFromName('disk'), partitions);
  damage(tables.front);
  const pieces = [
    { startBytes: 0, bytes: tables.front },
    { startBytes: tables.backOffsetBytes, bytes: tables.back },
  ];
  return {
    sizeBytes: diskBytes,
    read: async (offsetBytes, target) => {
      target.fill(0);
      for (const { startBytes, bytes } of pieces) {
        const from = Math.max(offsetBytes, startBytes);
        const to = Math.min(offsetBytes + target.length, startBytes + bytes.length);
        if (from < to) target.set(bytes.subarray(from - startBytes, to - startBytes), from - offsetBytes);
      }
    },
  };
}

test.each([40 * MiB, 40 * MiB + 512, 64 * GiB, 3072 * GiB])(
  'the partitions of a disk of %i bytes are found',
  async diskBytes => {
    const { volumes, problems } = await listVolumes(diskOf(diskBytes), anySignal);
    expect(problems).toEqual([]);
    expect(volumes.map(({ name, offsetBytes, sizeBytes }) => ({ name, offsetBytes, sizeBytes }))).toEqual([
      { name: 'boot', offsetBytes: MiB, sizeBytes: 8 * MiB },
      {
        name: 'a name of thirty-six characters, more'.slice(0, 36),
        offsetBytes: 9 * MiB,
        sizeBytes: 20 * MiB,
      },
    ]);
  },
);

test('the backup tables stand in for damaged ones', async () => {
  const disk = diskOf(40 * MiB, front => front.fill(0xff, 512, 1024));
  const { volumes, problems } = await listVolumes(disk, anySignal);
  expect(volumes.map(volume => volume.offsetBytes)).toEqual([MiB, 9 * MiB]);
  expect(problems).not.toEqual([]);
});

test('a name always gives the same GUID, of version 8', () => {
  expect(guidFromName('disk web01')).toBe(guidFromName('disk web01'));
  expect(guidFromName('disk web01')).not.toBe(guidFromName('disk db01'));
  expect(guidFromName('x')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
