import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { finished } from 'node:stream/promises';

import { connectionError } from './remoteErrors.ts';

/** No byte for that long means that none will come. */
const stallTimeoutMs = 120_000;

export interface HttpExchangeOptions {
  /** Certificates of authorities in PEM, instead of those the system trusts. */
  readonly ca: string | undefined;
  /** Goes with every request; undefined if the server asks nobody who they are. */
  readonly authorization: string | undefined;
}

export interface HttpQuestion {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** To be read once, or closed. Throws what a broken connection means. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Reads and throws away what else is said, so that the connection can be used again. */
  discard(): Promise<void>;
  close(): void;
}

/** Questions to one server over connections that are kept. */
export class HttpExchange {
  readonly #options: HttpExchangeOptions;
  readonly #secure: https.Agent;
  readonly #plain = new http.Agent({ keepAlive: true });

  constructor(options: HttpExchangeOptions) {
    this.#options = options;
    this.#secure = new https.Agent({
      keepAlive: true,
      ...(options.ca !== undefined && { ca: options.ca }),
    });
  }

  /** The answer once it has begun, whatever its status. @throws UNREACHABLE, UNTRUSTED_SERVER, CANCELLED */
  async ask({ method, url, headers = {}, body }: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
    const { authorization } = this.#options;
    const isSecure = url.protocol === 'https:';
    const options = {
      method,
      signal,
      agent: isSecure ? this.#secure : this.#plain,
      timeout: stallTimeoutMs,
      headers: {
        ...headers,
        ...(authorization !== undefined && { Authorization: authorization }),
        ...(method === 'POST' && { 'Content-Length': body?.length ?? 0 }),
      },
    };
    try {
      const request = isSecure ? https.request(url, options) : http.request(url, options);
      request.on('timeout', () => request.destroy(new Error('nothing has moved for two minutes')));
      const answered = once(request, 'response', { signal });
      request.end(body);
      const [response] = (await answered) as [IncomingMessage];
      // A late error of the request would otherwise have no listener; the response reports the same.
      request.on('error', () => undefined);
      const read = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        try {
          yield* response as AsyncIterable<Uint8Array>;
        } catch (error) {
          throw connectionError(url.host, error, signal);
        }
      };
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        bytes: read(),
        discard: async () => {
          try {
            await finished(response.resume());
          } catch (error) {
            throw connectionError(url.host, error, signal);
          }
        },
        close: () => response.destroy(),
      };
    } catch (error) {
      throw connectionError(url.host, error, signal);
    }
  }

  /** The status alone. */
  async status(question: HttpQuestion, signal: AbortSignal): Promise<number> {
    const answer = await this.ask(question, signal);
    await answer.discard();
    return answer.status;
  }
}
