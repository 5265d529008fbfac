import { expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { readRange, type BlockSource } from '../../../../src/core/block/blockSource.ts';
import { cachedSource } from '../../../../src/core/block/cachedSource.ts';
import { memorySource } from '../../../../src/core/block/memorySource.ts';
import { anySignal } from '../../../support/anySignal.ts';
import { pattern } from '../../../support/pattern.ts';

const size = { chunkBytes: 100, maxChunks: 2 };

test('readers of one chunk share one fetch, and what was used last stays', async () => {
  const { source, fetched } = counting();
  const cached = cachedSource(source, size);
  await Promise.all([readRange(cached, 0, 150, anySignal), readRange(cached, 10, 5, anySignal)]);
  expect(fetched).toEqual([0, 100]);
  await readRange(cached, 0, 1, anySignal);
  await readRange(cached, 250, 1, anySignal); // drops the chunk at 100
  await readRange(cached, 0, 1, anySignal);
  expect(fetched).toEqual([0, 100, 200]);
  await readRange(cached, 100, 1, anySignal);
  expect(fetched).toEqual([0, 100, 200, 100]);
});

test('one reader that gives up does not disturb the other; the last one cancels the fetch', async () => {
  let openGate: () => void = () => undefined;
  const gate = new Promise<void>(resolve => (openGate = resolve));
  const signals: AbortSignal[] = [];
  const source: BlockSource = {
    sizeBytes: 100,
    read: async (_, target, signal) => {
      signals.push(signal);
      await gate;
      target.fill(7);
    },
  };
  const cached = cachedSource(source, size);
  const [one, other, last] = [new AbortController(), new AbortController(), new AbortController()];
  const first = readRange(cached, 0, 1, one.signal);
  const second = readRange(cached, 1, 1, other.signal);
  one.abort();
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(signals.map(signal => signal.aborted)).toEqual([false]);
  other.abort();
  await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(signals.map(signal => signal.aborted)).toEqual([true]);

  const third = readRange(cached, 2, 1, last.signal);
  openGate();
  expect(await third).toEqual(Uint8Array.of(7));
  expect(signals.length).toBe(2);
});

test('a failed fetch is tried again by the next read', async () => {
  let attempts = 0;
  const failure = new AppError('UNREACHABLE', 'the store is away');
  const source: BlockSource = {
    sizeBytes: 100,
    read: async (_, target) => {
      attempts += 1;
      if (attempts === 1) throw failure;
      target.fill(9);
    },
  };
  const cached = cachedSource(source, size);
  await expect(readRange(cached, 0, 3, anySignal)).rejects.toBe(failure);
  expect(await readRange(cached, 0, 1, anySignal)).toEqual(Uint8Array.of(9));
});

function counting(): { readonly source: BlockSource; readonly fetched: number[] } {
  const inner = memorySource(pattern(333));
  const fetched: number[] = [];
  return {
    fetched,
    source: {
      sizeBytes: inner.sizeBytes,
      read: async (offsetBytes, target, signal) => {
        fetched.push(offsetBytes);
        await inner.read(offsetBytes, target, signal);
      },
    },
  };
}
