import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRange, type BlockSource } from '../../src/core/block/blockSource.ts';
import { anySignal } from '../support/anySignal.ts';

export interface BlockSourceUnderTest extends Partial<AsyncDisposable> {
  readonly source: BlockSource;
  /** What the source must hold; not empty. */
  readonly content: Uint8Array;
}

/** What every BlockSource promises. */
export function describeBlockSource(name: string, open: () => Promise<BlockSourceUnderTest>): void {
  const check = (title: string, body: (under: BlockSourceUnderTest) => Promise<void>) =>
    test(title, async () => {
      const under = await open();
      try {
        await body(under);
      } finally {
        await under[Symbol.asyncDispose]?.();
      }
    });

  describe(`block source: ${name}`, () => {
    check('knows its size and reads all of it', async ({ source, content }) => {
      expect(source.sizeBytes).toBe(content.byteLength);
      expectEqual(await readRange(source, 0, content.byteLength, anySignal), content);
    });

    check(
      'reads any range, many at once, and touches nothing but the target',
      async ({ source, content }) => {
        const size = content.byteLength;
        const range = fc
          .tuple(fc.nat({ max: size }), fc.nat({ max: size }))
          .map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);
        await fc.assert(
          fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 12 }), async ranges => {
            const reads = ranges.map(async ([start, end]) => {
              const around = new Uint8Array(end - start + 2).fill(0xa5);
              await source.read(start, around.subarray(1, -1), anySignal);
              expect([around[0], around.at(-1)]).toEqual([0xa5, 0xa5]);
              expectEqual(around.subarray(1, -1), content.subarray(start, end));
            });
            await Promise.all(reads);
          }),
          { numRuns: 40 },
        );
      },
    );

    check('refuses what leaves it, whole', async ({ source, content }) => {
      const size = content.byteLength;
      for (const [offset, length] of [
        [-1, 1],
        [0, size + 1],
        [size, 1],
        [size + 1, 0],
        [0.5, 1],
        [2 ** 53, 1],
        [NaN, 1],
      ] as const) {
        const target = new Uint8Array(length).fill(0xa5);
        await expect(source.read(offset, target, anySignal)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
        expect(target.every(byte => byte === 0xa5)).toBe(true);
      }
      await source.read(size, new Uint8Array(0), anySignal);
    });

    check('a cancelled read fails as cancelled, and the source still works', async ({ source, content }) => {
      const target = new Uint8Array(1);
      await expect(source.read(0, target, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
      await source.read(0, target, anySignal);
      expect(target[0]).toBe(content[0]);
    });
  });
}

function expectEqual(actual: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(actual, expected)).toBe(0);
}
