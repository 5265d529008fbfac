import { retry } from '../../../base/async/retry.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError, CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { isHexId } from '../../codec/blobId.ts';
import {
  configName,
  type ListedObject,
  type ObjectKind,
  type ObjectName,
  type ObjectStore,
} from '../objectStore.ts';
import type { RemoteBody, RemoteCalls } from './remoteCalls.ts';
import { NoAnswerError } from './remoteErrors.ts';

/** A server that restarts or slows its clients down gets a minute: 0.5 s, 1 s, 2 s … 32 s. */
const patience = { attempts: 8, firstDelayMs: 500, factor: 2 };

/** One that never answered is more likely a wrong address, which somebody waits to be told of. */
const firstAttempts = 2;

/** A store on a server: what is common to all of them, retries above all. */
export class RemoteObjectStore implements ObjectStore {
  readonly location: string;
  readonly #calls: RemoteCalls;
  readonly #clock: Clock;
  #hasAnswered = false;

  constructor(calls: RemoteCalls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
    this.location = calls.location;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.#patiently(signal, async () => await this.#calls.prepare(signal));
  }

  async put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    assertName(name);
    // Not every server can refuse a name that is taken. All others are the hash of their bytes: the same again, if at all.
    if (name.kind === 'config') await this.#assertFree(signal);
    await this.#patiently(signal, async attempt => {
      try {
        await this.#calls.put(name, bytes, signal);
      } catch (error) {
        // The answer to an earlier try was lost, and the object may be ours.
        const isOurs =
          attempt > 1 && AppError.is(error, 'CONFLICT') && (await this.#holds(name, bytes, signal));
        if (!isOurs) throw error;
      }
    });
  }

  async get(name: ObjectName, maxBytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    assertName(name);
    return await this.#patiently(signal, async () => {
      const body = await this.#calls.get(name, undefined, signal);
      if (body.lengthBytes <= maxBytes) return await this.#collect(name, body, body.lengthBytes);
      body.close();
      throw new CorruptDataError(
        `${this.#describe(name)}: ${body.lengthBytes} bytes, at most ${maxBytes} expected`,
        { object: this.#describe(name) },
      );
    });
  }

  async getRange(
    name: ObjectName,
    offsetBytes: number,
    lengthBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    assertName(name);
    if (lengthBytes === 0) {
      const sizeBytes = await this.sizeBytes(name, signal);
      if (offsetBytes > sizeBytes) throw this.#endsTooEarly(name, sizeBytes);
      return new Uint8Array();
    }
    return await this.#patiently(signal, async () => {
      const body = await this.#calls.get(name, { offsetBytes, lengthBytes }, signal);
      if (body.lengthBytes >= lengthBytes) return await this.#collect(name, body, lengthBytes);
      body.close();
      throw this.#endsTooEarly(name, offsetBytes + body.lengthBytes);
    });
  }

  async sizeBytes(name: ObjectName, signal: AbortSignal): Promise<number> {
    assertName(name);
    return await this.#patiently(signal, async () => await this.#calls.sizeBytes(name, signal));
  }

  async *list(kind: ObjectKind, signal: AbortSignal): AsyncGenerator<ListedObject, void, undefined> {
    if (kind === 'config') {
      yield* await this.#listConfig(signal);
      return;
    }
    let after: string | undefined;
    do {
      const page = await this.#patiently(signal, async () => await this.#calls.listPage(kind, after, signal));
      // Whatever else lies there, such as what an interrupted upload has left, is no object.
      for (const object of page.objects) if (isHexId(object.id)) yield object;
      after = page.next;
    } while (after !== undefined);
  }

  async remove(name: ObjectName, signal: AbortSignal): Promise<void> {
    assertName(name);
    // To remove what is not there succeeds on most servers.
    await this.sizeBytes(name, signal);
    await this.#patiently(signal, async attempt => {
      try {
        await this.#calls.remove(name, signal);
      } catch (error) {
        const isDone = attempt > 1 && AppError.is(error, 'NOT_FOUND');
        if (!isDone) throw error;
      }
    });
  }

  /** Neither protocol tells. */
  async freeBytes(): Promise<undefined> {
    await Promise.resolve();
  }

  async #listConfig(signal: AbortSignal): Promise<readonly ListedObject[]> {
    try {
      return [{ id: configName.id, sizeBytes: await this.sizeBytes(configName, signal) }];
    } catch (error) {
      if (AppError.is(error, 'NOT_FOUND')) return [];
      throw error;
    }
  }

  async #assertFree(signal: AbortSignal): Promise<void> {
    if ((await this.#listConfig(signal)).length === 0) return;
    throw new AppError('CONFLICT', `${this.#describe(configName)} exists already`, { object: this.location });
  }

  async #holds(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const body = await this.#calls.get(name, undefined, signal);
    if (body.lengthBytes === bytes.length)
      return Buffer.compare(await this.#collect(name, body, bytes.length), bytes) === 0;
    body.close();
    return false;
  }

  async #patiently<T>(signal: AbortSignal, work: (attempt: number) => Promise<T>): Promise<T> {
    if (signal.aborted) throw new CancelledError();
    let unanswered = 0;
    const when = (error: unknown) => {
      if (!(error instanceof NoAnswerError)) this.#hasAnswered = true;
      else unanswered += 1;
      return AppError.is(error) && error.retryable && (this.#hasAnswered || unanswered < firstAttempts);
    };
    return await retry({ ...patience, when }, this.#clock, signal, async attempt => {
      const result = await work(attempt);
      this.#hasAnswered = true;
      return result;
    });
  }

  async #collect(
    name: ObjectName,
    { bytes }: RemoteBody,
    lengthBytes: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const target = new Uint8Array(lengthBytes);
    let filledBytes = 0;
    for await (const piece of bytes) {
      const wanted = piece.subarray(0, lengthBytes - filledBytes);
      target.set(wanted, filledBytes);
      filledBytes += wanted.length;
      if (wanted.length < piece.length) break;
    }
    if (filledBytes === lengthBytes) return target;
    throw new AppError('UNREACHABLE', `${this.#describe(name)} broke off after ${filledBytes} bytes`, {
      object: this.location,
    });
  }

  #endsTooEarly(name: ObjectName, sizeBytes: number): CorruptDataError {
    return new CorruptDataError(`${this.#describe(name)}: ends at byte ${sizeBytes}, more was expected`, {
      object: this.#describe(name),
      offsetBytes: sizeBytes,
    });
  }

  #describe({ kind, id }: ObjectName): string {
    return kind === 'config' ? `${this.location}: config` : `${this.location}: ${kind} ${id}`;
  }
}

function assertName({ kind, id }: ObjectName): void {
  if (kind === 'config' || isHexId(id)) return;
  throw new AppError('INVALID_INPUT', `“${id}” is not the name of a ${kind}`);
}
