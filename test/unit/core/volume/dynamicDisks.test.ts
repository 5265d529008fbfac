import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MiB } from '../../../../src/base/units.ts';
import { readRange } from '../../../../src/core/block/blockSource.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { assembleVolumes } from '../../../../src/core/volume/assembleVolumes.ts';
import { listVolumes } from '../../../../src/core/volume/listVolumes.ts';
import { makeDynamicDisks, type DynamicVolumeSpec } from '../../../images/dynamicDisks.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { emptyDisks } from '../../../support/guestDisks.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const diskBytes = 4 * MiB;
const dataStart = 63 * 512;
/** Of the database, from the start of the disk. */
const databaseStart = diskBytes - (2048 - 17) * 512;
const part = (disk: number, startSector = 0) => ({ disk, startSector, sizeSectors: 1024 });
const mirror: DynamicVolumeSpec = { name: 'Mirror', layout: 'spanned', copies: [[part(0)], [part(1)]] };

test('of a mirror the copy is read that is up to date', async () => {
  for (const [states, expected] of [
    [['ACTIVE', 'ACTIVE'], 'first'],
    [['SYNC', 'ACTIVE'], 'second'],
  ] as const) {
    const images = disks([{ ...mirror, states }]);
    put(images[0]!, dataStart, 'first');
    put(images[1]!, dataStart, 'second');
    const { volumes, problems } = await opened(images);
    expect(problems).toEqual([]);
    const bytes = await readRange(
      volumes.find(({ index }) => index > 1000)!.source,
      0,
      expected.length,
      anySignal,
    );
    expect(Buffer.from(bytes).toString()).toBe(expected);
  }
  const { problems } = await opened(disks([{ ...mirror, states: ['SYNC', 'DETACHED'] }]));
  expect(problems).toEqual(['The dynamic volume TestDg0/Mirror cannot be read: a copy of it is DETACHED']);
});

test.each([
  ['was being changed', 0x10, [0, 2]],
  ['is of version 4.11', 0x14, [0, 11]],
  ['has 1 volume records, which is not what it says', 0x85, [0, 0, 0, 2]],
  ['has 0 volume records, which is not what it says', 512 + 128, [0]],
])('a database that %s is refused', async (told, offset, bytes) => {
  const images = disks([mirror]);
  for (const image of images) put(image, databaseStart + offset, Buffer.from(bytes));
  const { volumes, problems } = await opened(images);
  expect(volumes.filter(({ index }) => index > 1000)).toEqual([]);
  expect(problems).toContain('No copy of the database of the dynamic disks can be read');
  expect(problems[0]).toContain(told);
});

function disks(volumes: readonly DynamicVolumeSpec[]): string[] {
  const images = emptyDisks(temporaryFolder('dynamic'), [4, 4]);
  makeDynamicDisks(images, volumes);
  return images;
}

function put(image: string, offsetBytes: number, bytes: string | Buffer): void {
  const file = openSync(image, 'r+');
  writeSync(file, Buffer.from(bytes as string), 0, undefined, offsetBytes);
  closeSync(file);
}

async function opened(images: readonly string[]) {
  const sources = images.map(image => memorySource(readFileSync(image)));
  const listed = await Promise.all(sources.map(async source => await listVolumes(source, anySignal)));
  const assembled = await assembleVolumes(listed, anySignal);
  return {
    volumes: assembled.flatMap(({ volumes }) => volumes),
    problems: assembled.flatMap(({ problems }) => problems),
  };
}
