import type { Clock } from '../../../base/clock.ts';
import { AppError, CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { formatBytes, formatDuration, GiB, MiB } from '../../../base/units.ts';
import type { Extent } from '../../block/extent.ts';
import { ByteStream } from '../byteStream.ts';
import { type ExportRequest, type NbdExport, shakeHands } from './nbdHandshake.ts';
import { receiveReply } from './nbdReplies.ts';
import { allocationFlags, commands, encodeRequest } from './nbdWire.ts';
import { PendingRequest, type StatusExtent } from './pendingRequest.ts';

/** Both directions of a connection to an NBD server. */
export interface NbdChannel {
  /** Ends when the server hangs up; may be iterated once. */
  readonly received: AsyncIterable<Uint8Array>;
  /** Never blocks: requests are small, and few are under way. */
  send(bytes: Uint8Array): void;
  /** Breaks the connection, whatever is under way; may be called again. */
  close(): void;
}

export interface NbdOptions extends ExportRequest {
  readonly clock: Clock;
  /** For so long a server that was asked may say nothing. */
  readonly stallTimeoutMs: number;
}

/** How often a server that says nothing is looked at before it is given up. */
const looksPerTimeout = 10;

/** Some servers fail where more is asked about at once. */
const maxStatusBytes = 2 * GiB - MiB;

/** Answers of a server that needs more of them for one disk are no help. */
const maxStatusRequests = 1_000_000;

/**
 * The disk of an NBD server, for reading: several requests at a time over one connection, each into memory of its caller. Whatever
 * goes wrong with the connection ends every request.
 */
export class NbdClient {
  readonly export: NbdExport;
  readonly #channel: NbdChannel;
  readonly #options: NbdOptions;
  readonly #received: ByteStream;
  readonly #closing: AbortController;
  readonly #pending = new Map<number, PendingRequest>();
  #nextCookie = 1;
  #receivedBytes = 0;
  #failure: unknown;

  private constructor(
    channel: NbdChannel,
    options: NbdOptions,
    opened: {
      readonly agreed: NbdExport;
      readonly received: ByteStream;
      readonly closing: AbortController;
    },
  ) {
    this.export = opened.agreed;
    this.#channel = channel;
    this.#options = options;
    this.#received = opened.received;
    this.#closing = opened.closing;
  }

  /**
   * Shakes hands. The channel is the client's from here on, and closed if that fails.
   * @throws what `shakeHands` throws; UNREACHABLE if the server says nothing in time; CANCELLED
   */
  static async open(channel: NbdChannel, options: NbdOptions, signal: AbortSignal): Promise<NbdClient> {
    const { name, clock, stallTimeoutMs } = options;
    const closing = new AbortController();
    const received = new ByteStream(channel.received, name, closing.signal);
    const done = new AbortController();
    const late = new AbortController();
    const limit = clock.sleep(stallTimeoutMs, AbortSignal.any([signal, done.signal])).then(
      () => {
        late.abort();
        channel.close();
      },
      () => {
        if (signal.aborted) channel.close();
      },
    );
    try {
      const agreed = await shakeHands(received, bytes => channel.send(bytes), options);
      const client = new NbdClient(channel, options, { agreed, received, closing });
      void client.#receive();
      void client.#watch();
      return client;
    } catch (error) {
      channel.close();
      if (signal.aborted) throw new CancelledError();
      if (late.signal.aborted) throw silent(name, stallTimeoutMs);
      throw received.hasEnded ? await hungUp(options, error) : error;
    } finally {
      done.abort();
      await limit;
    }
  }

  /** Whether anything can be asked of it. */
  get isOpen(): boolean {
    return !this.#closing.signal.aborted;
  }

  /** What has arrived of the disk's bytes. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /**
   * One request. Once it is aborted, nothing is written to `target` any more, and the connection is closed: its answer
   * would arrive all the same.
   * @throws UNREACHABLE if the server cannot read or the connection breaks; CORRUPT_DATA for an answer that is none
   */
  async read(offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<void> {
    const what = `${formatBytes(target.byteLength)} at byte ${offsetBytes} cannot be read`;
    await this.#ask(commands.read, new PendingRequest(what, offsetBytes, target.byteLength, target), signal);
  }

  /**
   * The areas that may hold anything but zeros, ascending and not touching; undefined where the server tells of none.
   * @throws the same, and CORRUPT_DATA for answers that never come to the disk's end
   */
  async allocatedAreas(signal: AbortSignal): Promise<readonly Extent[] | undefined> {
    if (this.export.allocationContextId === undefined) return undefined;
    const { sizeBytes } = this.export;
    const areas: { startBytes: number; lengthBytes: number }[] = [];
    let position = 0;
    for (let asked = 0; position < sizeBytes; asked += 1) {
      if (asked === maxStatusRequests)
        throw new CorruptDataError(`${this.#options.name}: ${asked} answers about what is allocated`);
      const lengthBytes = Math.min(maxStatusBytes, sizeBytes - position);
      for (const extent of await this.#status(position, lengthBytes, signal)) {
        const startBytes = position;
        position = Math.min(position + extent.lengthBytes, sizeBytes);
        if ((extent.flags & allocationFlags.zero) !== 0 || position === startBytes) continue;
        const last = areas.at(-1);
        if (last !== undefined && last.startBytes + last.lengthBytes === startBytes)
          last.lengthBytes = position - last.startBytes;
        else areas.push({ startBytes, lengthBytes: position - startBytes });
      }
    }
    return areas;
  }

  /** Takes leave; requests under way fail. May be called again. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    if (this.#pending.size === 0)
      this.#channel.send(
        encodeRequest({ command: commands.disconnect, cookie: 0, offsetBytes: 0, lengthBytes: 0 }),
      );
    this.#fail(new CancelledError(`${this.#options.name}: the connection was closed`));
  }

  async #status(
    offsetBytes: number,
    lengthBytes: number,
    signal: AbortSignal,
  ): Promise<readonly StatusExtent[]> {
    const what = `what is allocated at byte ${offsetBytes} cannot be told`;
    return await this.#ask(
      commands.blockStatus,
      new PendingRequest(what, offsetBytes, lengthBytes, undefined),
      signal,
    );
  }

  async #ask(
    command: number,
    request: PendingRequest,
    signal: AbortSignal,
  ): Promise<readonly StatusExtent[]> {
    if (signal.aborted) throw new CancelledError();
    if (this.#closing.signal.aborted) throw this.#failure;
    const cookie = this.#nextCookie;
    this.#nextCookie += 1;
    this.#pending.set(cookie, request);
    const onAbort = () => this.#fail(new CancelledError());
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const { offsetBytes, lengthBytes } = request;
      this.#channel.send(encodeRequest({ command, cookie, offsetBytes, lengthBytes }));
      return await request.answer;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #receive(): Promise<void> {
    const { name } = this.#options;
    try {
      for (;;) this.#receivedBytes += await receiveReply(this.#received, this.#pending, this.export, name);
    } catch (error) {
      this.#fail(this.#received.hasEnded ? await hungUp(this.#options, error) : error);
    }
  }

  async #watch(): Promise<void> {
    const { clock, stallTimeoutMs, name } = this.#options;
    let heardMs = clock.monotonicMs();
    let heardBytes = this.#received.positionBytes;
    try {
      for (;;) {
        await clock.sleep(stallTimeoutMs / looksPerTimeout, this.#closing.signal);
        const nowMs = clock.monotonicMs();
        if (this.#pending.size === 0 || this.#received.positionBytes !== heardBytes) heardMs = nowMs;
        heardBytes = this.#received.positionBytes;
        if (nowMs - heardMs >= stallTimeoutMs) this.#fail(silent(name, nowMs - heardMs));
      }
    } catch {
      // Closed, there is nothing left to watch.
    }
  }

  #fail(failure: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#failure = failure;
    this.#closing.abort();
    this.#channel.close();
    for (const request of this.#pending.values()) request.fail(failure);
    this.#pending.clear();
  }
}

function silent(name: string, silentMs: number): AppError {
  return new AppError(
    'UNREACHABLE',
    `${name}: the NBD server has sent nothing for ${formatDuration(silentMs)}`,
    {
      object: name,
      remedy: 'Check the host and the network, or choose another transport',
    },
  );
}

/** What the program has said last says more than that it hung up. */
async function hungUp({ name, lastWords }: NbdOptions, cause: unknown): Promise<AppError> {
  const words = await lastWords();
  return new AppError(
    'UNREACHABLE',
    `${name}: the NBD program has ended the connection${words === '' ? '' : `: ${words}`}`,
    { object: name, remedy: 'Look into the log for what it said, or choose another transport', cause },
  );
}
