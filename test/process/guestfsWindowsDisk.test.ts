import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MiB } from '../../src/base/units.ts';
import type { BlockSource } from '../../src/core/block/blockSource.ts';
import { openFileBlockSource } from '../../src/core/block/node/fileBlockSource.ts';
import { openGuestFileSystem } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { assembleVolumes } from '../../src/core/volume/assembleVolumes.ts';
import { listVolumes } from '../../src/core/volume/listVolumes.ts';
import { readImage, readManifest } from '../images/images.ts';
import { manifestOfGuest, type ManifestLine } from '../images/manifest.ts';
import { anySignal } from '../support/anySignal.ts';
import { efiPartition, expectEfiFiles } from '../support/efiPartition.ts';
import { emptyImage } from '../support/guestImages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const partitions = [
  { type: 'uefi', sizeMiB: 40, image: undefined },
  { type: 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE', sizeMiB: 16, image: undefined },
  { type: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7', sizeMiB: 50, image: 'ntfs-4k' },
  { type: 'DE94BBA4-06D1-4D40-A16A-BFD50179D6AC', sizeMiB: 34, image: 'ntfs-512' },
];

toolTest('mkfs.vfat')(
  'a Windows VM: boot partition, reserved, NTFS and recovery, also by the backup table',
  async () => {
    const folder = temporaryFolder('windows');
    const disk = join(folder, 'disk.img');
    emptyImage(disk, 160 * MiB);
    const lines = partitions.map(({ type, sizeMiB }) => `size=${sizeMiB}MiB, type=${type}`);
    execFileSync('sfdisk', ['-q', disk], { input: ['label: gpt', ...lines].join('\n') });
    const descriptor = openSync(disk, 'r+');
    const efi = efiPartition(folder, 40);
    writeSync(descriptor, readFileSync(efi.image), 0, undefined, MiB);
    let offset = MiB;
    for (const { image, sizeMiB } of partitions) {
      if (image !== undefined) writeSync(descriptor, readImage(image), 0, undefined, offset);
      offset += sizeMiB * MiB;
    }
    await using file = await openFileBlockSource(disk);
    await expectDisk(file, [], efi.truth);
    writeSync(descriptor, new Uint8Array(512), 0, 512, 512);
    closeSync(descriptor);
    const problem = expect.stringContaining('the backup at the end of the disk was used') as unknown;
    await expectDisk(file, [problem], efi.truth);
  },
);

async function expectDisk(
  disk: BlockSource,
  problems: readonly unknown[],
  efi: readonly ManifestLine[],
): Promise<void> {
  const [listing] = await assembleVolumes([await listVolumes(disk, anySignal)], anySignal);
  expect(listing?.problems).toEqual(problems);
  expect(listing?.volumes.map(({ role, content }) => [role, content?.kind])).toEqual([
    ['efi-system', 'fat'],
    ['microsoft-reserved', undefined],
    ['data', 'ntfs'],
    ['recovery', 'ntfs'],
  ]);
  for (const [index, { image }] of partitions.entries()) {
    if (image === undefined) continue;
    const fileSystem = await openGuestFileSystem(listing!.volumes[index]!.source, anySignal);
    expect(await manifestOfGuest(fileSystem)).toEqual(readManifest(image));
  }
  await expectEfiFiles(listing!.volumes[0]!.source, efi);
}
