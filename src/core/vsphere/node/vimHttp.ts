import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IHeaders, IHttpClient } from 'soap';
import { AppError } from '../../../base/errors.ts';
import type { AnswerReader } from '../answerReader.ts';
import { unreachable } from './connectionErrors.ts';
import type { PinnedAgent } from './pinnedAgent.ts';

/** Far beyond any page of properties; a server that sends more is broken or hostile. */
const maxResponseBytes = 256 * 1024 * 1024;

/** Read without a break; a large answer would keep everybody else in the process waiting. */
const bytesPerTurn = 16 * 1024;

/** What the library gets to see of an answer that somebody else has read. */
const emptyEnvelope = '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body/></Envelope>';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Gets what the operation returns, as it arrives; the library gets faults only. */
  readonly reader?: AnswerReader;
}

/** The part of a response the SOAP library looks at. */
interface SoapResponse {
  readonly status: number;
  readonly headers: https.RequestOptions['headers'];
}

/**
 * The HTTP client under the SOAP library. It keeps the session's cookie, sends everything through the pinned agent,
 * and its errors hold nothing of the request. The library's own client would put the request body, and with it the
 * password, into its errors.
 */
export class VimHttp implements IHttpClient {
  readonly #agent: PinnedAgent;
  readonly #timeoutMs: number;
  #cookie: string | undefined;

  constructor(agent: PinnedAgent, timeoutMs: number) {
    this.#agent = agent;
    this.#timeoutMs = timeoutMs;
  }

  /** The session's cookie, for transfers beside the API. */
  get cookie(): string | undefined {
    return this.#cookie;
  }

  async request(
    url: string,
    body: string,
    callback: (error: unknown, response?: SoapResponse, text?: string) => void,
    headers: IHeaders = {},
    options: CallOptions = {},
  ): ReturnType<IHttpClient['request']> {
    let answer: { response: SoapResponse; text: string } | undefined;
    try {
      answer = await this.#post(url, body, headers, options);
    } catch (error) {
      callback(unreachable(new URL(url).host, error));
    }
    if (answer !== undefined) callback(null, answer.response, answer.text);
    // The library declares the result of its default HTTP client but looks at the callback alone.
    return undefined as unknown as Awaited<ReturnType<IHttpClient['request']>>;
  }

  /** The body of a small text resource; undefined if the server has none. */
  async get(url: string, signal: AbortSignal): Promise<string | undefined> {
    const { host } = new URL(url);
    try {
      const message = await this.#send('GET', url, '', {}, this.#limited(signal));
      const text = await readText(message);
      return message.statusCode === 200 ? text : undefined;
    } catch (error) {
      throw unreachable(host, error);
    }
  }

  async #post(
    url: string,
    body: string,
    headers: Record<string, string>,
    { signal, reader }: CallOptions,
  ): Promise<{ response: SoapResponse; text: string }> {
    const message = await this.#send('POST', url, body, headers, this.#limited(signal));
    const cookie = message.headers['set-cookie']?.find(line => line.startsWith('vmware_soap_session='));
    if (cookie !== undefined) this.#cookie = cookie.split(';')[0];
    const status = message.statusCode ?? 0;
    if (status === 200 && reader !== undefined) {
      await readInto(reader, message);
      return { response: { status, headers: message.headers }, text: emptyEnvelope };
    }
    const text = await readText(message);
    // Faults come with status 500 and a SOAP envelope; everything else that is no success has no envelope.
    if (status !== 200 && !(status === 500 && text.includes('Envelope')))
      throw refused(new URL(url).host, status);
    return { response: { status, headers: message.headers }, text };
  }

  #limited(signal: AbortSignal | undefined): AbortSignal {
    return AbortSignal.any([AbortSignal.timeout(this.#timeoutMs), ...(signal === undefined ? [] : [signal])]);
  }

  async #send(
    method: 'GET' | 'POST',
    url: string,
    body: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return await new Promise((resolve, reject) => {
      const request = https.request(url, {
        method,
        agent: this.#agent,
        signal,
        headers: {
          ...headers,
          'Content-Length': Buffer.byteLength(body),
          ...(this.#cookie === undefined ? {} : { Cookie: this.#cookie }),
        },
      });
      request.once('response', resolve);
      // An abort surfaces as AbortError whatever its reason; a time-out must not look like the user's wish.
      request.once('error', error => reject(signal.aborted ? (signal.reason as Error) : error));
      request.end(body);
    });
  }
}

async function readText(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of bounded(message)) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

async function readInto(reader: AnswerReader, message: IncomingMessage): Promise<void> {
  const decoder = new TextDecoder();
  for await (const part of bounded(message)) {
    for (let at = 0; at < part.length; at += bytesPerTurn) {
      reader.write(decoder.decode(part.subarray(at, at + bytesPerTurn), { stream: true }));
      await nextTurn();
    }
  }
  reader.write(decoder.decode());
}

async function* bounded(message: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  let sizeBytes = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > maxResponseBytes)
      throw new AppError('CORRUPT_DATA', `the answer exceeds ${maxResponseBytes} bytes`);
    yield part;
  }
}

function refused(host: string, status: number): AppError {
  const isBusy = status === 503 || status === 502 || status === 504 || status === 429;
  return new AppError('UNREACHABLE', `${host} answered with HTTP status ${status} instead of SOAP`, {
    object: host,
    retryable: isBusy,
    remedy: isBusy
      ? 'Wait until the server has fewer sessions or has started'
      : 'Check that the address is that of a vCenter or ESXi host',
  });
}
