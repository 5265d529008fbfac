import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memorySource } from '../../src/core/block/memorySource.ts';
import { listVolumes } from '../../src/core/volume/listVolumes.ts';
import { readImage } from '../images/images.ts';
import { anySignal } from '../support/anySignal.ts';
import { mutations } from './mutations.ts';

test.each([
  ['gpt-512', 34 * 512],
  ['gpt-4096', 6 * 4096],
  ['mbr', 512],
])(
  'whatever a partition table says, volumes stay on the disk and nothing is thrown: %s',
  async (name, hotBytes) => {
    const image = readImage(name).subarray(0, 20 << 20);
    await fc.assert(
      fc.asyncProperty(mutations(hotBytes), async mutate => {
        const disk = mutate(image);
        const { volumes } = await listVolumes(memorySource(disk), anySignal);
        expect(volumes.length).toBeLessThan(300);
        for (const { offsetBytes, sizeBytes, source } of volumes) {
          expect(offsetBytes).toBeGreaterThanOrEqual(0);
          expect(offsetBytes + sizeBytes).toBeLessThanOrEqual(disk.byteLength);
          expect(source.sizeBytes).toBe(sizeBytes);
        }
      }),
      { numRuns: 60 },
    );
  },
);
