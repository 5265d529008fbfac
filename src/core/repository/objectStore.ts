/**
 * Where a repository's files lie: a folder, an object store. Files are written once and never modified.
 *
 * Errors are typed the same everywhere: NOT_FOUND (no such object), STORAGE_FULL, PERMISSION, UNREACHABLE (the store
 * itself is gone for now; worth another try), CANCELLED.
 */
export interface ObjectStore {
  /** For people: a folder, a URL without credentials. */
  readonly location: string;
  /** Makes what a new repository needs beside its objects, such as folders; harmless where they exist. */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * Stores a new object. When it resolves the object is durable and complete under its name; when it rejects, or the
   * machine dies, nothing is seen under that name, or the complete object.
   * @throws CONFLICT if the name is taken; PERMISSION if the store was opened for reading only
   */
  put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /**
   * The whole object; the array is the caller's.
   * @throws CORRUPT_DATA if it is larger than `maxBytes`, before any memory is taken for it
   */
  get(name: ObjectName, maxBytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Exactly the bytes asked for; the array is the caller's.
   * @throws CORRUPT_DATA if the object ends before
   */
  getRange(
    name: ObjectName,
    offsetBytes: number,
    lengthBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>>;
  sizeBytes(name: ObjectName, signal: AbortSignal): Promise<number>;
  /** All objects of a kind, in no particular order; what comes or goes meanwhile may be missing or there. */
  list(kind: ObjectKind, signal: AbortSignal): AsyncIterable<ListedObject>;
  /** @throws NOT_FOUND if it is not there (any more); PERMISSION if the store was opened for reading only */
  remove(name: ObjectName, signal: AbortSignal): Promise<void>;
  /** What it has room for; undefined where nobody can tell, as on servers. */
  freeBytes(signal: AbortSignal): Promise<number | undefined>;
}

/** All but `audit` are the format's own. */
export type ObjectKind = 'config' | 'key' | 'lock' | 'snapshot' | 'index' | 'pack' | 'audit';

export interface ObjectName {
  readonly kind: ObjectKind;
  /** The SHA-256 of the object's bytes in lower-case hexadecimal; `config` has the name `config`. */
  readonly id: string;
}

export interface ListedObject {
  readonly id: string;
  readonly sizeBytes: number;
}

export const configName: ObjectName = { kind: 'config', id: 'config' };
