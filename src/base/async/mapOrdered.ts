import { defined } from '../assert.ts';

/**
 * Maps `source` with up to `concurrency` calls in flight and yields the results in the order of the source.
 * Pulled: nothing is read ahead beyond the calls in flight. If the consumer leaves early or anything throws, the
 * calls in flight are waited for, and the source is closed, before the generator ends. `transform` must not throw
 * synchronously.
 */
export async function* mapOrdered<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  transform: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const inFlight: Promise<R>[] = [];
  let exhausted = false;
  try {
    for (;;) {
      while (!exhausted && inFlight.length < concurrency) {
        const next = await iterator.next();
        if (next.done === true) {
          exhausted = true;
          break;
        }
        const call = transform(next.value);
        // Its rejection is reported when its turn comes; until then it must not count as unhandled.
        call.catch(() => undefined);
        inFlight.push(call);
      }
      if (inFlight.length === 0) return;
      yield await defined(inFlight.shift(), 'the oldest call');
    }
  } finally {
    await Promise.allSettled(inFlight);
    if (!exhausted) await iterator.return?.();
  }
}
