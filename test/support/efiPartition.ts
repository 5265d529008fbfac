import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MiB } from '../../src/base/units.ts';
import type { BlockSource } from '../../src/core/block/blockSource.ts';
import { openGuestFileSystem } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { manifestOfFolder, manifestOfGuest, type ManifestLine } from '../images/manifest.ts';
import { anySignal } from './anySignal.ts';
import { emptyImage } from './guestImages.ts';

/** The partition that a machine starts from, as dosfstools and mtools make it, and the folder it was made of. */
export function efiPartition(
  folder: string,
  sizeMiB: number,
): { readonly image: string; readonly truth: readonly ManifestLine[] } {
  const [tree, image] = [join(folder, 'efi'), join(folder, 'efi.img')];
  for (const [path, lengthBytes] of [
    ['EFI/BOOT/BOOTX64.EFI', 960_001],
    ['EFI/Grüße/grub.cfg', 1200],
    ['EFI/a folder with a long name/shim settings.csv', 70_000],
    ['EFI/empty', 0],
  ] as const) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(join(tree, path), Buffer.alloc(lengthBytes, `${path} `));
  }
  emptyImage(image, sizeMiB * MiB);
  execFileSync('mkfs.vfat', ['-F', '32', '-s', '1', image], { stdio: 'ignore' });
  const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
  execFileSync('mcopy', ['-s', '-m', '-i', image, join(tree, 'EFI'), '::'], { env, stdio: 'ignore' });
  return { image, truth: manifestOfFolder(tree) };
}

/** FAT knows kinds, sizes, contents and times in steps of two seconds; nothing else is compared. */
export async function expectEfiFiles(volume: BlockSource, truth: readonly ManifestLine[]): Promise<void> {
  const comparable = ({ path, kind, size, content, modified }: ManifestLine) =>
    kind === 'directory'
      ? { path, kind }
      : { path, kind, size, content, modified: BigInt(modified) / 2_000_000_000n };
  const found = await manifestOfGuest(await openGuestFileSystem(volume, anySignal));
  expect(found.map(comparable)).toEqual(truth.map(comparable));
}
