import { expect, test } from 'vitest';
import { TokenBucket } from '../../../src/base/async/tokenBucket.ts';
import { MemoryObjectStore } from '../../../src/core/repository/memoryObjectStore.ts';
import { limitedObjectStore } from '../../../src/core/repository/limitedObjectStore.ts';
import { anySignal as signal } from '../../support/anySignal.ts';
import { ManualClock } from '../../support/manualClock.ts';
import { pattern } from '../../support/pattern.ts';

/** When each of the works was done. */
async function timesOf(clock: ManualClock, works: readonly Promise<unknown>[], totalMs: number) {
  const times: (number | undefined)[] = works.map(() => undefined);
  works.forEach((work, index) => void work.then(() => (times[index] = clock.monotonicMs())));
  for (let ms = 0; ms <= totalMs; ms += 250) await clock.advance(ms === 0 ? 0 : 250);
  return times;
}

test('what is taken together comes no faster than the rate, first come, first served', async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(1000, clock);
  const takes = [500, 500, 1000, 3000, 500].map(async amount => await bucket.take(amount, signal));
  expect(await timesOf(clock, takes, 6000)).toEqual([0, 0, 1000, 4000, 4500]);
});

test('a pause earns one second, not more', async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(1000, clock);
  await clock.advance(60_000);
  const takes = [1000, 1000].map(async amount => await bucket.take(amount, signal));
  expect(await timesOf(clock, takes, 2000)).toEqual([60_000, 61_000]);
});

test('whoever is cancelled has taken nothing', async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(1000, clock);
  await bucket.take(1000, signal);
  const stop = new AbortController();
  const cancelled = bucket.take(50_000, stop.signal);
  stop.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await timesOf(clock, [bucket.take(1000, signal)], 2000)).toEqual([1000]);
});

test('a limited store is filled and read by all its users together no faster than it may', async () => {
  const clock = new ManualClock();
  const limits = { uploadBytesPerSecond: 10_000, downloadBytesPerSecond: 20_000 };
  const store = limitedObjectStore(new MemoryObjectStore(), limits, clock);
  const bytes = pattern(20_000);
  const names = [1, 2, 3].map(n => ({ kind: 'pack', id: String(n).repeat(64) }) as const);
  const puts = names.map(async name => await store.put(name, bytes, signal));
  expect(await timesOf(clock, puts, 6000)).toEqual([1000, 3000, 5000]);
  const [first] = names;
  const reads = [
    store.getRange(first!, 0, 20_000, signal),
    store.getRange(first!, 0, 10_000, signal),
    store.get(first!, 20_000, signal),
  ];
  const startMs = clock.monotonicMs();
  const times = await timesOf(clock, reads, 4000);
  // The length of a whole object shows when it is here: whoever comes next waits for it.
  expect(times.map(time => time! - startMs)).toEqual([0, 500, 500]);
  expect(await timesOf(clock, [store.getRange(first!, 0, 1, signal)], 4000)).toEqual([
    clock.monotonicMs() - 4000,
  ]);
});
