import { expect, test } from 'vitest';
import { AppError, type ErrorCode } from '../../../../src/base/errors.ts';
import { GiB, KiB, MiB } from '../../../../src/base/units.ts';
import { SpentMemory } from '../../../../src/core/block/spentMemory.ts';
import { formatGrain, formatMetadataMarker } from '../../../../src/core/disk/vmdk/marker.ts';
import { readStreamOptimized } from '../../../../src/core/disk/vmdk/streamOptimizedReader.ts';
import { writeStreamOptimized } from '../../../../src/core/disk/vmdk/streamOptimizedWriter.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { blocksOf, inPieces, joined, patternedDisk, readBack, vmdkOf } from './vmdkFixtures.ts';

const grain = 64 * KiB;
const dataStart = 64 * KiB;

test.each([
  ['empty', MiB, []],
  ['full', 3 * MiB, [[0, 3 * MiB]]],
  [
    'one byte in the first and the last sector',
    2 * MiB,
    [
      [0, 1],
      [2 * MiB - 1, 2 * MiB],
    ],
  ],
  ['size not a multiple of the grain', MiB + 512, [[MiB - 10, MiB + 512]]],
  ['smaller than a grain', 1024, [[100, 900]]],
  [
    'several grain tables with an empty one between',
    128 * MiB,
    [
      [MiB, 3 * MiB],
      [31 * MiB, 33 * MiB],
      [100 * MiB, 101 * MiB],
    ],
  ],
] as const)('what is written is read back: %s', async (_, sizeBytes, areas) => {
  const disk = patternedDisk(sizeBytes, ...areas);
  const vmdk = await vmdkOf(disk, 100_001);
  const read = await readBack(inPieces(vmdk, 77_777));
  expect(Buffer.compare(read.disk, disk)).toBe(0);
  const stored = read.offsets.map(offset => offset / grain);
  const expected = Array.from({ length: Math.ceil(sizeBytes / grain) }, (__, index) => index).filter(index =>
    areas.some(([start, end]) => start < (index + 1) * grain && end > index * grain),
  );
  expect(stored).toEqual(expected);
});

test.each([1, 511, 512, 513, 65_536, 10 * MiB])(
  'the size of the pieces that arrive does not matter: %i',
  async pieceBytes => {
    const disk = patternedDisk(512 * KiB, [60 * KiB, 70 * KiB], [300 * KiB, 512 * KiB]);
    const read = await readBack(inPieces(await vmdkOf(disk), pieceBytes));
    expect(Buffer.compare(read.disk, disk)).toBe(0);
  },
);

test('blocks of many grains are aligned, whole, and do not show what was in their memory before', async () => {
  const sizeBytes = 5 * MiB + 200 * KiB + 512;
  const disk = patternedDisk(
    sizeBytes,
    [100 * KiB, 150 * KiB],
    [MiB - 10, MiB + 300 * KiB],
    [3 * MiB + 960 * KiB, 4 * MiB],
    [sizeBytes - 700, sizeBytes],
  );
  const memory = new SpentMemory();
  for (let count = 0; count < 4; count += 1) memory.give(new Uint8Array(MiB).fill(0xaa));
  const cut = { blockBytes: MiB, memory };
  const read = await readBack(inPieces(await vmdkOf(disk), 77_777), cut);
  expect(Buffer.compare(read.disk, disk)).toBe(0);
  expect(read.offsets).toEqual([0, MiB, 3 * MiB, 5 * MiB]);
  // Of a block of which some grains are wanted, the others are zeros.
  const upTo = async (endBytes: number) =>
    await readBack(inPieces(vmdk, 10_000), cut, area => area.startBytes < endBytes);
  const vmdk = await vmdkOf(disk);
  const part = await upTo(MiB + 64 * KiB);
  const expected = disk.slice();
  expected.fill(0, MiB + 64 * KiB);
  expect(Buffer.compare(part.disk, expected)).toBe(0);
  expect(part.offsets).toEqual([0, MiB]);
});

test('a block is no smaller than a grain', async () => {
  const disk = patternedDisk(MiB, [0, MiB]);
  const read = await readBack(inPieces(await vmdkOf(disk), MiB), {
    blockBytes: 512,
    memory: new SpentMemory(),
  });
  expect(Buffer.compare(read.disk, disk)).toBe(0);
  expect(read.offsets).toHaveLength(16);
});

test('equal disks give equal files, however their blocks are cut', async () => {
  const disk = patternedDisk(2 * MiB, [5, 300_000], [MiB, MiB + 1]);
  const [one, other] = [await vmdkOf(disk, 1 << 20), await vmdkOf(disk, 999)];
  expect(one.equals(other)).toBe(true);
});

test('the header is known before any grain has arrived', async () => {
  const vmdk = await vmdkOf(patternedDisk(4 * MiB, [0, 4 * MiB]));
  async function* onlyTheFront() {
    yield vmdk.subarray(0, dataStart);
    throw new Error('asked for grains');
  }
  await using read = await readStreamOptimized(onlyTheFront(), 'disk-0.vmdk', anySignal);
  expect(read.header).toMatchObject({ capacityBytes: 4 * MiB, grainBytes: grain });
});

test('a stream cut anywhere is retryable, never a shorter disk', async () => {
  const vmdk = await vmdkOf(patternedDisk(300 * KiB, [0, 70 * KiB], [200 * KiB, 300 * KiB]));
  const cuts = new Set([0, 1, 511, 512, 600, vmdk.length - 1, vmdk.length - 512, vmdk.length - 513]);
  for (let cut = dataStart; cut < vmdk.length; cut += 4096) cuts.add(cut);
  for (const cut of cuts) {
    const error: unknown = await readBack(inPieces(vmdk.subarray(0, cut), 5000)).catch((e: unknown) => e);
    expect({ cut, error }).toMatchObject({ error: { code: 'UNREACHABLE', retryable: true } });
  }
});

const marker = (kind: Parameters<typeof formatMetadataMarker>[0], bytes: number) =>
  formatMetadataMarker(kind, bytes);

/** Each changes one thing in the VMDK of a disk with grains 0, 1 and 3. */
const damages: readonly [string, ErrorCode, (vmdk: Buffer) => Uint8Array][] = [
  ['magic', 'CORRUPT_DATA', vmdk => changed(vmdk, 0, 0x4c)],
  ['version', 'CORRUPT_DATA', vmdk => changed(vmdk, 4, 9)],
  ['no markers', 'UNSUPPORTED_FORMAT', vmdk => changed(vmdk, 10, 1)],
  ['unknown flag', 'UNSUPPORTED_FORMAT', vmdk => changed(vmdk, 8, 0x81)],
  ['line ends', 'CORRUPT_DATA', vmdk => changed(vmdk, 75, 0x0a)],
  ['compression', 'CORRUPT_DATA', vmdk => changed(vmdk, 77, 2)],
  ['no capacity', 'CORRUPT_DATA', vmdk => changed(vmdk, 12, 0, 0, 0, 0)],
  ['absurd capacity', 'CORRUPT_DATA', vmdk => changed(vmdk, 18, 1)],
  ['grain of 100 sectors', 'CORRUPT_DATA', vmdk => changed(vmdk, 20, 100)],
  ['descriptor in the grains', 'CORRUPT_DATA', vmdk => changed(vmdk, 28, 127)],
  [
    'difference to a parent',
    'UNSUPPORTED_FORMAT',
    vmdk => replaced(vmdk, 'parentCID=ffffffff', 'parentCID=12345678'),
  ],
  ['grain out of place', 'CORRUPT_DATA', vmdk => changed(vmdk, dataStart, 1)],
  ['grain behind the end', 'CORRUPT_DATA', vmdk => changed(vmdk, dataStart + 4, 1)],
  [
    'grain twice',
    'CORRUPT_DATA',
    vmdk => Buffer.concat([vmdk.subarray(0, firstGrainEnd(vmdk)), vmdk.subarray(dataStart)]),
  ],
  [
    'grain lost',
    'CORRUPT_DATA',
    vmdk => Buffer.concat([vmdk.subarray(0, dataStart), vmdk.subarray(firstGrainEnd(vmdk))]),
  ],
  ['grain of 4 GiB', 'CORRUPT_DATA', vmdk => changed(vmdk, dataStart + 11, 0xff)],
  ['byte in a grain', 'CORRUPT_DATA', vmdk => changed(vmdk, dataStart + 40, vmdk[dataStart + 40]! ^ 1)],
  [
    'short grain',
    'CORRUPT_DATA',
    vmdk => Buffer.concat([vmdk.subarray(0, dataStart), shortGrain, vmdk.subarray(firstGrainEnd(vmdk))]),
  ],
  ['marker of unknown type', 'CORRUPT_DATA', vmdk => changed(vmdk, vmdk.length - 1536 + 12, 7)],
  ['huge table', 'CORRUPT_DATA', vmdk => changed(vmdk, vmdk.indexOf(marker('grain-table', 2048)) + 2, 0xff)],
  ['footer differs', 'CORRUPT_DATA', vmdk => changed(vmdk, vmdk.length - 1024 + 12, 1)],
  ['footer points elsewhere', 'CORRUPT_DATA', vmdk => changed(vmdk, vmdk.length - 1024 + 56, 1)],
  [
    'no footer',
    'CORRUPT_DATA',
    vmdk => Buffer.concat([vmdk.subarray(0, vmdk.length - 1536), vmdk.subarray(vmdk.length - 512)]),
  ],
  ['end mark not empty', 'CORRUPT_DATA', vmdk => changed(vmdk, vmdk.length - 1, 1)],
  ['data behind the end', 'CORRUPT_DATA', vmdk => Buffer.concat([vmdk, Buffer.from('x')])],
];

test.each(damages)('a wrong byte is found: %s', async (_, code, damage) => {
  const vmdk = await vmdkOf(patternedDisk(5 * grain, [0, 2 * grain], [3 * grain, 3 * grain + 1]));
  expect((await readBack(inPieces(vmdk, 9999))).offsets).toEqual([0, grain, 3 * grain]);
  await expect(readBack(inPieces(damage(Buffer.from(vmdk)), 9999))).rejects.toMatchObject({ code });
});

test('zeros behind the end mark are padding', async () => {
  const disk = patternedDisk(MiB, [1, 2]);
  const read = await readBack(inPieces(Buffer.concat([await vmdkOf(disk), Buffer.alloc(4096)]), 4096));
  expect(Buffer.compare(read.disk, disk)).toBe(0);
});

test('leaving early, an error and disposal close the source; cancelling stops the next block', async () => {
  const vmdk = await vmdkOf(patternedDisk(2 * MiB, [0, 2 * MiB]));
  const controller = new AbortController();
  let closed = 0;
  async function* source() {
    try {
      yield* inPieces(vmdk, 4096);
    } finally {
      closed += 1;
    }
  }
  for await (const block of (await readStreamOptimized(source(), 'd', anySignal)).blocks()) {
    expect(block.offsetBytes).toBe(0);
    break;
  }
  expect(closed).toBe(1);
  await (await readStreamOptimized(source(), 'd', anySignal))[Symbol.asyncDispose]();
  expect(closed).toBe(2);
  const cancelled = await readStreamOptimized(source(), 'd', controller.signal);
  const drain = async () => {
    for await (const block of cancelled.blocks()) if (block.offsetBytes === grain) controller.abort();
  };
  await expect(drain()).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(closed).toBe(3);
});

test('an error of the source arrives as it is', async () => {
  const failure = new AppError('AUTHENTICATION', 'the ticket is gone');
  const vmdk = await vmdkOf(patternedDisk(MiB, [0, MiB]));
  async function* source() {
    yield vmdk.subarray(0, 200_000);
    throw failure;
  }
  await expect(readBack(source())).rejects.toBe(failure);
});

test('the writer reads no further ahead than the grains it deflates, and closes its source', async () => {
  let taken = 0;
  let closed = false;
  async function* blocks() {
    try {
      for (const block of await collect(blocksOf(patternedDisk(8 * MiB, [0, 8 * MiB]), grain))) {
        taken += 1;
        yield block;
      }
    } finally {
      closed = true;
    }
  }
  const parts = writeStreamOptimized(8 * MiB, blocks(), { concurrency: 3 }, anySignal);
  await parts.next(); // the front
  await parts.next(); // the first grain
  expect(taken).toBeLessThanOrEqual(4);
  await parts.return();
  expect(closed).toBe(true);
});

test.each([
  ['a size of half a sector', 256, []],
  ['no size', 0, []],
  ['more than vSphere has', 65_536 * GiB, []],
  [
    'blocks out of order',
    MiB,
    [
      [4096, 10],
      [0, 10],
    ],
  ],
  [
    'blocks that overlap',
    MiB,
    [
      [0, 10],
      [9, 10],
    ],
  ],
  ['a block behind the end', MiB, [[MiB - 1, 2]]],
] as const)('the writer refuses %s', async (_, sizeBytes, blocks) => {
  async function* given() {
    for (const [offsetBytes, lengthBytes] of blocks)
      yield { offsetBytes, bytes: new Uint8Array(lengthBytes) };
  }
  const writing = joined(writeStreamOptimized(sizeBytes, given(), {}, anySignal));
  await expect(writing).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('a disk of 62 TiB costs tables, not memory for what is empty', async () => {
  const sizeBytes = 62 * 1024 * GiB;
  async function* oneByteAtTheEnd() {
    yield { offsetBytes: sizeBytes - 1, bytes: Uint8Array.of(7) };
  }
  const vmdk = await joined(writeStreamOptimized(sizeBytes, oneByteAtTheEnd(), {}, anySignal));
  expect(vmdk.length).toBeLessThan(10 * MiB);
  const read = await readStreamOptimized(inPieces(vmdk, MiB), 'd', anySignal);
  const blocks = await collect(read.blocks());
  expect(blocks.map(block => [block.offsetBytes, block.bytes.at(-1)])).toEqual([[sizeBytes - grain, 7]]);
});

const shortGrain = formatGrain(0, Buffer.from('eJwDAAAAAAE=', 'base64'));

function firstGrainEnd(vmdk: Buffer): number {
  return dataStart + Math.ceil((12 + vmdk.readUInt32LE(dataStart + 8)) / 512) * 512;
}

function changed(vmdk: Buffer, offsetBytes: number, ...bytes: readonly number[]): Buffer {
  vmdk.set(bytes, offsetBytes);
  return vmdk;
}

function replaced(vmdk: Buffer, text: string, by: string): Buffer {
  return changed(vmdk, vmdk.indexOf(text), ...Buffer.from(by));
}
