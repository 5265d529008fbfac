import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { MiB } from '../../../../src/base/units.ts';
import { readRange, type BlockSource } from '../../../../src/core/block/blockSource.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { openGuestVolume } from '../../../../src/core/guestfs/openGuestFileSystem.ts';
import { assembleVolumes } from '../../../../src/core/volume/assembleVolumes.ts';
import { listVolumes } from '../../../../src/core/volume/listVolumes.ts';
import type { VolumeListing } from '../../../../src/core/volume/volume.ts';
import { readImage } from '../../../images/images.ts';
import { anySignal } from '../../../support/anySignal.ts';

// What LVM2, mdadm and the kernel wrote (test/images/buildVolumes.ts), where neither is at hand.
describe('logical volumes', () => {
  test('all of them hold the file system that was written to them, also a snapshot whose origin has changed', async () => {
    const { volumes, problems } = await opened(readImage('lvm'));
    expect(problems).toEqual([]);
    const made = volumes.filter(({ index }) => index > 1000);
    expect(made.map(({ name }) => name)).toEqual([
      'vg0/plain',
      'vg0/striped',
      'vg0/mirror',
      'vg0/thin',
      'vg0/before',
    ]);
    const contents: Buffer[] = [];
    for (const { source } of made) contents.push(Buffer.from(await readRange(source, 0, MiB, anySignal)));
    const [plain, ...others] = contents;
    expect(others.map(content => content.equals(others[0]!))).toEqual(others.map(() => true));
    expect(plain!.equals(others[0]!)).toBe(false);
    for (const volume of made.slice(1)) {
      const fileSystem = await openGuestVolume(volume, anySignal);
      const { entries } = await fileSystem.list(fileSystem.root, anySignal);
      expect(entries.map(({ name }) => name)).toEqual(['lost+found']);
    }
  });
});

describe('arrays', () => {
  test.each([
    ['md/five', [1, 2, 3]],
    ['md/ten', [4, 5, 6]],
  ])('%s is the same without any one of its disks', async (name, members) => {
    const image = readImage('md');
    const whole = await contentOf(image, name);
    for (const lost of members) {
      const without = image.slice();
      const { volumes } = await opened(image);
      const { offsetBytes, sizeBytes } = volumes.find(({ index }) => index === lost)!;
      without.fill(0, offsetBytes, offsetBytes + sizeBytes);
      expect((await contentOf(without, name)).equals(whole)).toBe(true);
    }
    for (const [index, lost] of [members[0]!, members[1]!].entries()) {
      const { volumes } = await opened(image);
      const { offsetBytes, sizeBytes } = volumes.find(volume => volume.index === lost)!;
      image.fill(0, offsetBytes, offsetBytes + sizeBytes);
      if (index === 0) continue;
      await expect(contentOf(image, name)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    }
  });
});

async function opened(image: Uint8Array): Promise<VolumeListing> {
  const listing = await listVolumes(memorySource(image), anySignal);
  const [assembled] = await assembleVolumes([listing], anySignal);
  return assembled!;
}

/** @throws UNSUPPORTED_FORMAT if it cannot be put together, or not be read */
async function contentOf(image: Uint8Array, name: string): Promise<Buffer> {
  const { volumes, problems } = await opened(image);
  const source: BlockSource | undefined = volumes.find(volume => volume.name === name)?.source;
  if (source === undefined) throw new AppError('UNSUPPORTED_FORMAT', problems.join('; '));
  return Buffer.from(await readRange(source, 0, source.sizeBytes, anySignal));
}
