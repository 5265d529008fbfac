import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { mapOrdered } from '../../../src/base/async/mapOrdered.ts';

describe('mapOrdered', () => {
  test('keeps the order and the limit, whatever the calls take', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3)), fc.integer({ min: 1, max: 5 }), async (delays, concurrency) => {
        let running = 0;
        let most = 0;
        const results: number[] = [];
        const source = delays.map((ticks, index) => ({ ticks, index }));
        for await (const index of mapOrdered(source, concurrency, async ({ ticks, index }) => {
          running += 1;
          most = Math.max(most, running);
          for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
          running -= 1;
          return index;
        })) {
          results.push(index);
        }
        expect(results).toEqual(delays.map((_, index) => index));
        expect(most).toBeLessThanOrEqual(concurrency);
      }),
    );
  });

  test('a call that fails while the source is slow is reported in its turn, not as unhandled', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    async function* source() {
      yield 0;
      yield 1;
      await new Promise(resolve => setTimeout(resolve, 50));
      yield 2;
    }
    const results = mapOrdered(source(), 3, async item => {
      if (item === 1) throw new Error('the second call broke');
      return item;
    });
    expect((await results.next()).value).toBe(0);
    await expect(results.next()).rejects.toThrow('the second call broke');
    await new Promise(resolve => setImmediate(resolve));
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });

  test.each(['leaves early', 'transform throws', 'source throws'] as const)(
    'when the consumer %s, what runs is waited for and the source is closed',
    async how => {
      let closed = false;
      let running = 0;
      async function* source() {
        try {
          for (let index = 0; ; index += 1) {
            if (how === 'source throws' && index === 5) throw new Error('source broke');
            yield index;
          }
        } finally {
          closed = true;
        }
      }
      const consume = async () => {
        for await (const index of mapOrdered(source(), 3, async item => {
          running += 1;
          await new Promise(resolve => setImmediate(resolve));
          running -= 1;
          if (how === 'transform throws' && item === 2) throw new Error('transform broke');
          return item;
        })) {
          if (how === 'leaves early' && index === 2) break;
        }
      };
      if (how === 'leaves early') await consume();
      else await expect(consume()).rejects.toThrow('broke');
      expect({ closed, running }).toEqual({ closed: true, running: 0 });
    },
  );
});
