import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { KiB } from '../../../../src/base/units.ts';
import { readRange } from '../../../../src/core/block/blockSource.ts';
import { isZero } from '../../../../src/core/block/zeros.ts';
import type { ManifestDisk } from '../../../../src/core/catalog/manifest.ts';
import type { RestorePoint } from '../../../../src/core/catalog/restorePoint.ts';
import { blobIdOf, type BlobId } from '../../../../src/core/codec/blobId.ts';
import type { BlobTarget } from '../../../../src/core/codec/sealingPool.ts';
import { openDiskImage, type DiskImage } from '../../../../src/core/image/diskImage.ts';
import { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import type { ObjectName } from '../../../../src/core/repository/objectStore.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../../../src/core/repository/snapshot.ts';
import type { TreeNode } from '../../../../src/core/repository/tree.ts';
import { describeBlockSource } from '../../../contract/blockSource.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { sampleManifest } from '../../../support/manifests.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { pattern } from '../../../support/pattern.ts';
import { memoryRepository, sampleDisk, saveDisk } from '../../../support/restorePoints.ts';

/** A store whose packs rot when told to. */
class RottingStore extends MemoryObjectStore {
  rotten = false;

  override async getRange(name: ObjectName, offsetBytes: number, lengthBytes: number, reading: AbortSignal) {
    const bytes = await super.getRange(name, offsetBytes, lengthBytes, reading);
    if (this.rotten && name.kind === 'pack') bytes[0]! ^= 0xff;
    return bytes;
  }
}

class MemoryTarget implements BlobTarget {
  readonly bytes: Uint8Array;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
  }

  async write(offsetBytes: number, bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    this.bytes.set(bytes, offsetBytes);
  }
}

const store = new RottingStore();
let repository: Repository;

beforeAll(async () => {
  repository = await memoryRepository(store);
  const lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  return async () => {
    await lock[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  };
});

function pointOf(disk: ManifestDisk, tree: BlobId): RestorePoint {
  const manifest = sampleManifest({ disks: [disk] });
  return { id: 'ab'.repeat(32) as SnapshotId, manifest, config: '{}', disks: new Map([[disk.key, tree]]) };
}

async function openStored(
  content: Uint8Array,
  geometry: { readonly chunkBytes: number; readonly partBytes: number },
  ids?: ReadonlyMap<number, BlobId>,
): Promise<DiskImage> {
  const disk = sampleDisk({ ...geometry, capacityBytes: content.byteLength });
  const tree = await saveDisk(repository, disk, content, ids);
  return await openDiskImage(repository, pointOf(disk, tree), disk.key, signal);
}

const sixteenths = { chunkBytes: 1 * KiB, partBytes: 4 * KiB };

describeBlockSource('disk image', async () => {
  const content = pattern(18 * KiB + 77);
  content.fill(0, 2 * KiB, 7 * KiB);
  return { content, source: await openStored(content, sixteenths) };
});

describe('a disk image', () => {
  const seed = 20_261_122;

  test(`is the disk, at random access and in blocks, in any geometry (seed ${seed})`, async () => {
    const shape = fc.record({
      chunkBytes: fc.constantFrom(512, 1024, 4096),
      chunksPerPart: fc.integer({ min: 1, max: 5 }),
      sizeBytes: fc.integer({ min: 1, max: 40_000 }),
      zeros: fc.array(fc.tuple(fc.nat({ max: 40_000 }), fc.nat({ max: 12_000 })), { maxLength: 4 }),
      contentSeed: fc.nat({ max: 5 }),
      reads: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 20_000 })), {
        maxLength: 6,
      }),
      concurrency: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(
        shape,
        async ({ chunkBytes, chunksPerPart, sizeBytes, zeros, contentSeed, reads, concurrency }) => {
          const content = pattern(sizeBytes, 0, contentSeed);
          for (const [start, length] of zeros) content.fill(0, start, start + length);
          const image = await openStored(content, { chunkBytes, partBytes: chunksPerPart * chunkBytes });

          for (const [place, length] of reads) {
            const start = Math.floor(place * sizeBytes);
            const read = await readRange(image, start, Math.min(length, sizeBytes - start), signal);
            expect(Buffer.compare(read, content.subarray(start, start + read.byteLength))).toBe(0);
          }

          const rebuilt = new Uint8Array(sizeBytes);
          let endBytes = 0;
          for (const { offsetBytes, bytes } of await collect(image.blocks(concurrency, signal))) {
            expect(offsetBytes).toBeGreaterThanOrEqual(endBytes);
            expect(isZero(bytes)).toBe(false);
            rebuilt.set(bytes, offsetBytes);
            endBytes = offsetBytes + bytes.byteLength;
          }
          expect(Buffer.compare(rebuilt, content)).toBe(0);

          const written = new MemoryTarget(sizeBytes);
          const done = await collect(image.writeTo(written, signal));
          expect(Buffer.compare(written.bytes, content)).toBe(0);
          expect(done.toSorted((one, other) => one - other)).toEqual(done);
          expect(done.at(-1) ?? sizeBytes).toBeLessThanOrEqual(sizeBytes);
        },
      ),
      { seed, numRuns: 60 },
    );
  });

  test('has the disks of its restore point, and no other', async () => {
    const disk = sampleDisk({ capacityBytes: 1 });
    const opening = openDiskImage(repository, pointOf(disk, blobIdOf(pattern(1))), 2001, signal);
    await expect(opening).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('2000 (Hard disk 1)') as string,
    });
  });
});

describe('damage is told as one of the disk, at its place', () => {
  const content = pattern(9 * KiB);
  const expected = { code: 'CORRUPT_DATA', object: 'Hard disk 1', offsetBytes: 5 * KiB };

  test('a chunk that is missing', async () => {
    const image = await openStored(content, sixteenths, new Map([[5, blobIdOf(pattern(KiB, 3, 3))]]));
    await expect(readRange(image, 4 * KiB, 3 * KiB, signal)).rejects.toMatchObject(expected);
    await expect(collect(image.blocks(2, signal))).rejects.toMatchObject(expected);
    const written = new MemoryTarget(content.byteLength);
    await expect(collect(image.writeTo(written, signal))).rejects.toMatchObject(expected);
    expect(isZero(written.bytes.subarray(5 * KiB, 6 * KiB))).toBe(true);
    const around = await readRange(image, 6 * KiB, 3 * KiB, signal);
    expect(Buffer.compare(around, content.subarray(6 * KiB))).toBe(0);
  });

  test('a chunk of another length', async () => {
    const { id } = await repository.saveBlob('data', pattern(100, 0, 9), signal);
    const image = await openStored(content, sixteenths, new Map([[5, id]]));
    await expect(readRange(image, 5 * KiB, 10, signal)).rejects.toMatchObject(expected);
    const target = new MemoryTarget(content.byteLength);
    await expect(collect(image.writeTo(target, signal))).rejects.toMatchObject(expected);
  });

  test('a whole chunk in the place of the last, shorter one', async () => {
    const short = content.subarray(0, 8 * KiB + 100);
    const image = await openStored(short, sixteenths, new Map([[8, blobIdOf(content.subarray(0, KiB))]]));
    const parts = [
      readRange(image, 8 * KiB, 10, signal),
      collect(image.writeTo(new MemoryTarget(9 * KiB), signal)),
    ];
    for (const reading of parts)
      await expect(reading).rejects.toMatchObject({ ...expected, offsetBytes: 8 * KiB });
  });

  test('bytes that have changed in the store', async () => {
    const image = await openStored(content, sixteenths);
    await repository.flush(signal);
    await readRange(image, 0, 9 * KiB, signal);
    store.rotten = true;
    try {
      await expect(readRange(image, 5 * KiB, 10, signal)).rejects.toMatchObject(expected);
      const target = new MemoryTarget(content.byteLength);
      await expect(collect(image.writeTo(target, signal))).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
    } finally {
      store.rotten = false;
    }
  });

  test.each([
    ['a part too few', (nodes: readonly TreeNode[]) => nodes.slice(0, 2), /2 parts, its size asks for 3/],
    ['parts in a gap', (nodes: readonly TreeNode[]) => [nodes[0]!, nodes[2]!], /00002 is not part 1/],
    [
      'a part that is another one',
      (nodes: readonly TreeNode[]) => [nodes[0]!, nodes[1]!, { ...nodes[0]!, name: '00002' }],
      /part 2 does not hold the 1024 bytes/,
    ],
  ])('%s', async (_what, change, message) => {
    const disk = sampleDisk({ ...sixteenths, capacityBytes: content.byteLength });
    const { nodes } = await repository.loadTree(await saveDisk(repository, disk, content), signal);
    const { id } = await repository.saveTree({ nodes: change(nodes) }, signal);
    const reading = async () => {
      const image = await openDiskImage(repository, pointOf(disk, id), disk.key, signal);
      await readRange(image, 8 * KiB, KiB, signal);
    };
    await expect(reading()).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      object: 'Hard disk 1',
      message: expect.stringMatching(message) as string,
    });
  });

  test('a list of parts that is missing', async () => {
    const disk = sampleDisk({ capacityBytes: 1 });
    const opening = openDiskImage(repository, pointOf(disk, blobIdOf(pattern(7))), disk.key, signal);
    await expect(opening).rejects.toMatchObject({ code: 'CORRUPT_DATA', object: 'Hard disk 1' });
  });
});

test('a reader that is cancelled does not fail another one that waits for the same list of chunks', async () => {
  const content = pattern(9 * KiB);
  const image = await openStored(content, sixteenths);
  const abort = new AbortController();
  const cancelled = readRange(image, 0, KiB, abort.signal);
  const other = readRange(image, KiB, KiB, signal);
  abort.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(Buffer.compare(await other, content.subarray(KiB, 2 * KiB))).toBe(0);
});
