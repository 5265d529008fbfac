import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../../src/base/random.ts';
import { parseBlobId } from '../../../../src/core/codec/blobId.ts';
import type { IndexedBlob } from '../../../../src/core/repository/blobIndex.ts';
import { MemoryBlobIndex } from '../../../../src/core/repository/memoryBlobIndex.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { seededRandom } from '../../../support/seededRandom.ts';

// Few values for the bytes that choose shard and slot, so that collisions are the rule.
const id = fc.tuple(fc.nat(2), fc.nat(1), fc.nat(255)).map(([shard, slot, rest]) => {
  const bytes = new Uint8Array(32).fill(slot);
  bytes[0] = shard;
  bytes[31] = rest;
  return parseBlobId(toHex(bytes), 'test');
});
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const blob = fc.record({
  type: fc.constantFrom('data' as const, 'tree' as const),
  id,
  packId: fc.constantFrom('a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)),
  offsetBytes: u32,
  lengthBytes: u32,
  plain: fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 })),
});

test('answers as a map of texts would, the first place of a blob winning', async () => {
  const seed = 11;
  await fc.assert(
    fc.asyncProperty(fc.array(blob, { maxLength: 300 }), id, async (added, unknown) => {
      const index = new MemoryBlobIndex();
      const model = new Map<string, IndexedBlob>();
      for (const { plain, packId, ...place } of added) {
        const packed = plain === null ? place : { ...place, uncompressedLengthBytes: plain };
        await index.add(packId, [packed]);
        const key = `${place.type} ${place.id}`;
        if (!model.has(key)) model.set(key, { ...packed, packId });
      }
      expect(index.blobCount).toBe(model.size);
      for (const type of ['data', 'tree'] as const) {
        for (const wanted of [unknown, ...added.map(item => item.id)]) {
          const found = await index.lookup(type, wanted, signal);
          expect(found && { type, id: wanted, ...found }).toEqual(model.get(`${type} ${wanted}`));
        }
      }
      expect(new Map((await collect(index.blobs())).map(item => [`${item.type} ${item.id}`, item]))).toEqual(
        model,
      );
      expect(new Set(await collect(index.packIds()))).toEqual(new Set(added.map(item => item.packId)));
    }),
    { seed },
  );
});

test('takes some 60 bytes of memory a blob', async () => {
  const blobs = 400_000;
  const perPack = 1000;
  const random = seededRandom(12);
  const index = new MemoryBlobIndex();
  for (let pack = 0; pack < blobs / perPack; pack += 1) {
    const ids = Buffer.from(random.bytes(32 * perPack)).toString('hex');
    const packed = Array.from({ length: perPack }, (_, n) => ({
      type: 'data' as const,
      id: parseBlobId(ids.slice(n * 64, n * 64 + 64), 'test'),
      offsetBytes: n * 500,
      lengthBytes: 500,
    }));
    await index.add(String(pack), packed);
  }
  expect(index.blobCount).toBe(blobs);
  const bytesPerBlob = index.sizeBytes / blobs;
  console.log(`memory index: ${bytesPerBlob.toFixed(1)} bytes a blob`);
  expect(bytesPerBlob).toBeLessThan(80);
});
