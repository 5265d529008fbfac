import { CancelledError } from '../errors.ts';

/**
 * Keeps the values that were asked for last. Whoever asks for a value while it is being loaded shares the load, which
 * is cancelled only when all of them are. A failed load is forgotten, so that the next call tries again.
 */
export class LoadingCache<K, V> {
  readonly #maxEntries: number;
  readonly #load: (key: K, signal: AbortSignal) => Promise<V>;
  readonly #onDropped: (key: K, value: V) => void;
  /** Least recently used first. */
  readonly #values = new Map<K, V>();
  readonly #loads = new Map<K, SharedLoad<V>>();

  /**
   * @param maxEntries  values kept; those being loaded and those still in use elsewhere come on top
   * @param onDropped   told of every value that is kept no longer; who has asked for it before may still use it
   */
  constructor(
    maxEntries: number,
    load: (key: K, signal: AbortSignal) => Promise<V>,
    onDropped: (key: K, value: V) => void = () => undefined,
  ) {
    this.#maxEntries = maxEntries;
    this.#load = load;
    this.#onDropped = onDropped;
  }

  /** @throws CANCELLED once `signal` is aborted; what the load throws */
  async get(key: K, signal: AbortSignal): Promise<V> {
    if (signal.aborted) throw new CancelledError();
    const value = this.#values.get(key);
    if (value !== undefined) {
      this.#keep(key, value);
      return value;
    }
    const load =
      this.#loads.get(key) ?? new SharedLoad(async loading => await this.#loadAndKeep(key, loading));
    this.#loads.set(key, load);
    return await load.join(signal, () => {
      if (this.#loads.get(key) === load) this.#loads.delete(key);
    });
  }

  async #loadAndKeep(key: K, signal: AbortSignal): Promise<V> {
    const value = await this.#load(key, signal);
    this.#keep(key, value);
    return value;
  }

  #keep(key: K, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const [oldest, dropped] of this.#values) {
      if (this.#values.size <= this.#maxEntries) break;
      this.#values.delete(oldest);
      this.#onDropped(oldest, dropped);
    }
  }
}

/** One load, waited for by several callers. */
class SharedLoad<V> {
  readonly #controller = new AbortController();
  readonly #result: Promise<V>;
  #waiting = 0;

  constructor(load: (signal: AbortSignal) => Promise<V>) {
    this.#result = load(this.#controller.signal);
    this.#result.catch(() => undefined);
  }

  /** @param onOver  called when the load has ended or nobody waits for it any more */
  async join(signal: AbortSignal, onOver: () => void): Promise<V> {
    this.#waiting += 1;
    let onAbort: () => void = () => undefined;
    const cancelled = new Promise<never>((_, reject) => {
      onAbort = () => {
        this.#waiting -= 1;
        if (this.#waiting === 0) {
          onOver();
          this.#controller.abort();
        }
        reject(new CancelledError());
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([this.#result.finally(onOver), cancelled]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
