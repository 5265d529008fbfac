import type { ListedObject, ObjectKind, ObjectName } from '../objectStore.ts';

/**
 * A server that stores objects, one try a call; `RemoteObjectStore` makes a store of it. Errors are those of an
 * `ObjectStore`, retryable where another try may help.
 */
export interface RemoteCalls {
  /** For people: a URL without credentials. */
  readonly location: string;
  prepare(signal: AbortSignal): Promise<void>;
  /** @throws CONFLICT if the name is taken and the server can tell */
  put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /**
   * The bytes of an object, all or from `range.offsetBytes` on.
   * @throws CORRUPT_DATA if the object ends before the range begins
   */
  get(name: ObjectName, range: ByteRange | undefined, signal: AbortSignal): Promise<RemoteBody>;
  sizeBytes(name: ObjectName, signal: AbortSignal): Promise<number>;
  /** @param after  `next` of the page before */
  listPage(kind: ObjectKind, after: string | undefined, signal: AbortSignal): Promise<ListedPage>;
  remove(name: ObjectName, signal: AbortSignal): Promise<void>;
}

export interface ByteRange {
  readonly offsetBytes: number;
  /** At least 1. */
  readonly lengthBytes: number;
}

export interface RemoteBody {
  /** What the server says is to come. */
  readonly lengthBytes: number;
  /** To be read once. Leaving early closes the connection. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** For whoever does not begin to read. */
  close(): void;
}

export interface ListedPage {
  readonly objects: readonly ListedObject[];
  readonly next: string | undefined;
}
