import fc from 'fast-check';
import { expect, test } from 'vitest';

import { GiB, MiB } from '../../../../src/base/units.ts';
import { auditSample } from '../../../../src/core/changes/auditSample.ts';
import { ChunkSet } from '../../../../src/core/changes/chunkSet.ts';
import { seededRandom } from '../../../support/seededRandom.ts';

const chunkBytes = 16;
const TiB = 1024 * GiB;

const areasOfDisk = fc.integer({ min: 1, max: 2_000_000 }).chain(diskBytes =>
  fc.record({
    diskBytes: fc.constant(diskBytes),
    areas: fc.array(
      fc.nat(diskBytes - 1).chain(startBytes =>
        fc.record({
          startBytes: fc.constant(startBytes),
          lengthBytes: fc.oneof(
            fc.nat(Math.min(100, diskBytes - startBytes)),
            fc.nat(diskBytes - startBytes),
          ),
        }),
      ),
      { maxLength: 12 },
    ),
  }),
);

test('a set holds every chunk that an area touches, and no other one', () => {
  fc.assert(
    fc.property(areasOfDisk, ({ diskBytes, areas }) => {
      const set = new ChunkSet({ chunkBytes, diskBytes });
      const expected = new Set<number>();
      for (const area of areas) {
        set.addArea(area);
        const endBytes = area.startBytes + area.lengthBytes;
        for (let chunk = Math.floor(area.startBytes / chunkBytes); chunk * chunkBytes < endBytes; chunk += 1)
          if (area.lengthBytes > 0) expected.add(chunk);
      }
      const listed = [...set.runs()].flatMap(indexesOf);
      expect(listed).toEqual([...expected].sort((one, other) => one - other));
      expect(set.size).toBe(expected.size);
      const gaps = [...set.gaps()].flatMap(indexesOf);
      expect(gaps.length).toBe(set.diskChunks - set.size);
      expect(gaps.some(chunk => expected.has(chunk))).toBe(false);
      const bytes = [...set.areas()].reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
      expect(set.sizeBytes).toBe(bytes);
      for (const area of areas) expect(set.touchesArea(area)).toBe(area.lengthBytes > 0);
    }),
  );
});

test('runs are merged, and what lies between them is not touched', () => {
  const set = new ChunkSet({ chunkBytes, diskBytes: 1000 * chunkBytes });
  set.addArea({ startBytes: 100, lengthBytes: 1 });
  set.addArea({ startBytes: 112, lengthBytes: 16 });
  set.addArea({ startBytes: 15 * chunkBytes, lengthBytes: 1 });
  expect([...set.runs()]).toEqual([
    { first: 6, end: 8 },
    { first: 15, end: 16 },
  ]);
  expect([set.touches({ first: 0, end: 6 }), set.touches({ first: 8, end: 15 })]).toEqual([false, false]);
  expect(set.touches({ first: 7, end: 15 })).toBe(true);
  const other = new ChunkSet(set);
  other.add(8);
  expect([...set.union(other).runs()][0]).toEqual({ first: 6, end: 9 });
});

test('a disk of 62 TiB takes bits, and only where something has changed', () => {
  const diskBytes = 62 * TiB;
  const set = new ChunkSet({ chunkBytes: MiB, diskBytes });
  set.addArea({ startBytes: diskBytes - 1, lengthBytes: 1 });
  set.addArea({ startBytes: 7 * TiB, lengthBytes: 5 * MiB });
  expect([...set.runs()].map(({ first, end }) => end - first)).toEqual([5, 1]);
  expect(set.size).toBe(6);
  set.addArea({ startBytes: 0, lengthBytes: diskBytes });
  expect([set.size, set.sizeBytes]).toEqual([set.diskChunks, diskBytes]);
  expect([...set.runs()]).toEqual([{ first: 0, end: set.diskChunks }]);
});

test('the sample is of what is unchanged: 64 chunks or one of a thousand, from all over the disk', () => {
  fc.assert(
    fc.property(fc.nat(), areasOfDisk, (seed, { diskBytes, areas }) => {
      const changed = new ChunkSet({ chunkBytes, diskBytes });
      for (const area of areas) changed.addArea(area);
      const sample = auditSample(changed, seededRandom(seed));
      const unchanged = changed.diskChunks - changed.size;
      expect(sample.size).toBe(Math.min(unchanged, Math.max(64, Math.ceil(unchanged / 1000))));
      for (const run of sample.runs()) expect(changed.touches(run)).toBe(false);
    }),
  );
  const empty = new ChunkSet({ chunkBytes: MiB, diskBytes: 62 * TiB });
  const sample = auditSample(empty, seededRandom(1));
  expect(sample.size).toBe(Math.ceil(empty.diskChunks / 1000));
  const thousandths = new Set(
    [...sample.runs()].map(({ first }) => Math.floor((first * 1000) / empty.diskChunks)),
  );
  expect(thousandths.size).toBe(1000);
});

function indexesOf({ first, end }: { readonly first: number; readonly end: number }): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index);
}
