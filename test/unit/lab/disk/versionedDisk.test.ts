import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { KiB } from '../../../../src/base/units.ts';
import { blocksAt, sha256At } from '../../../../src/lab/disk/diskBytes.ts';
import { DiskStore } from '../../../../src/lab/disk/diskStore.ts';
import { grainBytes, GrainMap } from '../../../../src/lab/disk/grainMap.ts';
import { VersionedDisk } from '../../../../src/lab/disk/versionedDisk.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { collect } from '../../../support/collect.ts';
import { pattern } from '../../../support/pattern.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const sizeBytes = 5 * grainBytes + 1536;

/** A disk whose base holds a pattern in the grains 1 and 3, with a model of it. */
async function diskWithModel(
  folder: string,
): Promise<AsyncDisposable & { readonly disk: VersionedDisk; readonly model: Uint8Array }> {
  const model = new Uint8Array(sizeBytes);
  const allocated = GrainMap.empty(sizeBytes);
  for (const grain of [1, 3]) {
    model.set(pattern(grainBytes, grain * grainBytes), grain * grainBytes);
    allocated.add(grain);
  }
  const path = join(folder, 'base.img');
  writeFileSync(path, model);
  const disk = await VersionedDisk.open('disk', { path, sizeBytes, allocated }, join(folder, 'versions'));
  return { disk, model, [Symbol.asyncDispose]: async () => await disk[Symbol.asyncDispose]() };
}

async function contentAt(disk: VersionedDisk, position: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  await disk.readAt(position, 0, bytes);
  return bytes;
}

test('every position keeps naming the state it named, as an array of copies does', async () => {
  const write = fc.record({
    offset: fc.nat(sizeBytes - 1),
    length: fc.integer({ min: 1, max: 2 * grainBytes }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 12 }), async writes => {
      const folder = temporaryFolder('versioned');
      await using fixture = await diskWithModel(folder);
      const { disk, model } = fixture;
      const states = [Uint8Array.from(model)];
      const touched: Set<number>[] = [];
      for (const [index, { offset, length }] of writes.entries()) {
        const bytes = pattern(Math.min(length, sizeBytes - offset), offset, index + 1);
        expect(await disk.write(offset, bytes)).toBe(index + 1);
        model.set(bytes, offset);
        states.push(Uint8Array.from(model));
        const last = Math.floor((offset + bytes.length - 1) / grainBytes);
        const first = Math.floor(offset / grainBytes);
        touched.push(new Set(Array.from({ length: last - first + 1 }, (__, grain) => first + grain)));
      }
      for (const [position, state] of states.entries()) {
        expect(Buffer.compare(await contentAt(disk, position), state)).toBe(0);
        const changed = new Set(touched.slice(position).flatMap(grains => [...grains]));
        expect(disk.changedGrains(position, disk.position)).toEqual([...changed].sort((a, b) => a - b));
        const allocated = new Set([1, 3, ...touched.slice(0, position).flatMap(grains => [...grains])]);
        expect([...disk.allocatedGrains(position)]).toEqual([...allocated].sort((a, b) => a - b));
        expect(await sha256At(disk, position, anySignal)).toBe(
          createHash('sha256').update(state).digest('hex'),
        );
      }
    }),
    { numRuns: 25 },
  );
});

test('writes at once are put in order, and a reader sees whole ones', async () => {
  await using fixture = await diskWithModel(temporaryFolder('versioned'));
  const { disk } = fixture;
  const versions = [1, 2, 3, 4, 5, 6].map(seed => pattern(2 * grainBytes, 0, seed));
  const positions = await Promise.all(versions.map(async bytes => await disk.write(100, bytes)));
  expect(positions).toEqual([1, 2, 3, 4, 5, 6]);
  for (const [index, bytes] of versions.entries()) {
    const read = new Uint8Array(bytes.length);
    await disk.readAt(index + 1, 100, read);
    expect(Buffer.compare(read, bytes)).toBe(0);
  }
});

test.each([
  ['before the beginning', -1, 10],
  ['over the end', sizeBytes - 5, 6],
])('a range that leaves the disk is refused: %s', async (_, offset, length) => {
  await using fixture = await diskWithModel(temporaryFolder('versioned'));
  const { disk } = fixture;
  await expect(disk.write(offset, new Uint8Array(length))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  await expect(disk.readAt(0, offset, new Uint8Array(length))).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
  expect(disk.position).toBe(0);
});

test('a position that has not been is refused', async () => {
  await using fixture = await diskWithModel(temporaryFolder('versioned'));
  const { disk } = fixture;
  await expect(disk.readAt(1, 0, new Uint8Array(1))).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a store makes a disk of blocks of any size, and its blocks come back by grain', async () => {
  await using store = new DiskStore(temporaryFolder('store'));
  const blocks = [
    { offsetBytes: 700, bytes: pattern(90 * KiB, 700) },
    { offsetBytes: 4 * grainBytes, bytes: pattern(1000, 4 * grainBytes) },
  ];
  const disk = await store.fromBlocks('made', sizeBytes, blocks);
  const read = new Uint8Array(sizeBytes);
  const expected = new Uint8Array(sizeBytes);
  for (const block of blocks) expected.set(block.bytes, block.offsetBytes);
  const stored = await collect(blocksAt(disk, 0, anySignal));
  for (const block of stored) read.set(block.bytes, block.offsetBytes);
  expect(stored.map(block => block.offsetBytes / grainBytes)).toEqual([0, 1, 4]);
  expect(Buffer.compare(read, expected)).toBe(0);
});
