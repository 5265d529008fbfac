import { setImmediate } from 'node:timers/promises';

import { AppError } from '../../src/base/errors.ts';
import type {
  ListedObject,
  ObjectKind,
  ObjectName,
  ObjectStore,
} from '../../src/core/repository/objectStore.ts';

/** What becomes of a process at one of its store operations: it is killed, or its machine goes to sleep. */
export interface Interruption {
  readonly kind: 'kill' | 'sleep';
  /** Counted from 1, reads and writes of all its stores, in the order in which they begin. */
  readonly at: number;
  /** Whether the operation itself is still done: a request that is on its way outlives a sleep. */
  readonly when: 'before' | 'after';
}

/**
 * One process as its stores see it. Killed, nothing of it reaches a store any more; asleep, everything it asks for waits until
 * it wakes up.
 */
export class InterruptedProcess {
  /** Since the last `begin`. */
  operationCount = 0;
  #interruption: Interruption | undefined;
  #killed = false;
  #fellAsleep: () => void = () => undefined;
  #awake: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => undefined;

  get isKilled(): boolean {
    return this.#killed;
  }

  /** Counts anew. @returns what resolves once it sleeps */
  async begin(interruption?: Interruption): Promise<void> {
    this.operationCount = 0;
    this.#interruption = interruption;
    await new Promise<void>(resolve => (this.#fellAsleep = resolve));
  }

  wake(): void {
    this.#wake();
  }

  /** @param turns  of the event loop that pass before an operation begins, so that processes meet in many ways */
  store(inner: ObjectStore, turns: () => number): ObjectStore {
    const operation = async <T>(work: () => Promise<T>): Promise<T> => {
      for (let left = turns(); left > 0; left -= 1) await setImmediate();
      const number = (this.operationCount += 1);
      await this.#pass('before', number);
      const result = await work();
      await this.#pass('after', number);
      return result;
    };
    const list = async function* (kind: ObjectKind, signal: AbortSignal): AsyncGenerator<ListedObject> {
      const listed: ListedObject[] = [];
      await operation(async () => {
        for await (const object of inner.list(kind, signal)) listed.push(object);
      });
      yield* listed;
    };
    return {
      location: inner.location,
      prepare: async signal => await operation(async () => await inner.prepare(signal)),
      put: async (name: ObjectName, bytes, signal) =>
        await operation(async () => await inner.put(name, bytes, signal)),
      get: async (name, maxBytes, signal) =>
        await operation(async () => await inner.get(name, maxBytes, signal)),
      getRange: async (name, offset, length, signal) =>
        await operation(async () => await inner.getRange(name, offset, length, signal)),
      sizeBytes: async (name, signal) => await operation(async () => await inner.sizeBytes(name, signal)),
      remove: async (name, signal) => await operation(async () => await inner.remove(name, signal)),
      freeBytes: async signal => await inner.freeBytes(signal),
      list,
    };
  }

  async #pass(moment: Interruption['when'], number: number): Promise<void> {
    const { kind, at, when } = this.#interruption ?? {};
    if (number === at && moment === when) {
      if (kind === 'kill') this.#killed = true;
      else this.#sleep();
    }
    await this.#awake;
    if (this.#killed) throw new AppError('INTERNAL', 'the process was killed here');
  }

  #sleep(): void {
    this.#awake = new Promise<void>(resolve => (this.#wake = resolve));
    this.#fellAsleep();
  }
}
