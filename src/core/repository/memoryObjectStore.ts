import { AppError, CancelledError, CorruptDataError } from '../../base/errors.ts';
import type { ListedObject, ObjectKind, ObjectName, ObjectStore } from './objectStore.ts';

/** An object store in memory: what it holds lives as long as it does. */
export class MemoryObjectStore implements ObjectStore {
  readonly location: string;
  readonly #objects = new Map<string, Uint8Array<ArrayBuffer>>();

  constructor(location = 'memory') {
    this.location = location;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await checked(signal);
  }

  async put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await checked(signal);
    const key = keyOf(name);
    if (this.#objects.has(key)) throw new AppError('CONFLICT', `${key} exists already`, { object: key });
    this.#objects.set(key, new Uint8Array(bytes));
  }

  async get(name: ObjectName, maxBytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    await checked(signal);
    const bytes = this.#existing(name);
    if (bytes.length > maxBytes) {
      throw new CorruptDataError(`${keyOf(name)}: ${bytes.length} bytes, at most ${maxBytes} expected`, {
        object: keyOf(name),
      });
    }
    return bytes.slice();
  }

  async getRange(
    name: ObjectName,
    offsetBytes: number,
    lengthBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    await checked(signal);
    const bytes = this.#existing(name);
    if (offsetBytes + lengthBytes > bytes.length) {
      throw new CorruptDataError(
        `${keyOf(name)}: ends at ${bytes.length}, before byte ${offsetBytes + lengthBytes}`,
        { object: keyOf(name), offsetBytes },
      );
    }
    return bytes.slice(offsetBytes, offsetBytes + lengthBytes);
  }

  async sizeBytes(name: ObjectName, signal: AbortSignal): Promise<number> {
    await checked(signal);
    return this.#existing(name).length;
  }

  async *list(kind: ObjectKind, signal: AbortSignal): AsyncGenerator<ListedObject, void, undefined> {
    await checked(signal);
    for (const [key, bytes] of [...this.#objects]) {
      const [ofKind, id = ''] = key.split('/');
      if (ofKind === kind) yield { id, sizeBytes: bytes.length };
    }
  }

  async remove(name: ObjectName, signal: AbortSignal): Promise<void> {
    await checked(signal);
    this.#existing(name);
    this.#objects.delete(keyOf(name));
  }

  async freeBytes(signal: AbortSignal): Promise<undefined> {
    await checked(signal);
  }

  #existing(name: ObjectName): Uint8Array<ArrayBuffer> {
    const bytes = this.#objects.get(keyOf(name));
    if (bytes !== undefined) return bytes;
    throw new AppError('NOT_FOUND', `${keyOf(name)} does not exist in ${this.location}`, {
      object: keyOf(name),
    });
  }
}

function keyOf({ kind, id }: ObjectName): string {
  return `${kind}/${id}`;
}

async function checked(signal: AbortSignal): Promise<void> {
  await Promise.resolve();
  if (signal.aborted) throw new CancelledError();
}
