import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { readStreamOptimized } from '../../src/core/disk/vmdk/streamOptimizedReader.ts';
import { anySignal } from '../support/anySignal.ts';
import { inPieces, patternedDisk, vmdkOf } from '../unit/core/disk/vmdkFixtures.ts';
import { mutations } from './mutations.ts';

const disk = patternedDisk(600_064, [0, 70_000], [300_000, 300_001], [590_000, 600_064]);
let vmdk: Uint8Array;
beforeAll(async () => {
  vmdk = await vmdkOf(disk);
});

test('a damaged VMDK is refused with a typed error or read right, and never read endlessly', async () => {
  await fc.assert(
    fc.asyncProperty(
      mutations(200_000),
      fc.integer({ min: 100, max: 70_000 }),
      async (mutate, pieceBytes) => {
        const damaged = mutate(vmdk);
        let deliveredBytes = 0;
        try {
          await using read = await readStreamOptimized(inPieces(damaged, pieceBytes), 'fuzz', anySignal);
          let previousEnd = 0;
          for await (const { offsetBytes, bytes } of read.blocks()) {
            expect(offsetBytes).toBeGreaterThanOrEqual(previousEnd);
            previousEnd = offsetBytes + bytes.byteLength;
            expect(previousEnd).toBeLessThanOrEqual(read.header.capacityBytes);
            deliveredBytes += bytes.byteLength;
          }
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect(['CORRUPT_DATA', 'UNREACHABLE', 'UNSUPPORTED_FORMAT']).toContain((error as AppError).code);
        }
        expect(deliveredBytes).toBeLessThanOrEqual(20 * 1024 * 1024);
      },
    ),
    { numRuns: 400 },
  );
});
