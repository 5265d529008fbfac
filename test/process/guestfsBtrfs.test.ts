import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { GiB, MiB } from '../../src/base/units.ts';
import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import type { GuestFileSystem } from '../../src/core/guestfs/guestFileSystem.ts';
import { openGuestFileSystem, openGuestVolume } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { assembleVolumes } from '../../src/core/volume/assembleVolumes.ts';
import { listVolumes } from '../../src/core/volume/listVolumes.ts';
import { manifestOfFolder, manifestOfGuest, type ManifestLine } from '../images/manifest.ts';
import { cachedSource } from '../support/cachedSource.ts';
import { anySignal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';
import {
  comparable,
  emptyImage,
  fetchesToList,
  manifestOfImage,
  mounted,
  mountTestWith,
  populate,
  powerCutRounds,
  randomSeed,
  withGuestImage,
} from '../support/guestImages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const images = join(import.meta.dirname, '..', 'images');
const mkfsTest = toolTest('mkfs.btrfs');
const mountTest = mountTestWith('mkfs.btrfs');
/** How often each file system loses its power while it is in use. */
const cutsOfRound = 5;

const geometries: readonly [string, number, string, ...string[]][] = [
  ['as mkfs makes it', 3000, 'compress=no'],
  ['nodes of 4 KiB', 800, 'compress=no', '-n', '4096', '-s', '4096'],
  ['nodes of 64 KiB', 800, 'compress=no', '-n', '65536'],
  ['zlib', 500, 'compress-force=zlib'],
  ['LZO', 500, 'compress-force=lzo'],
  ['zstd', 500, 'compress-force=zstd'],
  ['holes as extents', 500, 'compress=no', '-O', '^no-holes'],
  ['data and metadata in one', 300, 'compress-force=lzo', '--mixed'],
  ['checksums by xxhash64', 300, 'compress=no', '--csum', 'xxhash'],
  ['checksums by SHA-256', 300, 'compress=no', '--csum', 'sha256'],
  ['checksums by BLAKE2', 300, 'compress=no', '--csum', 'blake2'],
  ['no inline files', 300, 'compress=no,max_inline=0'],
];

mountTest.each(geometries)(
  'what the kernel wrote is read back: %s',
  async (_, entries, mountOptions, ...options) => {
    const folder = temporaryFolder('btrfs');
    const image = join(folder, 'disk.img');
    emptyImage(image, 400 * MiB);
    execFileSync('mkfs.btrfs', ['-q', ...options, image]);
    const truth = mounted(
      image,
      folder,
      mountPoint => {
        populate(mountPoint, entries, entries > 1000 ? 4608 : 70, 'btrfs');
        return manifestOfFolder(mountPoint);
      },
      mountOptions,
    );
    const found = await manifestOfImage(image);
    expect(found).toEqual(truth);
    expect(found.length).toBeGreaterThan(entries * 0.8);
  },
);

mountTest('subvolumes and snapshots are folders, as a guest sees them below the top', async () => {
  const folder = temporaryFolder('btrfs-subvolumes');
  const image = join(folder, 'disk.img');
  emptyImage(image, 300 * MiB);
  execFileSync('mkfs.btrfs', ['-q', image]);
  mounted(
    image,
    folder,
    mountPoint => {
      const path = (name: string) => join(mountPoint, name);
      subvolume('create', path('@'));
      subvolume('create', path('@/home'));
      populate(path('@/home/tree'), 100, 70, 'before');
      subvolume('create', path('@/home/inner'));
      writeFileSync(path('@/home/inner/file'), 'in the inner one');
      mkdirSync(path('.snapshots'));
      subvolume('snapshot', '-r', path('@/home'), path('.snapshots/1'));
      subvolume('snapshot', path('@'), path('.snapshots/2'));
      populate(path('@/home/later'), 50, 70, 'after');
      execFileSync('rm', ['-rf', path('@/home/tree/many')]);
      subvolume('delete', path('@/home/inner'));
      subvolume('set-default', path('@'));
    },
    'compress-force=zstd',
  );
  const seen = mounted(image, folder, mountPoint => manifestOfFolder(mountPoint), 'ro,subvolid=5');
  const found = await manifestOfImage(image);
  expect(withoutAbsent(found)).toEqual(withoutAbsent(seen));
  // What a snapshot does not hold is made up by every reader, with the time of reading.
  expect(found.filter(isAbsent).map(({ path, kind }) => ({ path, kind }))).toEqual([
    { path: '/.snapshots/1/inner', kind: 'directory' },
    { path: '/.snapshots/2/home', kind: 'directory' },
  ]);
});

const profiles: readonly [string, number, ...string[]][] = [
  ['data one behind the other, metadata twice', 2, '-d', 'single', '-m', 'raid1'],
  ['RAID 0', 3, '-d', 'raid0', '-m', 'raid0'],
  ['RAID 1', 2, '-d', 'raid1', '-m', 'raid1'],
  ['RAID 1 in three copies', 3, '-d', 'raid1c3', '-m', 'raid1c3'],
  ['RAID 10', 4, '-d', 'raid10', '-m', 'raid10'],
  ['RAID 5', 3, '-d', 'raid5', '-m', 'raid1'],
  ['RAID 6', 4, '-d', 'raid6', '-m', 'raid1c3'],
];

mountTest.each(profiles)('a file system on several disks: %s', async (_, count, ...options) => {
  const folder = temporaryFolder('btrfs-devices');
  const images = await onDevices(folder, count, options, mountPoint => {
    populate(mountPoint, 200, 70, 'devices');
    writeFileSync(join(mountPoint, 'large'), positionText(40 * MiB));
    return manifestOfFolder(mountPoint);
  });
  await using disks = await openDisks(images.paths.toReversed());
  const listings = await assembleVolumes(
    await Promise.all(disks.sources.map(async source => await listVolumes(source, anySignal))),
    anySignal,
  );
  const volumes = listings.flatMap(listing => listing.volumes);
  const members = volumes.filter(({ content }) => content?.kind === 'member');
  expect(members).toHaveLength(count - 1);
  for (const member of members)
    await expect(openGuestVolume(member, anySignal)).rejects.toThrow(/further device/);
  const first = volumes.find(({ content }) => content?.kind === 'btrfs');
  const fileSystem = await openGuestVolume(first!, anySignal);
  expect(fileSystem.problems).toEqual([]);
  expect(await manifestOfGuest(fileSystem)).toEqual(images.truth);
});

mountTest('of two copies on two disks one is enough; of stripes every disk is needed', async () => {
  const mirrored = await onDevices(temporaryFolder('btrfs-mirror'), 2, ['-d', 'raid1', '-m', 'raid1'], fill);
  for (const present of mirrored.paths) {
    await using disks = await openDisks([present]);
    const fileSystem = await openGuestFileSystem(disks.sources[0]!, anySignal);
    expect(fileSystem.problems).toEqual([expect.stringMatching(/lies on 2 devices, of which 1 are here/)]);
    expect(await manifestOfGuest(fileSystem)).toEqual(mirrored.truth);
  }

  const striped = await onDevices(temporaryFolder('btrfs-stripes'), 2, ['-d', 'raid0', '-m', 'raid1'], fill);
  await using disks = await openDisks(striped.paths.slice(0, 1));
  const fileSystem = await openGuestFileSystem(disks.sources[0]!, anySignal);
  const large = await fileSystem.lookup('large', anySignal);
  const reading = collect(fileSystem.readFile(large, { offsetBytes: 0 }, anySignal));
  await expect(reading).rejects.toMatchObject({
    code: 'UNSUPPORTED_FORMAT',
    message: expect.stringMatching(/device \d of the file system, which is missing/) as string,
  });
});

mountTest('a node that is damaged is read from its other copy; a superblock, too', async () => {
  const folder = temporaryFolder('btrfs-damaged');
  const image = join(folder, 'disk.img');
  emptyImage(image, 300 * MiB);
  execFileSync('mkfs.btrfs', ['-q', '-m', 'dup', image]);
  const truth = mounted(image, folder, fill);
  const copies = copiesOfNode(image, rootNodeOf(image));
  expect(copies).toHaveLength(2);
  damage(image, copies[0]! + 200);
  expect(await manifestOfImage(image)).toEqual(truth);

  damage(image, 64 * 1024 + 100);
  await withGuestImage(image, async fileSystem => {
    expect(fileSystem.problems).toEqual(['The first superblock is damaged; a copy of it was read']);
    expect(await manifestOfGuest(fileSystem)).toEqual(truth);
  });

  damage(image, copies[1]! + 200);
  await expect(withGuestImage(image, manifestOfGuest)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
});

const forced: readonly [string, string, ...string[]][] = [
  ['as mkfs makes it', 'compress=no'],
  ['nodes of 4 KiB, no inline files', 'compress=no,max_inline=0', '-n', '4096'],
  ['zstd, holes as extents', 'compress-force=zstd', '-O', '^no-holes'],
  ['data and metadata in one', 'compress=no', '--mixed'],
  ['short references, checksums by xxhash64', 'compress-force=lzo', '-O', '^extref', '--csum', 'xxhash'],
];

const cuts = forced.flatMap(geometry =>
  Array.from({ length: powerCutRounds }, (_, round): [number, ...typeof geometry] => [
    round + 1,
    ...geometry,
  ]),
);

mountTest.each(cuts)(
  'after a power cut we see what the kernel makes of its logs: round %i of %s',
  async (round, geometry, mountOptions, ...options) => {
    const seed = randomSeed() + 10 * round + forced.findIndex(([title]) => title === geometry);
    const folder = temporaryFolder('btrfs-cuts');
    const image = join(folder, 'disk.img');
    emptyImage(image, 300 * MiB);
    execFileSync('mkfs.btrfs', ['-q', ...options, image]);
    mounted(
      image,
      folder,
      mountPoint => {
        execFileSync(join(images, 'force.py'), [mountPoint, image, String(cutsOfRound), String(seed)]);
      },
      `${mountOptions},commit=300`,
    );
    const recoveredAt = BigInt(systemClock.now().getTime()) * 1_000_000n;
    let [replayed, changed, lines, linesOfRecovery] = [0, 0, 0, 0];
    for (let cut = 0; cut < cutsOfRound; cut += 1) {
      const found = await withGuestImage(`${image}-${cut}`, async fileSystem => {
        expect(fileSystem.problems).toEqual([]);
        if (fileSystem.journal === 'replayed') replayed += 1;
        const lines = await manifestOfGuest(fileSystem);
        return { lines, attributes: await attributesOfGuest(fileSystem, lines) };
      });
      const atLastCommit = mounted(`${image}-${cut}`, folder, manifestOfFolder, 'ro,rescue=nologreplay');
      const truth = mounted(`${image}-${cut}`, folder, mountPoint => ({
        lines: manifestOfFolder(mountPoint),
        attributes: attributesOfFolder(mountPoint),
      }));
      rmSync(`${image}-${cut}`);
      const comparable = withoutRecoveryTimes(truth.lines, truth.lines, recoveredAt);
      expect(withoutRecoveryTimes(found.lines, truth.lines, recoveredAt)).toEqual(comparable);
      expect(found.attributes).toEqual(truth.attributes);
      if (comparable.length !== atLastCommit.length) changed += 1;
      lines += found.lines.length;
      linesOfRecovery += comparable.filter(({ changed }) => changed === 'recovery').length;
    }
    expect(replayed).toBeGreaterThan(0);
    expect(changed).toBeGreaterThan(0);
    expect(lines).toBeGreaterThan(cutsOfRound * 20);
    expect(linesOfRecovery).toBeLessThan(lines / 4);
    console.log(
      `${replayed} of ${cutsOfRound} cuts with a log, ${changed} with other names than at the last commit, ${lines} nodes, ${linesOfRecovery} with the time of recovery`,
    );
  },
);

mkfsTest('a tree that mkfs.btrfs stored is read back, without anybody being root', async () => {
  const folder = temporaryFolder('btrfs-rootdir');
  const [tree, image] = [join(folder, 'tree'), join(folder, 'disk.img')];
  populate(tree, 300, 70, 'rootdir');
  execFileSync('rm', [join(tree, 'socket')]);
  emptyImage(image, 400 * MiB);
  execFileSync('mkfs.btrfs', ['-q', '--rootdir', tree, image]);
  const found = await manifestOfImage(image);
  expect(found.map(comparable)).toEqual(manifestOfFolder(tree).map(comparable));
});

mkfsTest('an empty file system of 1 TiB costs a few reads', async () => {
  const image = join(temporaryFolder('large'), 'disk.img');
  emptyImage(image, 1024 * GiB);
  execFileSync('mkfs.btrfs', ['-q', '-K', image]);
  const { names, fetchCount } = await fetchesToList(image);
  expect(names).toEqual([]);
  expect(fetchCount).toBeLessThanOrEqual(10);
});

mountTest('every name is found by its hash', async () => {
  const folder = temporaryFolder('btrfs-lookup');
  const image = join(folder, 'disk.img');
  emptyImage(image, 300 * MiB);
  execFileSync('mkfs.btrfs', ['-q', image]);
  mounted(image, folder, mountPoint => {
    populate(mountPoint, 500, 70, 'lookup');
  });
  await withGuestImage(image, async fileSystem => {
    const lines = await manifestOfGuest(fileSystem);
    for (const { path, size } of lines) {
      const node = await fileSystem.lookup(path, anySignal);
      expect((await fileSystem.stat(node, anySignal)).sizeBytes).toBe(size);
    }
    expect(lines.length).toBeGreaterThan(400);
    await expect(fileSystem.lookup('names/none', anySignal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

/** By path, name and size of each attribute, as getfattr tells. */
function attributesOfFolder(mountPoint: string): ReadonlyMap<string, readonly string[]> {
  const said = execFileSync(
    'getfattr',
    ['-R', '-P', '-h', '-d', '-m', 'user', '-e', 'hex', '--absolute-names', mountPoint],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const nodes = said.split('\n\n').filter(node => node !== '');
  return new Map(
    nodes
      .map((node): [string, string[]] => {
        const [file = '', ...attributes] = node.split('\n').filter(line => line !== '');
        return [
          file.slice(`# file: ${mountPoint}`.length),
          attributes.map(line => line.replace(/=0x(.*)$/, (_, value: string) => ` ${value.length / 2}`)),
        ];
      })
      .toSorted(),
  );
}

async function attributesOfGuest(
  fileSystem: GuestFileSystem,
  lines: readonly ManifestLine[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found: [string, string[]][] = [];
  for (const { path } of lines) {
    const { attributes } = await fileSystem.details(await fileSystem.lookup(path, anySignal), anySignal);
    if (attributes.length === 0) continue;
    found.push([path, attributes.map(({ name, sizeBytes }) => `${name} ${sizeBytes}`).toSorted()]);
  }
  return new Map(found.toSorted());
}

/** Where the kernel changes names while it recovers, it enters the time at which it does: nobody can know that before. */
function withoutRecoveryTimes(
  lines: readonly ManifestLine[],
  truth: readonly ManifestLine[],
  recoveredAt: bigint,
): ManifestLine[] {
  const recovered = new Map(truth.map(line => [line.path, line]));
  const isOfRecovery = (time: string | undefined) => time !== undefined && BigInt(time) >= recoveredAt;
  return lines.map(line => {
    const { modified, changed } = recovered.get(line.path) ?? {};
    return {
      ...line,
      ...(isOfRecovery(modified) && { modified: 'recovery' }),
      ...(isOfRecovery(changed) && { changed: 'recovery' }),
    };
  });
}

function subvolume(...args: readonly string[]): void {
  execFileSync('btrfs', ['subvolume', ...args], { stdio: 'ignore' });
}

function fill(mountPoint: string): ManifestLine[] {
  populate(mountPoint, 100, 70, 'fill');
  writeFileSync(join(mountPoint, 'large'), positionText(8 * MiB));
  return manifestOfFolder(mountPoint);
}

function positionText(sizeBytes: number): string {
  return Array.from({ length: sizeBytes / 16 }, (_, line) => `${String(line).padStart(15)}\n`).join('');
}

function isAbsent({ path }: ManifestLine): boolean {
  return path === '/.snapshots/1/inner' || path === '/.snapshots/2/home';
}

function withoutAbsent(lines: readonly ManifestLine[]): ManifestLine[] {
  return lines.filter(line => !isAbsent(line));
}

/** A file system of the kernel on several disks, each of them a file. */
async function onDevices(
  folder: string,
  count: number,
  options: readonly string[],
  use: (mountPoint: string) => ManifestLine[],
): Promise<{ readonly paths: readonly string[]; readonly truth: ManifestLine[] }> {
  const paths = Array.from({ length: count }, (_, index) => join(folder, `disk-${index}.img`));
  for (const path of paths) emptyImage(path, 300 * MiB);
  execFileSync('mkfs.btrfs', ['-q', '-f', ...options, ...paths]);
  const loops = paths.map(path =>
    execFileSync('losetup', ['-f', '--show', path], { encoding: 'utf8' }).trim(),
  );
  const mountPoint = join(folder, 'mnt');
  mkdirSync(mountPoint);
  try {
    execFileSync('mount', ['-o', loops.map(loop => `device=${loop}`).join(','), loops[0]!, mountPoint]);
    try {
      return { paths, truth: use(mountPoint) };
    } finally {
      execFileSync('umount', [mountPoint]);
    }
  } finally {
    for (const loop of loops) execFileSync('losetup', ['-d', loop]);
  }
}

async function openDisks(paths: readonly string[]) {
  const files = await Promise.all(paths.map(async path => await openFileBlockSource(path)));
  return {
    sources: files.map(file => cachedSource(file, { chunkBytes: MiB, maxChunks: 64 })),
    [Symbol.asyncDispose]: async () => {
      for (const file of files) await file[Symbol.asyncDispose]();
    },
  };
}

function rootNodeOf(image: string): string {
  const text = execFileSync('btrfs', ['inspect-internal', 'dump-super', image], { encoding: 'utf8' });
  return /^root\s+(\d+)$/m.exec(text)![1]!;
}

/** Where the copies of a node lie on the disk, as the tools of the file system say. */
function copiesOfNode(image: string, logicalBytes: string): number[] {
  const text = execFileSync('btrfs-map-logical', ['-l', logicalBytes, image], { encoding: 'utf8' });
  return [...text.matchAll(/physical (\d+)/g)].map(match => Number(match[1]));
}

function damage(image: string, offsetBytes: number): void {
  const file = openSync(image, 'r+');
  writeSync(file, Uint8Array.of(0x5a, 0xa5, 0x5a), 0, 3, offsetBytes);
  closeSync(file);
}
