import { expect, test } from 'vitest';
import { LoadingCache } from '../../../src/base/async/loadingCache.ts';
import { CancelledError } from '../../../src/base/errors.ts';
import { anySignal } from '../../support/anySignal.ts';

/** Loads end when the test says so. */
function gatedCache(maxEntries = 2) {
  const loads: {
    readonly key: string;
    readonly signal: AbortSignal;
    readonly end: (value: string) => void;
  }[] = [];
  const cache = new LoadingCache(maxEntries, async (key: string, signal) => {
    return await new Promise<string>((resolve, reject) => {
      loads.push({ key, signal, end: resolve });
      signal.addEventListener('abort', () => reject(new CancelledError()));
    });
  });
  return { cache, loads };
}

test('who is cancelled does not fail the others that wait for the same value', async () => {
  const { cache, loads } = gatedCache();
  const [first, second] = [new AbortController(), new AbortController()];
  const one = cache.get('a', first.signal);
  const other = cache.get('a', second.signal);
  first.abort();
  await expect(one).rejects.toMatchObject({ code: 'CANCELLED' });
  loads[0]!.end('value');
  expect(await other).toBe('value');
  expect([loads.length, loads[0]!.signal.aborted]).toEqual([1, false]);
});

test('a load for which nobody waits any more is cancelled, and the next call begins anew', async () => {
  const { cache, loads } = gatedCache();
  const abort = new AbortController();
  const waiting = [cache.get('a', abort.signal), cache.get('a', abort.signal)];
  abort.abort();
  for (const result of await Promise.allSettled(waiting)) expect(result.status).toBe('rejected');
  expect(loads.map(load => load.signal.aborted)).toEqual([true]);
  const again = cache.get('a', anySignal);
  loads[1]!.end('value');
  expect(await again).toBe('value');
});

test('a call that is cancelled before it begins loads nothing', async () => {
  const { cache, loads } = gatedCache();
  await expect(cache.get('a', AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(loads).toEqual([]);
});

test('the values used last are kept, a failure never', async () => {
  const loaded: string[] = [];
  const cache = new LoadingCache(2, async (key: string) => {
    loaded.push(key);
    if (key === 'bad') throw new Error('it failed');
    return key.toUpperCase();
  });
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b'])
    expect(await cache.get(key, anySignal)).toBe(key.toUpperCase());
  expect(loaded).toEqual(['a', 'b', 'c', 'b']);
  for (let attempt = 0; attempt < 2; attempt += 1)
    await expect(cache.get('bad', anySignal)).rejects.toThrow('it failed');
  expect(loaded.filter(key => key === 'bad')).toHaveLength(2);
});

test('of what is kept no longer somebody is told', async () => {
  const dropped: string[] = [];
  const load = async (key: string) => await Promise.resolve(key.toUpperCase());
  const cache = new LoadingCache(2, load, (key, value) => dropped.push(`${key} ${value}`));
  for (const key of ['a', 'b', 'a', 'c', 'd', 'd']) await cache.get(key, anySignal);
  expect(dropped).toEqual(['b B', 'a A']);
});
