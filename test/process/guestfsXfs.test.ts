import { execFileSync } from 'node:child_process';
import { constants, copyFileSync, openSync, closeSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { GiB, MiB } from '../../src/base/units.ts';
import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import { findLogEnds } from '../../src/core/guestfs/xfs/logEnds.ts';
import { LogBlocks } from '../../src/core/guestfs/xfs/logRecord.ts';
import { readSuperblock } from '../../src/core/guestfs/xfs/superblock.ts';
import { positionOfBlocks } from '../../src/core/guestfs/xfs/volume.ts';
import { manifestOfFolder } from '../images/manifest.ts';
import { anySignal } from '../support/anySignal.ts';
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

const images = join(import.meta.dirname, '..', 'images');
const mkfsTest = toolTest('mkfs.xfs');
const mountTest = mountTestWith('mkfs.xfs');

const geometries: readonly [string, number, ...string[]][] = [
  ['4 KiB blocks', 3000],
  ['1 KiB blocks', 1000, '-b', 'size=1024'],
  ['directory blocks of 16 KiB', 800, '-n', 'size=16384'],
  ['inodes of 2 KiB', 500, '-i', 'size=2048'],
  ['wide extent counts and reverse mapping', 500, '-i', 'nrext64=1', '-m', 'rmapbt=1'],
  ['sectors of 4 KiB and narrow times', 500, '-s', 'size=4096', '-m', 'bigtime=0,reflink=0'],
];

mountTest.each(geometries)('what the kernel wrote is read back: %s', async (_, entries, ...options) => {
  const folder = temporaryFolder('xfs');
  const image = join(folder, 'disk.img');
  emptyImage(image, 400 * MiB);
  execFileSync('mkfs.xfs', ['-q', ...options, image]);
  const truth = mounted(image, folder, mountPoint => {
    populate(mountPoint, entries, entries > 1000 ? 4608 : 70, 'xfs');
    return manifestOfFolder(mountPoint);
  });
  const found = await manifestOfImage(image);
  expect(found).toEqual(truth);
  expect(found.length).toBeGreaterThan(entries * 0.8);
});

const olderVersions: readonly [string, ...string[]][] = [
  ['version 4', '-m', 'crc=0'],
  ['version 4 without kinds in directories', '-m', 'crc=0', '-n', 'ftype=0'],
  ['version 4 with 512-byte blocks', '-m', 'crc=0', '-b', 'size=512'],
];

// Kernels no longer mount version 4; its tools still write it.
mkfsTest.each(olderVersions)('a tree that mkfs.xfs stored is read back: %s', async (_, ...options) => {
  const folder = temporaryFolder('xfs4');
  const [tree, prototype, image] = [join(folder, 'tree'), join(folder, 'proto'), join(folder, 'disk.img')];
  populate(tree, 500, 70, 'xfs4');
  writeFileSync(prototype, execFileSync(join(images, 'proto.py'), [tree]));
  emptyImage(image, 400 * MiB);
  execFileSync('mkfs.xfs', ['-q', ...options, '-p', prototype, image], { stdio: 'ignore' });
  const found = (await manifestOfImage(image)).filter(({ path }) => path !== '').map(comparable);
  const truth = new Map(manifestOfFolder(tree).map(line => [line.path, comparable(line)]));
  // Prototypes know no hard links: the second name is a file of its own.
  const expected = found.map(({ path }) => {
    const line = truth.get(path);
    return line !== undefined && 'links' in line && line.kind === 'file' ? { ...line, links: 1 } : line;
  });
  expect(found).toEqual(expected);
  expect(found.length).toBeGreaterThan(400);
});

const crashes: readonly [string, number, ...string[]][] = [
  ['log flushed', 1],
  ['log not flushed, 1 KiB blocks', 2, '-b', 'size=1024'],
  ['log striped', 1, '-l', 'su=32k', '-n', 'size=8192'],
  ['large inodes, reverse mapping', 1, '-i', 'size=1024,nrext64=1', '-m', 'rmapbt=1'],
  ['a small log that wraps', 2, '-l', 'size=6m', '-m', 'reflink=0'],
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
    const image = powerCut(folder, flush, seed, options);
    const found = await manifestOfImage(image);
    expect(found).toEqual(recoveredByKernel(image, folder));
    expect(found.length).toBeGreaterThan(100);
  },
);

mountTest.each([1, 40])(
  'a log whose last blocks never arrived ends where the kernel ends it: %i blocks lost',
  async lostBlocks => {
    const seed = randomSeed();
    const folder = temporaryFolder('torn');
    const image = powerCut(folder, 1, seed, []);
    await loseEndOfLog(image, lostBlocks);
    const found = await manifestOfImage(image);
    expect(found).toEqual(recoveredByKernel(image, folder));
  },
);

mkfsTest('an empty file system of 1 TiB costs a few reads', async () => {
  const image = join(temporaryFolder('large'), 'disk.img');
  emptyImage(image, 1024 * GiB);
  execFileSync('mkfs.xfs', ['-q', '-K', image]);
  const { names, fetchCount } = await fetchesToList(image);
  expect(names).toEqual([]);
  expect(fetchCount).toBeLessThanOrEqual(30);
});

/** An image as it was when the power of its guest was cut. */
function powerCut(folder: string, flush: number, seed: number, options: readonly string[]): string {
  const [work, image] = [join(folder, 'work.img'), join(folder, 'disk.img')];
  emptyImage(work, 400 * MiB);
  // Smaller logs than are supported wrap sooner.
  execFileSync('mkfs.xfs', ['-q', '--unsupported', ...options, work], { stdio: 'ignore' });
  mounted(work, folder, mountPoint => {
    crash(mountPoint, flush, seed);
    copyFileSync(work, image);
  });
  return image;
}

function recoveredByKernel(image: string, folder: string) {
  const truth = join(folder, 'truth.img');
  copyFileSync(image, truth, constants.COPYFILE_FICLONE);
  return mounted(truth, folder, mountPoint => manifestOfFolder(mountPoint));
}

/** Takes the last blocks before the log's head away, as if they had never reached the disk. */
async function loseEndOfLog(image: string, lostBlocks: number): Promise<void> {
  await using file = await openFileBlockSource(image);
  const volume = { source: file, superblock: await readSuperblock(file, anySignal) };
  const ends = await findLogEnds(new LogBlocks(volume, anySignal));
  const { logStartBlock, logBlocks } = volume.superblock;
  const start = positionOfBlocks(volume, logStartBlock!, logBlocks, 'log');
  const first = ends!.headBlock - lostBlocks;
  expect(first).toBeGreaterThan(0);
  const descriptor = openSync(image, 'r+');
  writeSync(descriptor, new Uint8Array(lostBlocks * 512), 0, lostBlocks * 512, start + first * 512);
  closeSync(descriptor);
}
