import { TokenBucket } from '../../base/async/tokenBucket.ts';
import type { Clock } from '../../base/clock.ts';
import type { ListedObject, ObjectKind, ObjectName, ObjectStore } from './objectStore.ts';

/** How fast a store may be filled and read, on average; undefined: as fast as it goes. */
export interface TransferLimits {
  readonly uploadBytesPerSecond?: number;
  readonly downloadBytesPerSecond?: number;
}

/** The same store, used no faster than the limits allow, by all who share it together. */
export function limitedObjectStore(inner: ObjectStore, limits: TransferLimits, clock: Clock): ObjectStore {
  const { uploadBytesPerSecond, downloadBytesPerSecond } = limits;
  if (uploadBytesPerSecond === undefined && downloadBytesPerSecond === undefined) return inner;
  return new LimitedObjectStore(inner, limits, clock);
}

class LimitedObjectStore implements ObjectStore {
  readonly location: string;
  readonly #inner: ObjectStore;
  readonly #upload: TokenBucket | undefined;
  readonly #download: TokenBucket | undefined;

  constructor(inner: ObjectStore, limits: TransferLimits, clock: Clock) {
    const bucketOf = (rate: number | undefined) =>
      rate === undefined ? undefined : new TokenBucket(rate, clock);
    this.location = inner.location;
    this.#inner = inner;
    this.#upload = bucketOf(limits.uploadBytesPerSecond);
    this.#download = bucketOf(limits.downloadBytesPerSecond);
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.#inner.prepare(signal);
  }

  async put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#upload?.take(bytes.length, signal);
    await this.#inner.put(name, bytes, signal);
  }

  /** How long it is shows only when it is here: whoever reads next waits for it. */
  async get(name: ObjectName, maxBytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    await this.#download?.take(0, signal);
    const bytes = await this.#inner.get(name, maxBytes, signal);
    this.#download?.owe(bytes.length);
    return bytes;
  }

  async getRange(
    name: ObjectName,
    offsetBytes: number,
    lengthBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    await this.#download?.take(lengthBytes, signal);
    return await this.#inner.getRange(name, offsetBytes, lengthBytes, signal);
  }

  async sizeBytes(name: ObjectName, signal: AbortSignal): Promise<number> {
    return await this.#inner.sizeBytes(name, signal);
  }

  list(kind: ObjectKind, signal: AbortSignal): AsyncIterable<ListedObject> {
    return this.#inner.list(kind, signal);
  }

  async remove(name: ObjectName, signal: AbortSignal): Promise<void> {
    await this.#inner.remove(name, signal);
  }

  async freeBytes(signal: AbortSignal): Promise<number | undefined> {
    return await this.#inner.freeBytes(signal);
  }
}
