import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MiB } from '../../src/base/units.ts';
import { readRange, type BlockSource } from '../../src/core/block/blockSource.ts';
import { anySignal } from '../support/anySignal.ts';
import { emptyDisks, expectFiles, madeVolumes, openDisks, storeImages } from '../support/guestDisks.ts';
import { guestKernelTest, inGuestKernel } from '../support/guestKernel.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const mdTest = guestKernelTest();
const modules = 'modprobe -a md-mod linear raid0 raid1 raid10 raid456';

const arrays: readonly (readonly [string, readonly number[], string])[] = [
  ['linear', [24, 32, 24], '--level=linear'],
  ['RAID 0', [24, 24, 24], '--level=0 --chunk=64'],
  ['RAID 0 of unequal disks, zones counted for themselves', [24, 36, 52], '--level=0 --chunk=32'],
  ['RAID 1', [24, 24], '--level=1'],
  ['RAID 1, superblock at the start', [24, 24], '--level=1 --metadata=1.1'],
  ['RAID 10, two near copies', [24, 24, 24, 24], '--level=10 --layout=n2 --chunk=64'],
  ['RAID 10, two near copies on three disks', [24, 24, 24], '--level=10 --layout=n2 --chunk=64'],
  ['RAID 10, two far copies', [24, 24, 24], '--level=10 --layout=f2 --chunk=64'],
  ['RAID 10, copies in the next row', [24, 24, 24, 24, 24], '--level=10 --layout=o2 --chunk=64'],
  ['RAID 10, three near copies', [24, 24, 24, 24], '--level=10 --layout=n3 --chunk=64'],
  ['RAID 4', [24, 24, 24], '--level=4 --chunk=64'],
  ...['left-symmetric', 'right-symmetric', 'left-asymmetric', 'right-asymmetric', 'parity-first'].map(
    layout => [`RAID 5, ${layout}`, [24, 24, 24], `--level=5 --layout=${layout} --chunk=64`] as const,
  ),
  ...['left-symmetric', 'right-symmetric', 'left-asymmetric', 'right-asymmetric', 'parity-last'].map(
    layout => [`RAID 6, ${layout}`, [24, 24, 24, 24, 24], `--level=6 --layout=${layout} --chunk=32`] as const,
  ),
  ['RAID 6, made of a RAID 5', [24, 24, 24, 24], '--level=6 --layout=left-symmetric-6 --chunk=64'],
];

mdTest.each(arrays)('what the kernel wrote to an array is read back: %s', async (_, sizesMiB, options) => {
  const folder = temporaryFolder('md');
  const { images, content } = makeArray(folder, sizesMiB, options);
  await using disks = await openDisks(images);
  const [array] = madeVolumes(disks.listings);
  expect(disks.listings.flatMap(({ problems }) => problems)).toEqual([]);
  expect(array?.name).toBe('md/data');
  await expectContent(array!.source, content);
  const members = disks.listings.flatMap(({ volumes }) => volumes).filter(volume => volume !== array);
  expect(members.map(({ content: found }) => found?.kind)).toEqual(images.map(() => 'member'));
});

mdTest('of two copies one is enough, whichever it is; of stripes every disk is needed', async () => {
  const mirrored = makeArray(
    temporaryFolder('md-mirror'),
    [24, 24, 24, 24],
    '--level=10 --layout=n2 --chunk=64',
  );
  for (const lost of [0, 1, 2, 3]) {
    await using disks = await openDisks(mirrored.images.filter((_, index) => index !== lost));
    const problems = disks.listings.flatMap(({ problems: told }) => told);
    expect(problems).toEqual(['The array md/data lacks 1 of its 4 disks']);
    await expectContent(madeVolumes(disks.listings)[0]!.source, mirrored.content);
  }
  const striped = makeArray(temporaryFolder('md-striped'), [24, 24], '--level=0 --chunk=64');
  await using disks = await openDisks(striped.images.slice(0, 1));
  expect(madeVolumes(disks.listings)).toEqual([]);
  expect(disks.listings.flatMap(({ problems }) => problems)).toContain(
    'The array md/data cannot be read: 1 of its 2 disks are missing',
  );
});

mdTest('a disk that left the array is not read: it is behind', async () => {
  const folder = temporaryFolder('md-behind');
  const images = emptyDisks(folder, [24, 24]);
  const content = writeContent(folder, 24);
  inGuestKernel(
    folder,
    images,
    `${modules}
mdadm --create /dev/md0 --run --assume-clean --name=data --level=1 --raid-devices=2 /dev/ubda /dev/ubdb
dd if=/dev/zero of=/dev/md0 bs=1M oflag=direct || true
mdadm /dev/md0 --fail /dev/ubda
mdadm /dev/md0 --remove /dev/ubda
dd if=$FOLDER/content of=/dev/md0 bs=1M oflag=direct || true
mdadm --stop /dev/md0`,
  );
  await using disks = await openDisks(images);
  expect(disks.listings.flatMap(({ problems }) => problems)).toEqual([
    'Volume 0 had left the array md/data; it is not read',
    'The array md/data lacks 1 of its 2 disks',
  ]);
  await expectContent(madeVolumes(disks.listings)[0]!.source, content);
});

const withParity: readonly [string, readonly number[], string][] = [
  ['RAID 4', [24, 24, 24], '--level=4 --chunk=64'],
  ['RAID 5', [24, 24, 24], '--level=5 --chunk=64'],
  ['RAID 6', [24, 24, 24, 24, 24], '--level=6 --chunk=32'],
  ['RAID 6, right-asymmetric', [24, 24, 24, 24], '--level=6 --layout=right-asymmetric --chunk=64'],
  ['RAID 6, made of a RAID 5', [24, 24, 24, 24], '--level=6 --layout=left-symmetric-6 --chunk=64'],
];

mdTest.each(withParity)(
  'what lay on a missing disk is what the parity says: %s',
  async (_, sizes, options) => {
    const { images, content } = makeArray(temporaryFolder('md-parity'), sizes, options);
    for (const lost of images.keys()) {
      await using disks = await openDisks(images.filter((_image, index) => index !== lost));
      const problems = disks.listings.flatMap(({ problems: told }) => told);
      expect(problems).toEqual([`The array md/data lacks 1 of its ${images.length} disks`]);
      await expectContent(madeVolumes(disks.listings)[0]!.source, content);
    }
    const parities = options.includes('--level=6') ? 2 : 1;
    await using disks = await openDisks(images.slice(parities + 1));
    expect(madeVolumes(disks.listings)).toEqual([]);
    expect(disks.listings.flatMap(({ problems }) => problems)).toContain(
      `The array md/data cannot be read: ${parities + 1} of its ${images.length} disks are missing`,
    );
  },
);

const twoParities: readonly [string, string][] = [
  ...['left-symmetric', 'right-symmetric', 'left-asymmetric', 'right-asymmetric'],
  ...['parity-first', 'parity-last'],
  ...['left-symmetric-6', 'right-symmetric-6', 'left-asymmetric-6', 'right-asymmetric-6', 'parity-first-6'],
]
  // A slice, but for the proof; without the kernel the unit tests see all of them.
  .filter((_, index) => process.env['QUIESCE_PROOF'] === 'full' || index % 3 === 0)
  .map(layout => [layout, `--level=6 --layout=${layout} --chunk=32`]);

mdTest.each(twoParities)(
  'RAID 6 is read without any two of its disks, whatever they hold: %s',
  async (_, options) => {
    const { images, content } = makeArray(temporaryFolder('md-two'), [12, 12, 12, 12, 12], options);
    const pairs = images.flatMap((_image, one) =>
      images.slice(one + 1).map((_other, at) => [one, one + 1 + at]),
    );
    expect(pairs).toHaveLength(10);
    for (const lost of pairs) {
      await using disks = await openDisks(images.filter((_image, index) => !lost.includes(index)));
      expect(disks.listings.flatMap(({ problems }) => problems)).toEqual([
        'The array md/data lacks 2 of its 5 disks',
      ]);
      await expectContent(madeVolumes(disks.listings)[0]!.source, content);
    }
  },
);

mdTest(
  'of an array that lacks a disk and was being written to, it is said that it may be wrong',
  async () => {
    const folder = temporaryFolder('md-dirty');
    const images = emptyDisks(folder, [24, 24, 24]);
    inGuestKernel(
      folder,
      images,
      `${modules}
mdadm --create /dev/md0 --run --assume-clean --name=data --level=5 --raid-devices=3 --chunk=64 /dev/ubda /dev/ubdb /dev/ubdc
echo 3600 > /sys/block/md0/md/safe_mode_delay
dd if=/dev/urandom of=/dev/md0 bs=1M count=4 oflag=direct
for disk in b c; do dd if=/dev/ubd$disk of=$FOLDER/taken-$disk bs=1M; done`,
    );
    // As a snapshot takes them, while the array is in use: shutting down would have it clean.
    await using disks = await openDisks(['b', 'c'].map(disk => join(folder, `taken-${disk}`)));
    expect(disks.listings.flatMap(({ problems }) => problems)).toContain(
      'The array md/data was being written to: what lay on its missing disk is computed, and may be wrong there',
    );
  },
);

mdTest('a mirror whose members look like what it holds is listed once', async () => {
  const folder = temporaryFolder('md-end');
  const images = emptyDisks(folder, [60, 60]);
  storeImages(folder, 'ext4-4k');
  inGuestKernel(
    folder,
    images,
    `${modules}
for disk in /dev/ubda /dev/ubdb; do printf 'label: dos\\ntype=fd\\n' | sfdisk -q $disk; done
mdadm --create /dev/md0 --run --assume-clean --name=boot --level=1 --metadata=1.0 --raid-devices=2 /dev/ubda1 /dev/ubdb1
dd if=$FOLDER/ext4-4k of=/dev/md0 bs=1M
blockdev --flushbufs /dev/md0
mdadm --stop /dev/md0`,
  );
  await using disks = await openDisks(images);
  const volumes = disks.listings.flatMap(listing => listing.volumes);
  expect(volumes.map(({ name, content }) => [name, content?.kind])).toEqual([
    ['', 'member'],
    ['md/boot', 'ext'],
    ['', 'member'],
  ]);
  await expectFiles(volumes, 'md/boot', 'ext4-4k');
});

mdTest('logical volumes on a mirror, as Linux servers are installed', async () => {
  const folder = temporaryFolder('md-lvm');
  const images = emptyDisks(folder, [140, 140]);
  storeImages(folder, 'ext4-4k', 'xfs-1k');
  inGuestKernel(
    folder,
    images,
    `${modules} dm-mod
for disk in /dev/ubda /dev/ubdb; do printf 'label: gpt\\nsize=8MiB, type=uefi\\ntype=raid\\n' | sfdisk -q $disk; done
mdadm --create /dev/md0 --run --assume-clean --name=pv --level=1 --raid-devices=2 /dev/ubda2 /dev/ubdb2
export LVM_SYSTEM_DIR=/run/lvm
lvm pvcreate -q /dev/md0
lvm vgcreate -q vg0 /dev/md0
lvm lvcreate -q -y -Zn -Wn --noudevsync -L 32M -n root vg0
lvm lvcreate -q -y -Zn -Wn --noudevsync -L 64M -n home vg0
dmsetup mknodes
dd if=$FOLDER/ext4-4k of=/dev/mapper/vg0-root bs=1M
dd if=$FOLDER/xfs-1k of=/dev/mapper/vg0-home bs=1M
sync
lvm vgchange -q -an --noudevsync vg0
mdadm --stop /dev/md0`,
  );
  await using disks = await openDisks(images.slice(1));
  const volumes = madeVolumes(disks.listings);
  expect(volumes.map(({ index, name }) => ({ index, name }))).toEqual([
    { index: 1001, name: 'md/pv' },
    { index: 1002, name: 'vg0/root' },
    { index: 1003, name: 'vg0/home' },
  ]);
  await expectFiles(volumes, 'vg0/root', 'ext4-4k');
  await expectFiles(volumes, 'vg0/home', 'xfs-1k');
});

/** More than fits, every 16 bytes of which tell their position. */
function writeContent(folder: string, sizeMiB: number): string {
  const path = join(folder, 'content');
  const lines = Array.from({ length: (sizeMiB * MiB) / 16 }, (_, line) => `${String(line).padStart(15)}\n`);
  writeFileSync(path, lines.join(''));
  return path;
}

function makeArray(folder: string, sizesMiB: readonly number[], options: string) {
  const images = emptyDisks(folder, sizesMiB);
  const content = writeContent(
    folder,
    sizesMiB.reduce((sum, size) => sum + size, 0),
  );
  const devices = sizesMiB.map((_, index) => `/dev/ubd${String.fromCharCode(97 + index)}`).join(' ');
  inGuestKernel(
    folder,
    images,
    `${modules}
mdadm --create /dev/md0 --run --assume-clean --name=data ${options} --raid-devices=${sizesMiB.length} ${devices}
dd if=$FOLDER/content of=/dev/md0 bs=1M || true
blockdev --flushbufs /dev/md0
mdadm --stop /dev/md0`,
  );
  return { images, content };
}

async function expectContent(source: BlockSource, content: string): Promise<void> {
  const file = openSync(content, 'r');
  const expected = new Uint8Array(MiB);
  for (let at = 0; at < source.sizeBytes; at += MiB) {
    const lengthBytes = Math.min(MiB, source.sizeBytes - at);
    readSync(file, expected, 0, lengthBytes, at);
    const found = await readRange(source, at, lengthBytes, anySignal);
    expect(Buffer.compare(found, expected.subarray(0, lengthBytes)), `at ${at}`).toBe(0);
  }
  closeSync(file);
}
