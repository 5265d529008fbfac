import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GiB, KiB, MiB } from '../../../../src/base/units.ts';
import type { BlockSource } from '../../../../src/core/block/blockSource.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { SpentMemory } from '../../../../src/core/block/spentMemory.ts';
import type { Chunk } from '../../../../src/core/chunking/chunk.ts';
import { chunksOfSource } from '../../../../src/core/chunking/chunksOfSource.ts';
import { chunksOfStream } from '../../../../src/core/chunking/chunksOfStream.ts';
import { assertChunkGeometry, defaultChunkGeometry } from '../../../../src/core/chunking/geometry.ts';
import type { DiskBlock } from '../../../../src/core/block/diskBlock.ts';
import type { DiskStream } from '../../../../src/core/disk/diskTransport.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { pattern } from '../../../support/pattern.ts';

const chunkBytes = 256 * KiB;
const geometry = { chunkBytes, partBytes: 4 * chunkBytes };

const runs = fc.array(
  fc.record({ gap: fc.nat({ max: 600 * KiB }), length: fc.nat({ max: 600 * KiB }), zero: fc.boolean() }),
  { maxLength: 6 },
);

test('the chunks of a stream are the disk, from first to last, without a hole', async () => {
  await fc.assert(
    fc.asyncProperty(runs, fc.nat({ max: 600 * KiB }), async (cuts, tail) => {
      const blocks: DiskBlock[] = [];
      let end = 0;
      for (const { gap, length, zero } of cuts) {
        const bytes = zero ? new Uint8Array(length) : pattern(length, end + gap);
        blocks.push({ offsetBytes: end + gap, bytes });
        end += gap + length;
      }
      const disk = new Uint8Array(end + tail);
      for (const block of blocks) disk.set(block.bytes, block.offsetBytes);

      const chunks = await collect(
        chunksOfStream(streamOf(disk.byteLength, blocks), geometry, new SpentMemory(), anySignal),
      );
      expect(chunks.map(chunk => chunk.index)).toEqual(allIndexes(disk.byteLength));
      expectChunksOf(disk, chunks);
    }),
    { numRuns: 40 },
  );
});

test('the chunks of a source are those the areas touch, each once and whole', async () => {
  await fc.assert(
    fc.asyncProperty(
      runs,
      fc.nat({ max: 600 * KiB }),
      fc.integer({ min: 1, max: 9 }),
      async (cuts, tail, concurrency) => {
        const areas: { startBytes: number; lengthBytes: number }[] = [];
        let end = 0;
        for (const { gap, length } of cuts) {
          areas.push({ startBytes: end + gap, lengthBytes: length });
          end += gap + length;
        }
        const disk = pattern(end + tail);
        for (const { zero, length } of cuts) if (zero) disk.fill(0, 0, 2 * length);

        const chunks = await collect(
          chunksOfSource(memorySource(disk), areas, geometry, anySignal, concurrency),
        );
        const touched = allIndexes(disk.byteLength).filter(index =>
          areas.some(
            ({ startBytes, lengthBytes }) =>
              lengthBytes > 0 &&
              startBytes < (index + 1) * chunkBytes &&
              startBytes + lengthBytes > index * chunkBytes,
          ),
        );
        expect(chunks.map(chunk => chunk.index)).toEqual(touched);
        expectChunksOf(disk, chunks);
      },
    ),
    { numRuns: 40 },
  );
});

test('no chunk shares its buffer with another', async () => {
  const disk = pattern(3 * chunkBytes + 100);
  const chunks = await collect(
    chunksOfStream(
      streamOf(disk.byteLength, [{ offsetBytes: 0, bytes: disk }]),
      geometry,
      new SpentMemory(),
      anySignal,
    ),
  );
  expect(new Set(chunks.map(chunk => chunk.bytes?.buffer)).size).toBe(chunks.length);
});

test('a source is read no further ahead than allowed, and not after the consumer has left', async () => {
  let reads = 0;
  const inner = memorySource(pattern(40 * chunkBytes));
  const source: BlockSource = {
    sizeBytes: inner.sizeBytes,
    read: async (offsetBytes, target, signal) => {
      reads += 1;
      await inner.read(offsetBytes, target, signal);
    },
  };
  const everything = [{ startBytes: 0, lengthBytes: inner.sizeBytes }];
  for await (const chunk of chunksOfSource(source, everything, geometry, anySignal, 3))
    if (chunk.index === 4) break;
  expect(reads).toBe(5 + 2);
});

test('cancelling ends both with CANCELLED, and the stream is closed', async () => {
  const disk = pattern(8 * chunkBytes);
  for (const make of [
    (signal: AbortSignal) =>
      chunksOfSource(
        memorySource(disk),
        [{ startBytes: 0, lengthBytes: disk.byteLength }],
        geometry,
        signal,
        1,
      ),
    (signal: AbortSignal) =>
      chunksOfStream(streamOf(disk.byteLength, cut(disk)), geometry, new SpentMemory(), signal),
  ]) {
    const controller = new AbortController();
    const consume = async () => {
      for await (const chunk of make(controller.signal)) if (chunk.index === 2) controller.abort();
    };
    await expect(consume()).rejects.toMatchObject({ code: 'CANCELLED' });
  }
});

test('leaving the chunks early closes the stream', async () => {
  let closed = false;
  async function* blocks() {
    try {
      yield* cut(pattern(8 * chunkBytes));
    } finally {
      closed = true;
    }
  }
  for await (const chunk of chunksOfStream(
    streamOf(8 * chunkBytes, blocks()),
    geometry,
    new SpentMemory(),
    anySignal,
  )) {
    expect(chunk.index).toBe(0);
    break;
  }
  expect(closed).toBe(true);
});

test.each([
  [
    'areas out of order',
    [
      [100, 10],
      [0, 10],
    ],
  ],
  ['an area behind the end', [[MiB - 1, 2]]],
  ['an area before the start', [[-1, 2]]],
] as const)('%s are refused', async (_, given) => {
  const areas = given.map(([startBytes, lengthBytes]) => ({ startBytes, lengthBytes }));
  const chunks = collect(chunksOfSource(memorySource(new Uint8Array(MiB)), areas, geometry, anySignal));
  await expect(chunks).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test.each([
  [defaultChunkGeometry, true],
  [{ chunkBytes: 256 * KiB, partBytes: 16 * GiB }, true],
  [{ chunkBytes: 8 * MiB, partBytes: 16 * GiB }, true],
  [{ chunkBytes: 128 * KiB, partBytes: 16 * GiB }, false],
  [{ chunkBytes: 16 * MiB, partBytes: 16 * GiB }, false],
  [{ chunkBytes: 3 * MiB, partBytes: 3 * GiB }, false],
  [{ chunkBytes: MiB, partBytes: 16 * GiB + 512 * KiB }, false],
  [{ chunkBytes: MiB, partBytes: 0 }, false],
  [{ chunkBytes: NaN, partBytes: 16 * GiB }, false],
])('geometry %o is valid: %s', (given, valid) => {
  const check = () => assertChunkGeometry(given);
  if (valid) expect(check).not.toThrow();
  else expect(check).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});

function allIndexes(sizeBytes: number): number[] {
  return Array.from({ length: Math.ceil(sizeBytes / chunkBytes) }, (_, index) => index);
}

function expectChunksOf(disk: Uint8Array, chunks: readonly Chunk[]): void {
  for (const { index, offsetBytes, lengthBytes, bytes } of chunks) {
    const expected = disk.subarray(index * chunkBytes, (index + 1) * chunkBytes);
    expect({ offsetBytes, lengthBytes }).toEqual({
      offsetBytes: index * chunkBytes,
      lengthBytes: expected.byteLength,
    });
    if (expected.every(byte => byte === 0)) expect(bytes).toBeUndefined();
    else expect(Buffer.compare(bytes!, expected)).toBe(0);
  }
}

function cut(disk: Uint8Array): DiskBlock[] {
  const blocks: DiskBlock[] = [];
  for (let offsetBytes = 0; offsetBytes < disk.byteLength; offsetBytes += 64 * KiB) {
    blocks.push({ offsetBytes, bytes: disk.slice(offsetBytes, offsetBytes + 64 * KiB) });
  }
  return blocks;
}

function streamOf(sizeBytes: number, blocks: Iterable<DiskBlock> | AsyncIterable<DiskBlock>): DiskStream {
  return {
    shape: 'stream',
    sizeBytes,
    receivedBytes: 0,
    blocks: async function* () {
      yield* blocks;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
