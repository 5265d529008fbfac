import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { MiB } from '../../src/base/units.ts';
import { readRange, type BlockSource } from '../../src/core/block/blockSource.ts';
import { memorySource } from '../../src/core/block/memorySource.ts';
import { sliceSource } from '../../src/core/block/sliceSource.ts';
import { openGuestVolume } from '../../src/core/guestfs/openGuestFileSystem.ts';
import { assembleVolumes } from '../../src/core/volume/assembleVolumes.ts';
import { listVolumes } from '../../src/core/volume/listVolumes.ts';
import { threadArgon2 } from '../../src/core/volume/luks/node/threadArgon2.ts';
import type { Argon2 } from '../../src/core/volume/luks/openKeyslot.ts';
import { VolumeKeys } from '../../src/core/volume/luks/volumeKeys.ts';
import type { Volume } from '../../src/core/volume/volume.ts';
import { makeDynamicDisks } from '../images/dynamicDisks.ts';
import { encryptedPassphrase } from '../images/encrypted.ts';
import { readImage } from '../images/images.ts';
import { anySignal } from '../support/anySignal.ts';
import { emptyDisks } from '../support/guestDisks.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { fuzzShare, fuzzTimeoutMs } from './fuzzing.ts';
import { mutationsOf } from './mutations.ts';

/** Each with the disks of a VM one behind the other, and how many volumes of others they make while they are whole. */
const readers: Readonly<Record<string, () => readonly [Uint8Array, number, number]>> = {
  gpt: () => [readImage('gpt-512').slice(0, 24 * MiB), 1, 0],
  mbr: () => [readImage('mbr').slice(0, 24 * MiB), 1, 0],
  lvm: () => [readImage('lvm'), 1, 5],
  md: () => [readImage('md'), 1, 2],
  luks1: () => [readImage('luks1'), 1, 1],
  luks2: () => [readImage('luks2'), 1, 1],
  ldm: () => [dynamicDisks(), 3, 4],
};

describe.each(Object.entries(readers))('%s', (_, make) => {
  test(
    'damaged volumes are listed or told as problems, and read or refused, with typed errors and bounded work',
    async () => {
      const [image, diskCount, madeCount] = make();
      const whole = await volumesOf(image, diskCount);
      expect(whole.filter(({ index }) => index > 1000)).toHaveLength(madeCount);
      await fc.assert(
        fc.asyncProperty(
          mutationsOf(image),
          fc.double({ min: 0, max: 1, noNaN: true }),
          async (mutation, place) => {
            const { mutated, undo } = mutation.apply(image);
            try {
              for (const volume of await volumesOf(mutated, diskCount)) await tryReading(volume, place);
            } finally {
              undo();
            }
          },
        ),
        fuzzShare(1),
      );
    },
    fuzzTimeoutMs,
  );
});

async function volumesOf(image: Uint8Array, diskCount: number): Promise<Volume[]> {
  const diskBytes = Math.floor(image.byteLength / diskCount / 512) * 512;
  const whole = memorySource(image);
  let readBytes = 0;
  const counting: BlockSource = {
    sizeBytes: whole.sizeBytes,
    read: async (offsetBytes, target, signal) => {
      readBytes += target.byteLength;
      await whole.read(offsetBytes, target, signal);
    },
  };
  const disks = Array.from({ length: diskCount }, (_, disk) =>
    sliceSource(counting, disk * diskBytes, diskBytes, 'disk'),
  );
  const listed = await Promise.all(disks.map(async disk => await listVolumes(disk, anySignal)));
  const assembled = await assembleVolumes(listed, anySignal, keys());
  expect(readBytes).toBeLessThan(256 * MiB);
  return assembled.flatMap(({ volumes }) => volumes);
}

/** At both ends and somewhere between. */
async function tryReading(volume: Volume, place: number): Promise<void> {
  const { source } = volume;
  await tolerating(async () => await openGuestVolume(volume, anySignal));
  for (const wanted of [0, place, 1]) {
    const lengthBytes = Math.min(4096, source.sizeBytes);
    const offsetBytes = Math.floor(wanted * (source.sizeBytes - lengthBytes));
    await tolerating(async () => await readRange(source, offsetBytes, lengthBytes, anySignal));
  }
}

async function tolerating(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
  }
}

const derived = new Map<string, Promise<Uint8Array>>();
const argon2 = threadArgon2(new URL('../../src/core/volume/luks/node/argon2Thread.ts', import.meta.url));
/** Each derivation once; one that damage asks for is not worth its time and memory. */
const cachedArgon2: Argon2 = async (passphrase, derivation, keyBytes, signal) => {
  const wanted = JSON.stringify([derivation, keyBytes]);
  if (derived.size > 0 && !derived.has(wanted)) return new Uint8Array(keyBytes);
  const key = derived.get(wanted) ?? argon2(passphrase, derivation, keyBytes, signal);
  derived.set(wanted, key);
  return await key;
};

/** New ones each time: what is known would hide what was damaged. */
function keys(): VolumeKeys {
  const known = new VolumeKeys(cachedArgon2);
  known.add(new Secret(encryptedPassphrase));
  return known;
}

function dynamicDisks(): Uint8Array {
  const images = emptyDisks(temporaryFolder('dynamic'), [4, 4, 4]);
  const part = (disk: number, startSector: number) => ({ disk, startSector, sizeSectors: 1024 });
  makeDynamicDisks(images, [
    { name: 'Spanned', layout: 'spanned', copies: [[part(0, 0), part(1, 0)]] },
    { name: 'Striped', layout: 'striped', stripeSectors: 128, copies: [[part(0, 1024), part(2, 0)]] },
    { name: 'Mirrored', layout: 'spanned', copies: [[part(1, 1024)], [part(2, 1024)]] },
    {
      ...{ name: 'Raid5', layout: 'raid', stripeSectors: 128 },
      copies: [[part(0, 2048), part(1, 2048), part(2, 2048)]],
    },
  ]);
  return Buffer.concat(images.map(image => readFileSync(image)));
}
