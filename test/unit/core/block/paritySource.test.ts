import fc from 'fast-check';
import { expect, test } from 'vitest';

import { readRange } from '../../../../src/core/block/blockSource.ts';
import { multiples, powerOfTwo, quotient } from '../../../../src/core/block/galoisField.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { paritySource } from '../../../../src/core/block/paritySource.ts';
import { parityLayout } from '../../../../src/core/volume/md/parityLayout.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { pattern } from '../../../support/pattern.ts';

/** Bit by bit, as one multiplies polynomials on paper. */
function product(one: number, other: number): number {
  let sum = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    sum = sum & 0x80 ? (sum << 1) ^ 0x11d : sum << 1;
    if (other & (1 << bit)) sum ^= one;
  }
  return sum;
}

test('bytes are multiplied and divided as polynomials are', () => {
  for (let one = 0; one < 256; one += 1) {
    const table = multiples(one);
    for (let other = 0; other < 256; other += 1) {
      expect(table[other]).toBe(product(one, other));
      if (other > 0) expect(product(quotient(one, other), other)).toBe(one);
    }
  }
  expect(Array.from({ length: 10 }, (_, exponent) => powerOfTwo(exponent))).toEqual([
    ...[1, 2, 4, 8, 16, 32, 64, 128],
    ...[0x1d, 0x3a],
  ]);
});

const chunkBytes = 16;
const rows = 7;
const layouts = [0, 1, 2, 3, 4, 5, 16, 17, 18, 19, 20];

test('of five disks of RAID 6 any three tell everything, in every layout, from any place on', async () => {
  const diskCount = 5;
  const sizeBytes = rows * 3 * chunkBytes;
  const content = pattern(sizeBytes);
  const anyPlace = fc.nat({ max: sizeBytes });
  const anyDisk = fc.nat({ max: diskCount - 1 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...layouts),
      anyDisk,
      anyDisk,
      anyPlace,
      anyPlace,
      async (number, one, other, from, to) => {
        const layout = parityLayout('raid6', number, diskCount, 'array');
        const disks = Array.from({ length: diskCount }, () => new Uint8Array(rows * chunkBytes));
        for (let row = 0; row < rows; row += 1) {
          const { column: weightedColumn, byWeight } = layout.weightedSum!(row);
          for (let position = 0; position < 3; position += 1) {
            const column = layout.dataColumn(row, position);
            for (let at = 0; at < chunkBytes; at += 1) {
              const byte = content[(row * 3 + position) * chunkBytes + at]!;
              const place = row * chunkBytes + at;
              disks[column]![place] = byte;
              disks[layout.sumColumn(row)]![place]! ^= byte;
              disks[weightedColumn]![place]! ^= product(1 << byWeight.indexOf(column), byte);
            }
          }
        }
        const present = disks.map((disk, index) =>
          index === one || index === other ? undefined : memorySource(disk),
        );
        const array = paritySource(present, chunkBytes, rows, layout, 'array');
        const [startBytes, endBytes] = [Math.min(from, to), Math.max(from, to)];
        const found = await readRange(array, startBytes, endBytes - startBytes, anySignal);
        expect(Buffer.compare(found, content.subarray(startBytes, endBytes))).toBe(0);
      },
    ),
    { numRuns: 1000 },
  );
});
