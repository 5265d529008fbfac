import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KiB, MiB } from '../../../../src/base/units.ts';
import type { BlobId } from '../../../../src/core/codec/blobId.ts';
import { ChunkCache } from '../../../../src/core/image/chunkCache.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { pattern } from '../../../support/pattern.ts';

const chunkBytes = 40 * KiB + 100;
const ids = Array.from({ length: 6 }, (_, index) => index.toString(16).padStart(64, '0') as BlobId);

function contentOf(id: BlobId): Uint8Array<ArrayBuffer> {
  return pattern(chunkBytes, 0, ids.indexOf(id));
}

/** Over a repository that tells what it gave, in the order of the loads. */
function cacheOf(chunkCount: number) {
  const loads: { readonly id: BlobId; readonly bytes: Uint8Array }[] = [];
  const loadBlob = async (_type: string, id: BlobId) => {
    await Promise.resolve();
    const bytes = contentOf(id);
    loads.push({ id, bytes });
    return bytes;
  };
  // An eighth is for small reads.
  const cache = new ChunkCache({ loadBlob }, (chunkCount * MiB * 8) / 7);
  return { cache, loads };
}

test('whatever is read, and whatever is dropped meanwhile, the bytes are those of the chunk', async () => {
  const read = fc.record({
    chunk: fc.nat({ max: ids.length - 1 }),
    offset: fc.nat({ max: chunkBytes - 1 }),
    length: fc.oneof(fc.nat({ max: 5000 }), fc.nat({ max: chunkBytes })),
  });
  const rounds = fc.array(fc.array(read, { maxLength: 8 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), rounds, async (chunkCount, together) => {
      const { cache } = cacheOf(chunkCount);
      for (const reads of together) {
        await Promise.all(
          reads.map(async ({ chunk, offset, length }) => {
            const id = ids[chunk]!;
            const target = new Uint8Array(Math.min(length, chunkBytes - offset));
            expect(await cache.read(id, offset, target, signal)).toBe(chunkBytes);
            const wanted = contentOf(id).subarray(offset, offset + target.byteLength);
            expect(Buffer.compare(target, wanted)).toBe(0);
          }),
        );
      }
    }),
  );
});

test('what was read in small pieces is there when its chunk is not any more', async () => {
  const { cache, loads } = cacheOf(2);
  const [small, ...others] = ids;
  const piece = new Uint8Array(300);
  await cache.read(small!, 4000, piece, signal);
  for (const id of others) await cache.read(id, 0, new Uint8Array(20 * KiB), signal);
  const loaded = loads.length;
  const again = new Uint8Array(200);
  expect(await cache.read(small!, 4100, again, signal)).toBe(chunkBytes);
  expect(again).toEqual(piece.subarray(100));
  expect(loads).toHaveLength(loaded);
  await cache.read(small!, 9000, again, signal);
  expect(loads).toHaveLength(loaded + 1);
});

test('the memory of a chunk that is dropped is given back at once', async () => {
  const { cache, loads } = cacheOf(2);
  for (const id of ids) await cache.read(id, 0, new Uint8Array(20 * KiB), signal);
  expect(loads.map(({ bytes }) => bytes.byteLength)).toEqual([0, 0, 0, 0, chunkBytes, chunkBytes]);
});

test('a range that goes beyond the chunk is read as far as the chunk goes', async () => {
  const { cache } = cacheOf(2);
  for (const length of [200, 20 * KiB]) {
    const target = new Uint8Array(length).fill(1);
    expect(await cache.read(ids[0]!, chunkBytes - 100, target, signal)).toBe(chunkBytes);
    expect(target.subarray(0, 100)).toEqual(contentOf(ids[0]!).subarray(chunkBytes - 100));
  }
});

test('many reads of what is kept let others have their turn', async () => {
  const { cache } = cacheOf(2);
  const piece = new Uint8Array(300);
  await cache.read(ids[0]!, 0, piece, signal);
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  for (let read = 0; read < 20_000; read += 1) await cache.read(ids[0]!, read % 3000, piece, signal);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});
