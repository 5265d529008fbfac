import { AppError } from '../../src/base/errors.ts';
import type {
  ListedObject,
  ObjectKind,
  ObjectName,
  ObjectStore,
} from '../../src/core/repository/objectStore.ts';

/** What happens to a write: it is done, it fails with nothing done, or it is done and its answer is lost. */
export type WriteFate = 'done' | 'refused' | 'answer-lost';

export interface Write {
  readonly operation: 'put' | 'remove';
  readonly name: ObjectName;
  /** Counted from 1, in the order in which they begin. */
  readonly number: number;
}

/** A store whose writes a test decides about. Reads go through. */
export class FaultyObjectStore implements ObjectStore {
  readonly location: string;
  readonly #inner: ObjectStore;
  readonly #fateOf: (write: Write) => WriteFate;
  readonly #error: () => AppError;
  writeCount = 0;

  constructor(inner: ObjectStore, fateOf: (write: Write) => WriteFate, error: () => AppError) {
    this.#inner = inner;
    this.location = inner.location;
    this.#fateOf = fateOf;
    this.#error = error;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.#inner.prepare(signal);
  }

  async put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#write(
      { operation: 'put', name, number: 0 },
      async () => await this.#inner.put(name, bytes, signal),
    );
  }

  async remove(name: ObjectName, signal: AbortSignal): Promise<void> {
    await this.#write(
      { operation: 'remove', name, number: 0 },
      async () => await this.#inner.remove(name, signal),
    );
  }

  async get(name: ObjectName, maxBytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#inner.get(name, maxBytes, signal);
  }

  async getRange(name: ObjectName, offsetBytes: number, lengthBytes: number, signal: AbortSignal) {
    return await this.#inner.getRange(name, offsetBytes, lengthBytes, signal);
  }

  async sizeBytes(name: ObjectName, signal: AbortSignal): Promise<number> {
    return await this.#inner.sizeBytes(name, signal);
  }

  list(kind: ObjectKind, signal: AbortSignal): AsyncIterable<ListedObject> {
    return this.#inner.list(kind, signal);
  }

  async freeBytes(signal: AbortSignal): Promise<number | undefined> {
    return await this.#inner.freeBytes(signal);
  }

  async #write(write: Write, work: () => Promise<void>): Promise<void> {
    const fate = this.#fateOf({ ...write, number: (this.writeCount += 1) });
    if (fate === 'refused') throw this.#error();
    await work();
    if (fate === 'answer-lost') throw this.#error();
  }
}

/**
 * A process killed at its n-th write, or right after it: from then on nothing reaches the store any more.
 * @param n  counted from 1; with `after` the n-th write itself is still done
 */
export function stopAtWrite(inner: ObjectStore, n: number, when: 'before' | 'after'): FaultyObjectStore {
  const fateOf = ({ number }: Write) =>
    number < n ? 'done' : number === n && when === 'after' ? 'answer-lost' : 'refused';
  return new FaultyObjectStore(inner, fateOf, () => new AppError('INTERNAL', 'the process was killed here'));
}

/** A store that is full for as long as `isFull` says so; what exists can be read and removed. */
export function fullStore(inner: ObjectStore, isFull: () => boolean): FaultyObjectStore {
  const fateOf = ({ operation }: Write) => (operation === 'put' && isFull() ? 'refused' : 'done');
  return new FaultyObjectStore(inner, fateOf, () => new AppError('STORAGE_FULL', 'no space left on device'));
}
