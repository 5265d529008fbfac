import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type BusyPlace, SharedCapacity, type WantedTurns } from '../../../src/base/async/sharedCapacity.ts';
import { anySignal } from '../../support/anySignal.ts';

const limits = { a: 1, b: 2, c: 3 } as const;
type Key = keyof typeof limits;

function turns(...keys: readonly Key[]): readonly WantedTurns[] {
  return keys.map(key => ({ place: { key, label: `place ${key}`, limit: () => limits[key] }, count: 1 }));
}

/** Somebody who asks; `log` gets his name when he is let in. */
function asker(capacity: SharedCapacity, log: string[]) {
  return (name: string, wanted: readonly WantedTurns[], signal = anySignal) => {
    const told: BusyPlace[] = [];
    const taken = capacity.take(wanted, busy => told.push(busy), signal);
    void taken.then(
      () => log.push(name),
      () => undefined,
    );
    return { taken, told };
  };
}

async function settled(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

describe('who is let in', () => {
  test.each<[string, readonly (readonly Key[])[], string]>([
    ['both, if there is room', [['b'], ['b']], '0 1'],
    ['the first alone, if there is not', [['a'], ['a']], '0'],
    ['whoever needs other places', [['a'], ['a'], ['b']], '0 2'],
    ['nobody into a place that is kept for the first in line', [['a'], ['a', 'b'], ['b'], ['b']], '0 2'],
    [
      'others into what a later one needs, but does not wait for',
      [['a'], ['a'], ['a', 'b'], ['b', 'c'], ['b']],
      '0 3 4',
    ],
  ])('%s', async (_, asked, expected) => {
    const log: string[] = [];
    const ask = asker(new SharedCapacity(), log);
    asked.forEach((keys, index) => ask(String(index), turns(...keys)));
    await settled();
    expect(log.join(' ')).toBe(expected);
  });

  test('the next one, when a turn is given back, and only once', async () => {
    const log: string[] = [];
    const ask = asker(new SharedCapacity(), log);
    const first = ask('first', turns('a'));
    const second = ask('second', turns('a'));
    ask('third', turns('a'));
    (await first.taken)[Symbol.dispose]();
    (await first.taken)[Symbol.dispose]();
    await settled();
    expect(log).toEqual(['first', 'second']);
    (await second.taken)[Symbol.dispose]();
    await settled();
    expect(log).toEqual(['first', 'second', 'third']);
  });

  test('whoever wants more turns than there are, once the place is empty', async () => {
    const log: string[] = [];
    const ask = asker(new SharedCapacity(), log);
    const [place] = turns('b');
    const first = ask('first', turns('b'));
    const many = ask('many', [{ ...place!, count: 5 }]);
    const last = ask('last', turns('b'));
    await settled();
    expect(log).toEqual(['first']);
    (await first.taken)[Symbol.dispose]();
    (await many.taken)[Symbol.dispose]();
    await last.taken;
    expect(log).toEqual(['first', 'many', 'last']);
  });

  test('more of them, when a limit was raised', async () => {
    let limit = 1;
    const capacity = new SharedCapacity();
    const log: string[] = [];
    const ask = asker(capacity, log);
    const wanted = [{ place: { key: 'x', label: 'x', limit: () => limit }, count: 1 }];
    ask('first', wanted);
    ask('second', wanted);
    limit = 2;
    await settled();
    expect(log).toEqual(['first']);
    capacity.reconsider();
    await settled();
    expect(log).toEqual(['first', 'second']);
  });
});

test('whoever waits is told for what, and again when it is something else', async () => {
  const log: string[] = [];
  const ask = asker(new SharedCapacity(), log);
  const first = ask('first', turns('a'));
  const second = ask('second', turns('b', 'c'));
  ask('other', turns('b'));
  const waiting = ask('waiting', turns('a', 'b'));
  expect(waiting.told).toEqual([{ label: 'place a', used: 1, limit: 1 }]);
  (await first.taken)[Symbol.dispose]();
  expect(waiting.told.slice(1)).toEqual([{ label: 'place b', used: 2, limit: 2 }]);
  (await second.taken)[Symbol.dispose]();
  await waiting.taken;
  expect(waiting.told).toHaveLength(2);
});

test('whoever is cancelled waits no longer, and keeps nobody out', async () => {
  const log: string[] = [];
  const ask = asker(new SharedCapacity(), log);
  ask('first', turns('a'));
  const cancelled = new AbortController();
  const gone = ask('gone', turns('a', 'b'), cancelled.signal);
  ask('both', turns('b'));
  ask('kept out', turns('b'));
  await settled();
  expect(log).toEqual(['first', 'both']);
  cancelled.abort();
  await expect(gone.taken).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(ask('late', turns('c'), cancelled.signal).taken).rejects.toMatchObject({ code: 'CANCELLED' });
  await settled();
  expect(log).toEqual(['first', 'both', 'kept out']);
});

test('no place ever has more than its limit, nobody is left out, and nobody waits without a cause', async () => {
  const action = fc.record({
    keys: fc.uniqueArray(fc.constantFrom<Key>('a', 'b', 'c'), { minLength: 1 }),
    endsAfter: fc.nat(5),
    isCancelledAfter: fc.option(fc.nat(5), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async actions => {
      const capacity = new SharedCapacity();
      const used: Record<Key, number> = { a: 0, b: 0, c: 0 };
      let ended = 0;
      await Promise.all(
        actions.map(async ({ keys, endsAfter, isCancelledAfter }) => {
          const controller = new AbortController();
          if (isCancelledAfter !== undefined) {
            void (async () => {
              for (let turn = 0; turn < isCancelledAfter; turn += 1) await settled();
              controller.abort();
            })();
          }
          try {
            using _ = await capacity.take(turns(...keys), () => undefined, controller.signal);
            for (const key of keys) used[key] += 1;
            for (const key of keys) expect(used[key]).toBeLessThanOrEqual(limits[key]);
            for (let turn = 0; turn < endsAfter; turn += 1) await settled();
            for (const key of keys) used[key] -= 1;
          } catch (error) {
            expect(error).toMatchObject({ code: 'CANCELLED' });
          }
          ended += 1;
        }),
      );
      expect({ ended, used }).toEqual({ ended: actions.length, used: { a: 0, b: 0, c: 0 } });
      // Everything is free again: all limits at once can be had without waiting.
      const told: BusyPlace[] = [];
      const all = turns('a', 'b', 'b', 'c', 'c', 'c');
      for (const one of all) await capacity.take([one], busy => told.push(busy), anySignal);
      expect(told).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
