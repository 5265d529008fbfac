import { closeSync, openSync, writeSync } from 'node:fs';
import { expect } from 'vitest';
import { MiB } from '../../src/base/units.ts';
import { makeDynamicDisks, type DynamicPart, type DynamicVolumeSpec } from '../images/dynamicDisks.ts';
import { emptyDisks, expectFiles, madeVolumes, openDisks, storeImages } from '../support/guestDisks.ts';
import { guestKernelTest, inGuestKernel } from '../support/guestKernel.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const kernelTest = guestKernelTest();
const sectorsPerMiB = MiB / 512;
const part = (disk: number, startMiB: number, sizeMiB: number): DynamicPart => ({
  disk,
  startSector: startMiB * sectorsPerMiB,
  sizeSectors: sizeMiB * sectorsPerMiB,
});

/** Each large enough for a committed file system. */
const volumes: readonly DynamicVolumeSpec[] = [
  { name: 'Simple', layout: 'spanned', copies: [[part(0, 0, 52)]] },
  { name: 'Extended', layout: 'spanned', copies: [[part(0, 60, 20), part(0, 90, 34)]] },
  { name: 'Spanned', layout: 'spanned', copies: [[part(0, 130, 10), part(1, 0, 30), part(2, 0, 14)]] },
  {
    ...{ name: 'Striped', layout: 'striped', stripeSectors: 128 },
    copies: [[part(1, 40, 20), part(2, 20, 20), part(3, 0, 20)]],
  },
  { name: 'Mirrored', layout: 'spanned', copies: [[part(1, 70, 52)], [part(2, 50, 52)]] },
  {
    ...{ name: 'Raid5', layout: 'raid', stripeSectors: 128 },
    copies: [[part(1, 130, 20), part(2, 110, 20), part(3, 30, 20), part(0, 150, 20)]],
  },
];
const content: Readonly<Record<string, string>> = {
  Simple: 'ntfs-4k',
  Extended: 'ntfs-4k',
  Spanned: 'ntfs-512',
  Striped: 'ntfs-4k',
  Mirrored: 'ntfs-4k',
  Raid5: 'ntfs-512',
};

kernelTest('what is written to dynamic volumes through ldmtool and the kernel is read back', async () => {
  const images = filled();
  await using disks = await openDisks(images);
  expect(disks.listings.flatMap(({ problems }) => problems)).toEqual([]);
  const found = madeVolumes(disks.listings);
  expect(found.map(({ name }) => name).toSorted()).toEqual(
    volumes.map(({ name }) => `TestDg0/${name}`).toSorted(),
  );
  for (const { name } of volumes) await expectFiles(found, `TestDg0/${name}`, content[name]!);
  const partitions = disks.listings.flatMap(listing => listing.volumes).filter(({ index }) => index < 1000);
  expect(partitions.map(({ content: looks }) => looks?.kind)).toEqual(partitions.map(() => 'member'));
});

kernelTest(
  'of a mirror one copy is enough, and RAID 5 does without a disk; others name what is missing',
  async () => {
    const images = filled();
    for (const lost of [1, 2]) {
      await using disks = await openDisks(images.filter((_, disk) => disk !== lost));
      const found = madeVolumes(disks.listings);
      await expectFiles(found, 'TestDg0/Mirrored', 'ntfs-4k');
      await expectFiles(found, 'TestDg0/Raid5', 'ntfs-512');
      expect(disks.listings.flatMap(({ problems }) => problems)).toEqual(
        ['Spanned', 'Striped'].map(
          name => `The dynamic volume TestDg0/${name} cannot be read: a disk of it is missing`,
        ),
      );
    }
  },
);

kernelTest('a damaged database is read from another disk, a damaged header from its copies', async () => {
  const images = filled();
  const database = openSync(images[0]!, 'r+');
  writeSync(database, Buffer.alloc(512), 0, 512, 220 * MiB - (2048 - 17) * 512);
  closeSync(database);
  const header = openSync(images[1]!, 'r+');
  writeSync(header, Buffer.alloc(512), 0, 512, 6 * 512);
  closeSync(header);
  await using disks = await openDisks(images);
  expect(disks.listings.flatMap(({ problems }) => problems)).toEqual([
    expect.stringContaining('it does not begin as one'),
  ]);
  await expectFiles(madeVolumes(disks.listings), 'TestDg0/Simple', 'ntfs-4k');
  await expectFiles(madeVolumes(disks.listings), 'TestDg0/Striped', 'ntfs-4k');
});

/** Disks of both kinds whose volumes were written to through ldmtool and the kernel. */
function filled(): string[] {
  const folder = temporaryFolder('dynamic');
  const images = emptyDisks(folder, [220, 220, 220, 220]);
  makeDynamicDisks(images, volumes, new Set([2, 3]));
  storeImages(folder, ...new Set(Object.values(content)));
  inGuestKernel(
    folder,
    images,
    `modprobe -a dm-mod dm-mirror dm-raid raid1 raid456
ldmtool create all
${Object.entries(content)
  .map(([name, image]) => `dd if=$FOLDER/${image} of=/dev/mapper/ldm_vol_TestDg0_${name} bs=64k`)
  .join('\n')}
sync
ldmtool remove all`,
  );
  return images;
}
