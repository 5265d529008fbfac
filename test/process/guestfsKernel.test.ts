import { execFileSync } from 'node:child_process';
import { copyFileSync, constants } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { GiB, MiB } from '../../src/base/units.ts';
import { manifestOfFolder } from '../images/manifest.ts';
import {
  comparable,
  crash,
  emptyImage,
  fetchesToList,
  manifestOfImage,
  mounted,
  mountTestWith,
  populate,
  powerCutRounds,
  randomSeed,
} from '../support/guestImages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const mke2fsTest = toolTest('mke2fs');
const mountTest = mountTestWith('mke2fs');

// Not with inline data: there mke2fs 1.47.0 cuts files that end in a hole. The committed images have it.
const made: readonly [string, number, ...string[]][] = [
  ['ext4', 10_000, '-t', 'ext4', '-b', '4096'],
  ['ext4 with 1 KiB blocks', 1000, '-t', 'ext4', '-b', '1024'],
  ['ext4 with 64 KiB blocks', 500, '-t', 'ext4', '-b', '65536'],
  ['ext4 with clusters', 500, '-t', 'ext4', '-b', '4096', '-O', 'bigalloc'],
  ['ext4 without checksums', 500, '-t', 'ext4', '-b', '4096', '-O', '^metadata_csum,^64bit'],
  ['ext3', 500, '-t', 'ext3', '-b', '4096'],
  ['ext2', 500, '-t', 'ext2', '-b', '2048'],
];

mke2fsTest.each(made)(
  'a tree that mke2fs stored is read back: %s, %i entries',
  async (_, entries, ...options) => {
    const folder = temporaryFolder('mke2fs');
    const [tree, image] = [join(folder, 'tree'), join(folder, 'disk.img')];
    populate(tree, entries, entries > 1000 ? 5120 : 70, 'mke2fs');
    emptyImage(image, 800 * MiB);
    execFileSync('mke2fs', ['-q', '-F', '-d', tree, ...options, image], { stdio: 'ignore' });

    const truth = manifestOfFolder(tree);
    const found = (await manifestOfImage(image)).filter(({ path }) => path !== '/lost+found');
    expect(found.map(comparable)).toEqual(truth.map(comparable));
    expect(found.length).toBeGreaterThan(entries * 0.8);
  },
);

const crashes: readonly [string, number, ...string[]][] = [
  ['ext4', 1, '-t', 'ext4', '-b', '4096', '-J', 'size=8'],
  ['ext4, journal not flushed', 2, '-t', 'ext4', '-b', '1024', '-J', 'size=4'],
  ['ext4, journal without checksums', 1, '-t', 'ext4', '-b', '1024', '-O', '^metadata_csum', '-J', 'size=4'],
  [
    'ext4, one group per block of descriptors',
    1,
    '-t',
    'ext4',
    '-b',
    '1024',
    '-O',
    'meta_bg,^resize_inode',
    '-J',
    'size=4',
  ],
  ['ext3', 1, '-t', 'ext3', '-b', '4096', '-J', 'size=8'],
];

const cuts = crashes.flatMap(geometry =>
  Array.from({ length: powerCutRounds }, (_, round): [number, ...typeof geometry] => [
    round + 1,
    ...geometry,
  ]),
);

mountTest.each(cuts)(
  'after a power cut we see what the kernel recovers: round %i of %s',
  async (round, _, flush, ...options) => {
    const seed = randomSeed() + round;
    const folder = temporaryFolder('crash');
    const [work, image, truth] = [
      join(folder, 'work.img'),
      join(folder, 'disk.img'),
      join(folder, 'truth.img'),
    ];
    emptyImage(work, 64 * MiB);
    execFileSync('mke2fs', ['-q', '-F', ...options, work], { stdio: 'ignore' });
    mounted(work, folder, mountPoint => {
      crash(mountPoint, flush, seed);
      // Now, not after unmounting, which writes back some of what only the journal has.
      copyFileSync(work, image);
    });
    copyFileSync(image, truth, constants.COPYFILE_FICLONE);

    const expected = mounted(truth, folder, mountPoint => manifestOfFolder(mountPoint));
    const found = await manifestOfImage(image);
    expect(found).toEqual(expected);
    expect(found.length).toBeGreaterThan(100);
  },
);

mke2fsTest('an empty file system of 1 TiB costs a few reads', async () => {
  const image = join(temporaryFolder('large'), 'disk.img');
  emptyImage(image, 1024 * GiB);
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-E', 'lazy_itable_init=1', image], { stdio: 'ignore' });
  const { names, fetchCount } = await fetchesToList(image);
  expect(names).toEqual(['lost+found']);
  expect(fetchCount).toBeLessThanOrEqual(6);
});
