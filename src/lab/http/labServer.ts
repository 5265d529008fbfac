import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { MiB } from '../../base/units.ts';
import type { ServerCertificate } from '../tls/selfSigned.ts';
import { HttpError, sendText, type RequestHandler } from './httpAnswer.ts';

/** A server of the lab: TLS, on a loopback address. Which part answers is decided by the longest matching prefix. */
export class LabServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #logger: Logger;
  readonly #connections = new Set<Duplex>();
  #isAway = false;
  #requestCount = 0;
  readonly #handlers = new Map<string, RequestHandler>();

  constructor(certificate: ServerCertificate, logger: Logger) {
    this.#logger = logger;
    const { certificatePem, privateKeyPem } = certificate;
    this.#server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
      const url = new URL(request.url ?? '/', 'https://lab.invalid');
      const handler = this.#handlerOf(url.pathname);
      if (!url.pathname.startsWith('/lab/')) this.#requestCount += 1;
      const answered =
        handler === undefined
          ? Promise.reject(new HttpError(404, 'Not found'))
          : handler(request, response, url);
      answered.catch((error: unknown) => {
        const status = error instanceof HttpError ? error.status : 500;
        const message = error instanceof Error ? error.message : String(error);
        if (status === 500 && !response.destroyed) this.#logger.error(message, { path: url.pathname });
        if (response.headersSent) response.destroy();
        else void heardOut(request).then(() => sendText(response, status, 'text/plain', message));
      });
    });
    // Uploads of large disks take longer than Node's limit for a request.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on('connection', (connection: Duplex) => {
      if (this.#isAway) {
        connection.destroy();
        return;
      }
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
    });
  }

  /** Requests that have arrived, but for those to the control API. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /** From the next connection on. */
  replaceCertificate({ certificatePem, privateKeyPem }: ServerCertificate): void {
    this.#server.setSecureContext({ cert: certificatePem, key: privateKeyPem });
  }

  /** @param prefix  of paths, for instance "/sdk" */
  handle(prefix: string, handler: RequestHandler): void {
    this.#handlers.set(prefix, handler);
  }

  /**
   * Returns the authority under which the server answers, for instance "127.0.0.1:8989".
   * @param address  host and port; port 0 takes a free one
   * @throws INVALID_INPUT for anything but a loopback address
   */
  async listen(address: string): Promise<string> {
    const { host, port } = parseLoopback(address);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    const bound = this.#server.address() as AddressInfo;
    return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
  }

  /** Breaks every connection, the caller's own among them. Returns how many there were. */
  cutConnections(): number {
    const count = this.#connections.size;
    // After the answer to who asked for it is on its way.
    setImmediate(() => {
      for (const connection of this.#connections) connection.destroy();
    });
    return count;
  }

  /** Whoever comes is turned away for so long, as while a server starts anew. */
  stayAway(durationMs: number): void {
    this.#isAway = true;
    setTimeout(() => {
      this.#isAway = false;
    }, durationMs);
    this.cutConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve));
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  #handlerOf(path: string): RequestHandler | undefined {
    const prefixes = [...this.#handlers.keys()].filter(
      prefix => path === prefix || path.startsWith(`${prefix}/`),
    );
    const longest = prefixes.sort((a, b) => b.length - a.length)[0];
    return longest === undefined ? undefined : this.#handlers.get(longest);
  }
}

/** What a client may still be sending when it is refused; nobody waits for the end of a disk. */
const longestRefusedBytes = 8 * MiB;

/**
 * A refusal ends the connection where it is not kept alive, and a client that is still sending then sees a broken
 * connection instead of the refusal. So its request is read to the end first, unless that would take long.
 */
async function heardOut(request: IncomingMessage): Promise<void> {
  const length = request.headers['content-length'];
  if (length === undefined || Number(length) > longestRefusedBytes) return;
  // An iterator that was left early lets go of the request only in the next turn; until then nothing makes it flow.
  await new Promise(resolve => setImmediate(resolve));
  if (request.complete || request.destroyed) return;
  const ended = new Promise<void>(resolve => {
    request.once('end', resolve);
    request.once('close', resolve);
  });
  request.resume();
  await ended;
}

function parseLoopback(address: string): { host: string; port: number } {
  const match = /^(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535)
    throw new AppError('INVALID_INPUT', `the lab does not listen on ${address}`, {
      object: address,
      remedy:
        'Give a loopback address with a port, for instance 127.0.0.1:0; the lab is for this machine alone',
    });
  return { host: match[1] === '[::1]' ? '::1' : match[1], port };
}
