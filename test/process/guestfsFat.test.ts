import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MiB } from '../../src/base/units.ts';
import { manifestOfFolder, manifestOfGuest, type ManifestLine } from '../images/manifest.ts';
import { emptyImage, mountTestWith, withGuestImage } from '../support/guestImages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const vfatTest = toolTest('mkfs.vfat');
const exfatTest = mountTestWith('mount.exfat-fuse');
const utf8 = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' };

vfatTest.each([
  [12, 4],
  [16, 64],
  [32, 300],
])('what mtools stored on FAT%i is read back, and 7-Zip extracts the same', async (bits, sizeMiB) => {
  const folder = temporaryFolder('fat');
  const [tree, image, extracted] = [
    join(folder, 'tree'),
    join(folder, 'disk.img'),
    join(folder, 'extracted'),
  ];
  fill(tree);
  emptyImage(image, sizeMiB * MiB);
  execFileSync('mkfs.vfat', ['-F', String(bits), '-n', 'STICK', image], { stdio: 'ignore' });
  execFileSync('mcopy', ['-s', '-m', '-i', image, join(tree, 'top'), '::'], { env: utf8, stdio: 'ignore' });
  await expectTree(image, manifestOfFolder(tree), 2, { kind: `fat${bits}`, label: 'STICK', problems: [] });
  if (spawnSync('7z', ['x', `-o${extracted}`, image], { env: utf8, stdio: 'ignore' }).status === 0) {
    await expectTree(image, manifestOfFolder(extracted), 2, {});
  }
});

exfatTest('what exfat-fuse wrote is read back, with files that were made longer', async () => {
  const folder = temporaryFolder('exfat');
  const [image, mountPoint] = [join(folder, 'disk.img'), join(folder, 'mnt')];
  emptyImage(image, 100 * MiB);
  execFileSync('mkfs.exfat', ['-L', 'stick', image], { stdio: 'ignore' });
  mkdirSync(mountPoint);
  const loop = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim();
  try {
    execFileSync('mount.exfat-fuse', [loop, mountPoint], { stdio: 'ignore' });
    fill(mountPoint);
    writeFileSync(join(mountPoint, 'top', 'grown'), 'grown');
    truncateSync(join(mountPoint, 'top', 'grown'), 700_001);
    const truth = manifestOfFolder(mountPoint);
    execFileSync('umount', [mountPoint]);
    execFileSync('sync');
    await expectTree(image, truth, 1, { kind: 'exfat', label: 'stick', problems: [] });
  } finally {
    execFileSync('losetup', ['-d', loop]);
  }
});

function fill(folder: string): void {
  const deep = join(folder, 'top', 'a folder with a long name', 'deep');
  mkdirSync(deep, { recursive: true });
  const write = (name: string, lengthBytes: number) => {
    writeFileSync(join(folder, 'top', name), Buffer.alloc(lengthBytes, `${name} `));
  };
  for (let index = 0; index < 300; index += 1) write(`entry number ${index}.txt`, index * 7);
  for (const name of [
    'UPPER.TXT',
    'lower.txt',
    'Mixed.Txt',
    'Grüße-日本語.txt',
    'many.dots.in.a.name',
    'n'.repeat(200),
  ]) {
    write(name, 70_001);
  }
  write('empty', 0);
  writeFileSync(join(deep, 'leaf'), 'leaf');
}

/** FAT knows kinds, sizes, contents and times in steps; nothing else is compared. */
async function expectTree(
  image: string,
  truth: readonly ManifestLine[],
  stepSeconds: number,
  expected: object,
): Promise<void> {
  const step = BigInt(stepSeconds) * 1_000_000_000n;
  const comparable = ({ path, kind, size, content, modified }: ManifestLine) =>
    kind === 'directory' ? { path, kind } : { path, kind, size, content, modified: BigInt(modified) / step };
  const found = await withGuestImage(image, async fileSystem => {
    expect(fileSystem).toMatchObject(expected);
    return await manifestOfGuest(fileSystem);
  });
  expect(found.map(comparable)).toEqual(truth.map(comparable));
  expect(found.length).toBeGreaterThan(300);
}
