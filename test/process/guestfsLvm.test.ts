import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MiB } from '../../src/base/units.ts';
import { isZero } from '../../src/core/block/zeros.ts';
import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import { openGuestFileSystem } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { assembleVolumes } from '../../src/core/volume/assembleVolumes.ts';
import { listVolumes } from '../../src/core/volume/listVolumes.ts';
import type { VolumeListing } from '../../src/core/volume/volume.ts';
import { manifestOfFolder, manifestOfGuest, type ManifestLine } from '../images/manifest.ts';
import { anySignal } from '../support/anySignal.ts';
import { efiPartition, expectEfiFiles } from '../support/efiPartition.ts';
import { emptyImage, mounted, mountTestWith, populate } from '../support/guestImages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const lvmTest = mountTestWith('lvcreate');
const extentBytes = 4 * MiB;

lvmTest('a Linux VM of two disks: root in three segments, striped data, home and boot', async () => {
  const folder = temporaryFolder('lvm');
  const disks = [join(folder, 'sda.img'), join(folder, 'sdb.img')];
  for (const disk of disks) emptyImage(disk, 1424 * MiB);
  const [first = '', second = ''] = disks;
  execFileSync('sfdisk', ['-q', first], {
    input: 'label: gpt\nsize=40MiB, type=uefi\nsize=64MiB, type=linux, name="boot"\ntype=lvm\n',
  });
  const efi = efiPartition(folder, 40);
  copyInto(efi.image, first, [{ from: 0, to: MiB, lengthBytes: 40 * MiB }]);
  const boot = truthOf(folder, 'boot', 64, ['mke2fs', '-q', '-F', '-t', 'ext4'], 100);
  copyInto(boot.image, first, [{ from: 0, to: (1 + 40) * MiB, lengthBytes: 64 * MiB }]);

  const root = truthOf(folder, 'root', 600, ['mkfs.xfs', '-q'], 1500);
  const home = truthOf(folder, 'home', 300, ['mke2fs', '-q', '-F', '-t', 'ext4'], 500);
  const data = truthOf(folder, 'data', 400, ['mkfs.xfs', '-q'], 300);
  const loops = [
    execFileSync('losetup', ['-f', '--show', '-o', String((1 + 40 + 64) * MiB), first], {
      encoding: 'utf8',
    }).trim(),
    execFileSync('losetup', ['-f', '--show', second], { encoding: 'utf8' }).trim(),
  ];
  try {
    lvm('pvcreate', ...loops);
    lvm('vgcreate', 'vg0', ...loops);
    lvm('lvcreate', ...inactive, '-L', '200M', '-n', 'root', 'vg0', loops[0]!);
    lvm('lvcreate', ...inactive, '-L', '300M', '-n', 'home', 'vg0', loops[0]!);
    lvm('lvextend', '-L', '400M', 'vg0/root', loops[0]!);
    lvm('lvcreate', ...inactive, '-L', '400M', '-i', '2', '-I', '64k', '-n', 'data', 'vg0');
    lvm('lvextend', '-L', '600M', 'vg0/root', loops[1]!);
    for (const { name, image } of [root, home, data]) storeVolume(name, image, loops);
  } finally {
    for (const loop of loops) execFileSync('losetup', ['-d', loop]);
  }

  const { listings, close } = await open(disks);
  try {
    expect(listings.flatMap(({ problems }) => problems)).toEqual([]);
    for (const { name, truth } of [root, home, data]) await expectVolume(listings, `vg0/${name}`, truth);
    await expectVolume(listings, 'boot', boot.truth);
    await expectEfiFiles(listings[0]!.volumes[0]!.source, efi.truth);
  } finally {
    await close();
  }

  const alone = await open([first]);
  try {
    expect(alone.listings[0]?.problems).toContainEqual(
      expect.stringMatching(/vg0\/root cannot be read: a disk of its volume group is missing/),
    );
    await expectVolume(alone.listings, 'vg0/home', home.truth);
  } finally {
    await alone.close();
  }
});

const inactive = ['-an', '-Zn', '-Wn', '-y'];

/** Commands of LVM2 write real volumes without the kernel's device mapper. */
function lvm(command: string, ...args: readonly string[]): string {
  const all = ['--driverloaded', 'n', '-q', ...args];
  return execFileSync(command, all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** A file system with what the kernel says of it. */
function truthOf(folder: string, name: string, sizeMiB: number, mkfs: readonly string[], entries: number) {
  const image = join(folder, `${name}.img`);
  emptyImage(image, sizeMiB * MiB);
  const [program = '', ...options] = mkfs;
  execFileSync(program, [...options, image]);
  const truth = mounted(image, folder, mountPoint => {
    populate(mountPoint, entries, 70, name);
    return manifestOfFolder(mountPoint);
  });
  return { name, image, truth };
}

/** Puts a file system where LVM2 says that the logical volume lies. */
function storeVolume(name: string, image: string, loops: readonly string[]): void {
  const report = lvm(
    'lvs',
    '--segments',
    '--reportformat',
    'json',
    '--units',
    'b',
    '--nosuffix',
    '-o',
    'seg_start_pe,seg_size_pe,seg_pe_ranges,stripes,stripe_size',
    `vg0/${name}`,
  );
  const {
    report: [{ seg: segments }],
  } = JSON.parse(report) as { report: [{ seg: readonly Record<string, string>[] }] };
  const starts = new Map(
    loops.map(loop => [
      loop,
      Number(lvm('pvs', '--noheadings', '--units', 'b', '--nosuffix', '-o', 'pe_start', loop)),
    ]),
  );
  for (const segment of segments) {
    const columns = segment['seg_pe_ranges']!.split(/[ ,]+/).map(range => {
      const [, loop = '', extent = ''] = /^(.*):(\d+)-\d+$/.exec(range)!;
      return { loop, offsetBytes: starts.get(loop)! + Number(extent) * extentBytes };
    });
    const stripeBytes = columns.length > 1 ? Number(segment['stripe_size']) : Infinity;
    const startBytes = Number(segment['seg_start_pe']) * extentBytes;
    const sizeBytes = Number(segment['seg_size_pe']) * extentBytes;
    const step = Math.min(stripeBytes, MiB);
    const byLoop = new Map<string, { from: number; to: number; lengthBytes: number }[]>();
    for (let at = 0; at < sizeBytes; at += step) {
      const stripe = Number.isFinite(stripeBytes) ? Math.floor(at / stripeBytes) : 0;
      const { loop, offsetBytes } = columns[stripe % columns.length]!;
      const inColumn = columns.length === 1 ? at : Math.floor(stripe / columns.length) * stripeBytes;
      const copies = byLoop.get(loop) ?? [];
      copies.push({ from: startBytes + at, to: offsetBytes + inColumn, lengthBytes: step });
      byLoop.set(loop, copies);
    }
    for (const [loop, copies] of byLoop) copyInto(image, loop, copies);
  }
}

function copyInto(
  image: string,
  target: string,
  copies: readonly { readonly from: number; readonly to: number; readonly lengthBytes: number }[],
): void {
  const [source, sink] = [openSync(image, 'r'), openSync(target, 'r+')];
  for (const { from, to, lengthBytes } of copies) {
    for (let done = 0; done < lengthBytes; done += MiB) {
      const piece = Buffer.alloc(Math.min(MiB, lengthBytes - done));
      readSync(source, piece, 0, piece.byteLength, from + done);
      if (!isZero(piece)) writeSync(sink, piece, 0, piece.byteLength, to + done);
    }
  }
  closeSync(source);
  closeSync(sink);
}

async function open(disks: readonly string[]) {
  const files = await Promise.all(disks.map(async disk => await openFileBlockSource(disk)));
  const found = await Promise.all(files.map(async file => await listVolumes(file, anySignal)));
  return {
    listings: await assembleVolumes(found, anySignal),
    close: async () => {
      for (const file of files) await file[Symbol.asyncDispose]();
    },
  };
}

async function expectVolume(
  listings: readonly VolumeListing[],
  name: string,
  truth: readonly ManifestLine[],
): Promise<void> {
  const volume = listings.flatMap(({ volumes }) => volumes).find(candidate => candidate.name === name);
  const fileSystem = await openGuestFileSystem(volume!.source, anySignal);
  expect(await manifestOfGuest(fileSystem)).toEqual(truth);
}
