import https from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { AppError } from '../../../base/errors.ts';
import type { Clock } from '../../../base/clock.ts';
import { unreachable } from './connectionErrors.ts';
import { PinnedAgent } from './pinnedAgent.ts';
import type { TlsIdentity } from './pinnedAgent.ts';
import type { TransferEndpoint } from './vimClient.ts';

/** No byte for that long means that none will come. A slow host deflates; it does not pause for minutes. */
export const defaultStallTimeoutMs = 5 * 60_000;

/** One transfer over one connection of its own. */
export interface HttpTransfer {
  /** What travels, for errors: VM and disk, VM and file. */
  readonly name: string;
  readonly url: URL;
  readonly identity: TlsIdentity;
  readonly cookie: string | undefined;
}

/** A place for a transfer as a server names it. */
export interface GrantedUrl {
  readonly url: string;
  /** SHA-256 or SHA-1 fingerprint of the host in it, if the server tells one. */
  readonly thumbprint: string | undefined;
}

/**
 * Where bytes lie that a server has granted. `*`, with a port or without, stands for the server that was asked; any
 * other host must prove itself by the fingerprint that was told, or by a certificate this machine trusts.
 */
export function httpTransfer(
  { url: text, thumbprint }: GrantedUrl,
  name: string,
  endpoint: TransferEndpoint,
): HttpTransfer {
  const url = granted(text, endpoint);
  if (url.protocol !== 'https:')
    throw new AppError('UNSUPPORTED_FORMAT', `${url.host}: the server offers ${name} without encryption`);
  const isEndpoint = !namesHost(text, endpoint);
  const known = isEndpoint ? endpoint.identity : undefined;
  return {
    name,
    url,
    identity: known?.fingerprint === undefined ? { fingerprint: thumbprint } : known,
    cookie: isEndpoint ? endpoint.cookie : undefined,
  };
}

/** Whether the bytes lie on another server than the one that was asked. */
export function namesHost(url: string, endpoint: TransferEndpoint): boolean {
  return granted(url, endpoint).host !== new URL(`https://${endpoint.host}`).host;
}

function granted(url: string, endpoint: TransferEndpoint): URL {
  return new URL(url.replace(/^(https?:\/\/)\*(:\d+)?(?=\/)/, `$1${endpoint.host}`));
}

/**
 * The body of a GET, pulled piece by piece. Leaving early or aborting closes the connection.
 * @throws UNREACHABLE, retryable, if the connection breaks or stalls; NOT_FOUND if the server has no such thing any more
 */
export async function* download(
  transfer: HttpTransfer,
  watch: StallWatch,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using open = await openDownload(transfer, {}, watch, signal);
  try {
    requireSuccess(open.response, transfer.url.host);
  } catch (error) {
    throw reasonFor(error, signal, transfer.name, transfer.url.host);
  }
  yield* open.bytes;
}

/** A GET whose answer has begun, whatever its status. Disposing closes the connection. */
export interface OpenDownload extends AsyncDisposable {
  /** For its status and headers. */
  readonly response: IncomingMessage;
  /** The body, pulled piece by piece; it can be read once. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** @throws UNREACHABLE, retryable, if the connection breaks or stalls; so does reading the body */
export async function openDownload(
  { name, url, identity, cookie }: HttpTransfer,
  headers: Readonly<Record<string, string>>,
  { clock, stallTimeoutMs }: StallWatch,
  signal: AbortSignal,
): Promise<OpenDownload> {
  const agent = new PinnedAgent(identity, 1);
  const stall = new StallTimer(clock, stallTimeoutMs, url.host);
  const either = AbortSignal.any([signal, stall.signal]);
  const close = () => {
    stall.stop();
    agent.destroy();
  };
  try {
    const all = { ...headers, ...(cookie !== undefined && { Cookie: cookie }) };
    const request = https.get(url, { agent, headers: all, signal: either });
    const [response] = (await once(request, 'response', { signal: either })) as [IncomingMessage];
    // A late error of the request would otherwise have no listener; the response reports the same.
    request.on('error', () => undefined);
    // Nobody may read it for a while.
    stall.pause();
    const read = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        stall.resume();
        for await (const piece of response as AsyncIterable<Buffer>) {
          // Only the wait for the network counts, not the time the consumer takes.
          stall.pause();
          yield piece;
          stall.resume();
        }
      } catch (error) {
        throw reasonFor(error, either, name, url.host);
      } finally {
        close();
      }
    };
    return {
      response,
      bytes: read(),
      [Symbol.asyncDispose]: async () => {
        close();
        await Promise.resolve();
      },
    };
  } catch (error) {
    close();
    throw reasonFor(error, either, name, url.host);
  }
}

/** What is sent. */
export interface UploadBody {
  readonly method: 'POST' | 'PUT';
  readonly contentType: string;
  /** Exactly as much as `bytes` yields; undefined where that cannot be known before. */
  readonly lengthBytes: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Sends a body and waits for the server's word on it. The source is closed whatever happens.
 * @throws UNREACHABLE, retryable, if the connection breaks or stalls; whatever the source throws
 */
export async function upload(
  { name, url, identity, cookie }: HttpTransfer,
  { method, contentType, lengthBytes, bytes }: UploadBody,
  { clock, stallTimeoutMs }: StallWatch,
  signal: AbortSignal,
): Promise<void> {
  const agent = new PinnedAgent(identity, 1);
  const stall = new StallTimer(clock, stallTimeoutMs, url.host);
  const either = AbortSignal.any([signal, stall.signal]);
  const source = new WatchedSource(bytes);
  try {
    const request = https.request(url, {
      method,
      agent,
      signal: either,
      headers: {
        'Content-Type': contentType,
        ...(lengthBytes === undefined ? {} : { 'Content-Length': lengthBytes }),
        ...(cookie === undefined ? {} : { Cookie: cookie }),
      },
    });
    const answer = responseTo(request, either);
    for await (const piece of source) {
      if (either.aborted || request.destroyed || answer.hasArrived) break;
      stall.resume();
      if (!request.write(piece))
        await Promise.race([once(request, 'drain', { signal: either }), answer.response]);
      stall.pause();
    }
    stall.resume();
    const isEarly = answer.hasArrived;
    if (!isEarly) request.end();
    const response = await answer.response;
    response.resume();
    requireSuccess(response, url.host);
    if (isEarly) throw answeredEarly(url.host);
  } catch (error) {
    throw source.failure === undefined ? reasonFor(error, either, name, url.host) : source.failure.error;
  } finally {
    stall.stop();
    agent.destroy();
  }
}

/** Remembers whether what ended the iteration came from the source: that is no problem of the network. */
class WatchedSource implements AsyncIterable<Uint8Array> {
  failure: { readonly error: unknown } | undefined;
  readonly #source: AsyncIterable<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#source;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

interface PendingAnswer {
  readonly response: Promise<IncomingMessage>;
  /** A server that refuses answers before it has read everything; then the rest need not be sent. */
  readonly hasArrived: boolean;
}

function responseTo(request: ClientRequest, signal: AbortSignal): PendingAnswer {
  let hasArrived = false;
  const response = once(request, 'response', { signal }).then(([message]) => {
    hasArrived = true;
    return message as IncomingMessage;
  });
  // Both are looked at later; until then nobody listens.
  response.catch(() => undefined);
  request.on('error', () => undefined);
  return {
    response,
    get hasArrived() {
      return hasArrived;
    },
  };
}

function answeredEarly(host: string): AppError {
  return new AppError('UNREACHABLE', `${host} answered before everything was sent`, { object: host });
}

export interface StallWatch {
  readonly clock: Clock;
  readonly stallTimeoutMs: number;
}

/** Aborts its signal once waiting has taken too long without a pause. */
class StallTimer {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #host: string;
  readonly #stalled = new AbortController();
  readonly #stop = new AbortController();
  #waitingSinceMs: number | undefined;

  constructor(clock: Clock, timeoutMs: number, host: string) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#host = host;
    this.resume();
    void this.#watch();
  }

  get signal(): AbortSignal {
    return this.#stalled.signal;
  }

  pause(): void {
    this.#waitingSinceMs = undefined;
  }

  resume(): void {
    this.#waitingSinceMs = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #watch(): Promise<void> {
    while (!this.#stalled.signal.aborted) {
      try {
        await this.#clock.sleep(this.#timeoutMs / 4, this.#stop.signal);
      } catch {
        return;
      }
      const since = this.#waitingSinceMs;
      if (since !== undefined && this.#clock.monotonicMs() - since >= this.#timeoutMs)
        this.#stalled.abort(stalled(this.#host, this.#timeoutMs));
    }
  }
}

function stalled(host: string, timeoutMs: number): AppError {
  return new AppError('UNREACHABLE', `${host}: nothing has moved for ${Math.round(timeoutMs / 1000)} s`, {
    object: host,
    remedy: 'Try again; if it happens again, look at the load of the host',
  });
}

function requireSuccess({ statusCode = 0 }: IncomingMessage, host: string): void {
  if (statusCode >= 200 && statusCode < 300) return;
  const code = statusCode === 404 ? 'NOT_FOUND' : 'UNREACHABLE';
  throw new AppError(code, `${host} answered the transfer with HTTP status ${statusCode}`, {
    object: host,
    retryable: true,
    remedy: 'Look at the load and the log of the host, then try again',
  });
}

/** Why the signal was aborted says more than that it was. */
function reasonFor(error: unknown, signal: AbortSignal, name: string, host: string): AppError {
  const reason = unreachable(host, signal.aborted && !(error instanceof AppError) ? signal.reason : error);
  if (reason.code !== 'UNREACHABLE') return reason;
  const { message, remedy, retryable, cause } = reason;
  return new AppError('UNREACHABLE', `${name}: the transfer failed: ${message}`, {
    object: name,
    retryable,
    cause,
    ...(remedy !== undefined && { remedy }),
  });
}
