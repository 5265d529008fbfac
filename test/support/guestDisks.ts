import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MiB } from '../../src/base/units.ts';
import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import { openGuestVolume } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { assembleVolumes } from '../../src/core/volume/assembleVolumes.ts';
import { listVolumes } from '../../src/core/volume/listVolumes.ts';
import type { VolumeKeys } from '../../src/core/volume/luks/volumeKeys.ts';
import type { Volume, VolumeListing } from '../../src/core/volume/volume.ts';
import { readImage, readManifest } from '../images/images.ts';
import { manifestOfGuest } from '../images/manifest.ts';
import { anySignal } from './anySignal.ts';
import { emptyImage } from './guestImages.ts';

export function emptyDisks(folder: string, sizesMiB: readonly number[]): string[] {
  return sizesMiB.map((sizeMiB, index) => {
    const image = join(folder, `disk-${index}.img`);
    emptyImage(image, sizeMiB * MiB);
    return image;
  });
}

/** The disks of a VM with their volumes, those that are made of others included. */
export async function openDisks(
  images: readonly string[],
  keys?: VolumeKeys,
): Promise<{ readonly listings: readonly VolumeListing[] } & AsyncDisposable> {
  const files = await Promise.all(images.map(async image => await openFileBlockSource(image)));
  const found = await Promise.all(files.map(async file => await listVolumes(file, anySignal)));
  return {
    listings: await assembleVolumes(found, anySignal, keys),
    [Symbol.asyncDispose]: async () => {
      for (const file of files) await file[Symbol.asyncDispose]();
    },
  };
}

/** The volumes that are made of others. */
export function madeVolumes(listings: readonly VolumeListing[]): Volume[] {
  return listings.flatMap(({ volumes }) => volumes).filter(({ index }) => index > 1000);
}

/** Puts committed file systems into a folder, for a guest to store where it wants. */
export function storeImages(folder: string, ...names: readonly string[]): void {
  for (const name of names) writeFileSync(join(folder, name), readImage(name));
}

/** Expects a volume to hold the files of a committed file system. */
export async function expectFiles(volumes: readonly Volume[], name: string, image: string): Promise<void> {
  const volume = volumes.find(candidate => candidate.name === name);
  const fileSystem = await openGuestVolume(volume!, anySignal);
  const found = await manifestOfGuest(fileSystem, path => !path.startsWith('/lost+found'));
  expect(found).toEqual(readManifest(image));
}
