import fc from 'fast-check';
import { expect, test } from 'vitest';

import { rowsPerPage, scrollToShow, visibleRows } from '../../../../media/shared/virtualList.ts';

const rowHeightPx = 24;
const list = (scrollTopPx: number, rowCount: number, heightPx = 240) => ({
  ...{ scrollTopPx, rowCount, heightPx, rowHeightPx },
});

test.each([
  ['nothing', list(0, 0), { first: 0, count: 0 }],
  ['less than fits', list(0, 3), { first: 0, count: 3 }],
  ['the beginning', list(0, 100_000), { first: 0, count: 16 }],
  ['the middle', list(24_000, 100_000), { first: 994, count: 22 }],
  ['the end', list(24 * 100_000 - 240, 100_000), { first: 99_984, count: 16 }],
  ['beyond the end', list(24 * 200_000, 100_000), { first: 100_000, count: 0 }],
  ['an area without height', list(0, 100_000, 0), { first: 0, count: 6 }],
])('of %s, only rows that can be seen exist', (_, viewport, range) => {
  expect(visibleRows(viewport)).toEqual(range);
});

test('whatever is seen exists, and never much more', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.integer({ min: 1, max: 2000 }),
      fc.nat(),
      (rowCount, heightPx, seed) => {
        const scrollTopPx = seed % Math.max(1, rowCount * rowHeightPx - heightPx + 1);
        const { first, count } = visibleRows(list(scrollTopPx, rowCount, heightPx));
        const seenFirst = Math.min(rowCount, Math.floor(scrollTopPx / rowHeightPx));
        const seenEnd = Math.min(rowCount, Math.ceil((scrollTopPx + heightPx) / rowHeightPx));
        expect(first).toBeLessThanOrEqual(seenFirst);
        expect(first + count).toBeGreaterThanOrEqual(seenEnd);
        expect(count).toBeLessThanOrEqual(Math.ceil(heightPx / rowHeightPx) + 14);
      },
    ),
  );
});

test.each([
  ['seen already', 12, 240, 240],
  ['above', 3, 240, 72],
  ['below', 40, 240, 744],
  ['half hidden below', 20, 250, 264],
])('a row that is %s is brought into sight with the least movement', (_, index, scrollTopPx, expected) => {
  expect(scrollToShow(index, list(scrollTopPx, 1000))).toBe(expected);
});

test('a page is turned as far as one can still see the last row of the one before', () => {
  expect([rowsPerPage(list(0, 10)), rowsPerPage(list(0, 10, 10))]).toEqual([9, 1]);
});
