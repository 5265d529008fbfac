import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nonZeroPieces } from '../../../../src/core/block/pieces.ts';
import { isZero } from '../../../../src/core/block/zeros.ts';
import { collect } from '../../../support/collect.ts';
import { pattern } from '../../../support/pattern.ts';

test('pieces put together are the disk, and none of them is zero', async () => {
  const gapAndLength = fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 90 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(
      fc.array(gapAndLength),
      fc.nat({ max: 40 }),
      fc.integer({ min: 1, max: 50 }),
      async (cuts, tail, pieceBytes) => {
        const blocks: { offsetBytes: number; bytes: Uint8Array }[] = [];
        let end = 0;
        for (const [gap, length, zero] of cuts) {
          const offsetBytes = end + gap;
          blocks.push({ offsetBytes, bytes: zero ? new Uint8Array(length) : pattern(length, offsetBytes) });
          end = offsetBytes + length;
        }
        const disk = new Uint8Array(end + tail);
        for (const block of blocks) disk.set(block.bytes, block.offsetBytes);

        const rebuilt = new Uint8Array(disk.byteLength);
        let previous = -1;
        for (const piece of await collect(nonZeroPieces(iterate(blocks), disk.byteLength, pieceBytes))) {
          expect(piece.index).toBeGreaterThan(previous);
          expect(piece.bytes.byteLength).toBe(
            Math.min(pieceBytes, disk.byteLength - piece.index * pieceBytes),
          );
          expect(isZero(piece.bytes)).toBe(false);
          rebuilt.set(piece.bytes, piece.index * pieceBytes);
          previous = piece.index;
        }
        expect(rebuilt).toEqual(disk);
      },
    ),
  );
});

test.each([0, 1, 65_535, 65_536, 65_537, 200_000])(
  'zeros are told from anything else: %i bytes',
  lengthBytes => {
    const bytes = new Uint8Array(lengthBytes);
    expect(isZero(bytes)).toBe(true);
    for (const place of new Set([0, 1, 65_535, 65_536, lengthBytes - 1])) {
      if (place < 0 || place >= lengthBytes) continue;
      bytes[place] = 1;
      expect(isZero(bytes)).toBe(false);
      bytes[place] = 0;
    }
  },
);

async function* iterate<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
