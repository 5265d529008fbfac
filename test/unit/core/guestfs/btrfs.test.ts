import zlib from 'node:zlib';
import { expect, test } from 'vitest';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { openBtrfs } from '../../../../src/core/guestfs/btrfs/btrfs.ts';
import { decompressExtent } from '../../../../src/core/guestfs/btrfs/decompress.ts';
import { decompressLzo1x } from '../../../../src/core/guestfs/btrfs/lzo.ts';
import { xxHash64 } from '../../../../src/core/guestfs/btrfs/xxHash64.ts';
import { crc32c, crc32cStart } from '../../../../src/base/crc32c.ts';
import { readImage } from '../../../images/images.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { pattern } from '../../../support/pattern.ts';

const superblockOffset = 64 * 1024;
const open = async (image: Uint8Array) => await openBtrfs([memorySource(image)], anySignal);

/** Changes the superblock and gives it its checksum. */
function withSuperblock(change: (view: DataView) => void): Uint8Array {
  const image = readImage('btrfs-lzo');
  const view = new DataView(image.buffer, superblockOffset, 4096);
  change(view);
  view.setUint32(
    0,
    ~crc32c(crc32cStart, image.subarray(superblockOffset + 32, superblockOffset + 4096)),
    true,
  );
  return image;
}

test('says what it is', async () => {
  const found = await open(readImage('btrfs-lzo'));
  expect(found).toMatchObject({ kind: 'btrfs', label: 'btrfs-lzo', journal: 'clean', problems: [] });
});

test('an unknown incompatible feature is refused', async () => {
  const image = withSuperblock(view => {
    view.setUint32(188, view.getUint32(188, true) | 0x2000, true);
  });
  await expect(open(image)).rejects.toMatchObject({
    code: 'UNSUPPORTED_FORMAT',
    message: 'unknown Btrfs features 0x2000',
  });
});

test('a log that cannot be read is told, and the last commit shown', async () => {
  const image = withSuperblock(view => {
    view.setUint32(96, 4096, true);
  });
  const found = await open(image);
  expect(found.journal).toBe('none');
  expect(found.problems).toEqual([expect.stringContaining('forced to the disk last cannot be read')]);
  expect((await found.list(found.root, anySignal)).entries.length).toBeGreaterThan(0);
});

test('devices that are missing are told', async () => {
  const image = withSuperblock(view => {
    view.setUint32(136, 3, true);
  });
  expect((await open(image)).problems).toEqual([expect.stringContaining('3 devices, of which 1 are here')]);
});

test('without a whole superblock nothing is read', async () => {
  const image = readImage('btrfs-lzo');
  image[superblockOffset + 200] = 0xff;
  await expect(open(image)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
});

// The values of the algorithm's own test: no bytes, fewer than a block, several blocks.
test.each([
  ['', 0xef46_db37_51d8_e999n],
  ['a', 0xd24e_c4f1_a98c_6e5bn],
  ['abc', 0x44bc_2cf5_ad77_0999n],
  ['Nobody inspects the spammish repetition', 0xfbce_a83c_8a37_8bf1n],
])('XXH64 of %j', (text, hash) => {
  expect(xxHash64(Buffer.from(text))).toBe(hash);
});

test.each([
  ['one literal run', [17 + 4, 1, 2, 3, 4, 17, 0, 0], [1, 2, 3, 4]],
  [
    'a match that overlaps itself',
    [17 + 4, 1, 2, 3, 4, 32 + 6, 0, 0, 17, 0, 0],
    [1, 2, 3, 4, ...Array<number>(8).fill(4)],
  ],
  [
    'a short match and its literals',
    [17 + 4, 1, 2, 3, 4, 64 + 12 + 1, 0, 9, 17, 0, 0],
    [1, 2, 3, 4, 1, 2, 3, 9],
  ],
])('LZO: %s', (_, block, plain) => {
  expect([...decompressLzo1x(Uint8Array.from(block), 100)]).toEqual(plain);
});

test.each([
  ['ends within a run of literals', [17 + 10, 1, 2]],
  ['ends without its end mark', [17 + 4, 1, 2, 3, 4]],
  ['repeats what is not there', [17 + 4, 1, 2, 3, 4, 32 + 6, 255, 255, 17, 0, 0]],
  ['holds more than it says', [17 + 120, ...Array<number>(120).fill(7), 17, 0, 0]],
])('a block of LZO that %s is refused', (_, block) => {
  expect(() => decompressLzo1x(Uint8Array.from(block), 100)).toThrow(
    expect.objectContaining({ code: 'CORRUPT_DATA' }),
  );
});

test.each([
  ['zlib', (plain: Uint8Array) => zlib.deflateSync(plain)],
  ['zstd', (plain: Uint8Array) => zlib.zstdCompressSync(plain)],
  [
    'zstd',
    (plain: Uint8Array) =>
      zlib.zstdCompressSync(plain, { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } }),
  ],
  ['zstd', (plain: Uint8Array) => zlib.zstdCompressSync(plain, { pledgedSrcSize: plain.byteLength })],
] as const)(
  'what follows a %s stream in its last sector is ignored, whatever it is',
  async (algorithm, pack) => {
    for (const plain of [pattern(100), pattern(131_072), new Uint8Array(131_072), new Uint8Array(1)]) {
      const stored = Buffer.concat([pack(plain), Uint8Array.of(200, 1, 2, 3, 4, 5)]);
      const unpackedBytes = plain.byteLength;
      expect(await decompressExtent(stored, { algorithm, unpackedBytes }, 4096)).toEqual(plain);
    }
  },
);

test.each(['zlib', 'lzo', 'zstd'] as const)('an extent that is no %s stream is refused', async algorithm => {
  const stored = Uint8Array.of(200, 1, 2, 3, 4, 5, 6, 7);
  const unpacking = decompressExtent(stored, { algorithm, unpackedBytes: 4096 }, 4096);
  await expect(unpacking).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
});
