import https from 'node:https';
import type { IncomingMessage } from 'node:http';

import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { JsonReader } from '../../../base/jsonReader.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Credentials } from '../session.ts';
import { unreachable } from './connectionErrors.ts';
import { PinnedAgent, type TlsIdentity } from './pinnedAgent.ts';

export interface RestServer {
  /** As the user calls it, for messages. */
  readonly name: string;
  /** `host[:port]`. */
  readonly host: string;
  readonly identity: TlsIdentity;
}

/** How a server spells the same resources. The older spelling is the only one before vSphere 7. */
interface Dialect {
  readonly prefix: string;
  readonly session: string;
  readonly resource: (id: string) => string;
  readonly action: string;
  /** The answer as an object whose `value` is what was asked for. */
  readonly valueOf: (text: string) => string;
}

const dialects: readonly Dialect[] = [
  {
    ...{ prefix: '/api/', session: '/api/session', action: 'action' },
    resource: id => encodeURIComponent(id),
    valueOf: text => `{"value":${text}}`,
  },
  {
    ...{ prefix: '/rest/com/vmware/', session: '/rest/com/vmware/cis/session', action: '~action' },
    resource: id => `id:${encodeURIComponent(id)}`,
    valueOf: text => text,
  },
];

interface LogIn {
  readonly dialect: Dialect;
  /** The session's key, a secret. */
  readonly token: string;
}

const tokenHeader = 'vmware-api-session-id';
const callTimeoutMs = 60_000;
const logoutTimeoutMs = 10_000;
/** Far beyond any answer about tags. */
const maxAnswerBytes = 64 * 1024 * 1024;
const maxSockets = 4;

/**
 * A session with the REST interface of a vCenter, beside the one of SOAP. Nothing is sent before the first call; that logs
 * in, and so does a call that finds the session expired, once. All calls only read, so they can be repeated. No error
 * holds a password or the session's key. Disposal logs out.
 */
export class RestSession implements AsyncDisposable {
  readonly #server: RestServer;
  readonly #credentials: Credentials;
  readonly #logger: Logger;
  readonly #agent: PinnedAgent;
  #logIn: Promise<LogIn> | undefined;

  constructor(server: RestServer, credentials: Credentials, logger: Logger) {
    this.#server = server;
    this.#credentials = credentials;
    this.#logger = logger;
    this.#agent = new PinnedAgent(server.identity, maxSockets);
  }

  /**
   * The resource in the field `value`.
   * @param collection  for instance "cis/tagging/tag"
   * @throws UNREACHABLE, AUTHENTICATION, PERMISSION, NOT_FOUND; UNSUPPORTED_FORMAT for a server without the interface
   */
  async read(collection: string, id: string, signal: AbortSignal): Promise<JsonReader> {
    return await this.#call('GET', ({ resource }) => `${collection}/${resource(id)}`, undefined, signal);
  }

  /** What an action that only reads answers, in the field `value`. @throws as `read` */
  async ask(collection: string, action: string, body: unknown, signal: AbortSignal): Promise<JsonReader> {
    return await this.#call('POST', dialect => `${collection}?${dialect.action}=${action}`, body, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = await this.#logIn?.catch(() => undefined);
    if (open !== undefined) {
      const { dialect, token } = open;
      try {
        const signal = AbortSignal.timeout(logoutTimeoutMs);
        await this.#send('DELETE', dialect.session, { [tokenHeader]: token }, undefined, signal);
      } catch (error) {
        // The server ends the session by itself.
        this.#logger.warn('logging out failed', { server: this.#server.name, error: String(error) });
      }
    }
    this.#agent.destroy();
  }

  async #call(
    method: 'GET' | 'POST',
    pathOf: (dialect: Dialect) => string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<JsonReader> {
    const first = await this.#loggedIn();
    let [dialect, answer] = await this.#try(first, method, pathOf, body, signal);
    if (answer.status === 401) {
      this.#logger.info('the REST session has expired, logging in again', { server: this.#server.name });
      [dialect, answer] = await this.#try(await this.#loggedInAfter(first), method, pathOf, body, signal);
    }
    if (answer.status < 200 || answer.status > 299) throw this.#refused(answer.status);
    const document = `the answer of ${this.#server.name}`;
    return JsonReader.parse(dialect.valueOf(answer.text), document);
  }

  async #try(
    { dialect, token }: LogIn,
    method: 'GET' | 'POST',
    pathOf: (dialect: Dialect) => string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<[Dialect, Answer]> {
    const path = `${dialect.prefix}${pathOf(dialect)}`;
    return [dialect, await this.#send(method, path, { [tokenHeader]: token }, body, signal)];
  }

  /** Several calls wait for one login, so that none of them may cancel it. */
  async #loggedIn(): Promise<LogIn> {
    const attempt = (this.#logIn ??= this.#open(AbortSignal.timeout(callTimeoutMs)));
    try {
      return await attempt;
    } catch (error) {
      if (this.#logIn === attempt) this.#logIn = undefined;
      throw error;
    }
  }

  /** Another login than the one that is known to have expired. */
  async #loggedInAfter(expired: LogIn): Promise<LogIn> {
    const current = await this.#loggedIn();
    if (current.token !== expired.token) return current;
    this.#logIn = undefined;
    return await this.#loggedIn();
  }

  async #open(signal: AbortSignal): Promise<LogIn> {
    const { user, source } = this.#credentials;
    const password = await source.password(signal);
    const basic = Buffer.from(`${user}:${password.reveal()}`).toString('base64');
    for (const dialect of dialects) {
      const headers = { Authorization: `Basic ${basic}` };
      const { status, text } = await this.#send('POST', dialect.session, headers, undefined, signal);
      if (status === 404 || status === 405) continue;
      if (status < 200 || status > 299) throw this.#refused(status);
      return { dialect, token: JsonReader.parse(dialect.valueOf(text), 'the new session').string('value') };
    }
    throw new AppError('UNSUPPORTED_FORMAT', `${this.#server.name} has no REST interface`, {
      object: this.#server.name,
    });
  }

  async #send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: unknown,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { host } = this.#server;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const limited = AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)]);
    try {
      const message = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = https.request(`https://${host}${path}`, {
          ...{ method, agent: this.#agent, signal: limited },
          headers: {
            ...{ ...headers, Accept: 'application/json' },
            'Content-Length': text === undefined ? 0 : Buffer.byteLength(text),
            ...(text !== undefined && { 'Content-Type': 'application/json' }),
          },
        });
        request.once('response', resolve);
        // An abort surfaces as AbortError whatever its reason; a time-out must not look like the user's wish.
        request.once('error', error => reject(limited.aborted ? (limited.reason as Error) : error));
        request.end(text);
      });
      return { status: message.statusCode ?? 0, text: await readText(message) };
    } catch (error) {
      throw unreachable(host, error);
    }
  }

  #refused(status: number): AppError {
    const { name } = this.#server;
    const details = { object: name };
    if (status === 401)
      return new AppError(
        'AUTHENTICATION',
        `${name} does not accept the user ${this.#credentials.user} with this password`,
        details,
      );
    if (status === 403) return new AppError('PERMISSION', `${name} refuses to tell about tags`, details);
    if (status === 404) return new AppError('NOT_FOUND', `${name} does not know it any more`, details);
    const isBusy = status === 429 || status >= 500;
    return new AppError('UNREACHABLE', `${name} answered with HTTP status ${status}`, {
      ...{ ...details, retryable: isBusy },
      ...(isBusy && { remedy: 'Wait until the server has started or has less to do' }),
    });
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function readText(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > maxAnswerBytes) {
      message.destroy();
      throw new CorruptDataError(`the answer exceeds ${maxAnswerBytes} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
