import http, { type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * What becomes of a request: it passes; it is told to slow down, or that the server knows no such thing; it is done and its
 * answer lost; nobody ever answers.
 */
export type RequestFate = 'pass' | 'slow-down' | 'not-implemented' | 'answer-lost' | 'silence';

export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** A proxy in front of a server of objects, whose test decides about each request. */
export class StoreProxy implements AsyncDisposable {
  readonly #server: http.Server;
  readonly #agent = new http.Agent();
  fateOf: (request: ProxiedRequest) => RequestFate = () => 'pass';
  /** Waited for once the server has half of a request's body; it may end the server meanwhile. */
  onHalf: (request: ProxiedRequest) => Promise<void> = async () => await Promise.resolve();

  private constructor(targetPort: number) {
    this.#server = http.createServer((request, response) => {
      void this.#proxy(targetPort, request, response).catch(() => response.destroy());
    });
  }

  static async start(targetPort: number): Promise<StoreProxy> {
    const proxy = new StoreProxy(targetPort);
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  async #proxy(port: number, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming;
    const asked = { method, path, headers };
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const fate = this.fateOf(asked);
    if (fate === 'silence') return;
    if (fate === 'slow-down' || fate === 'not-implemented') {
      const [status, code] = fate === 'slow-down' ? [503, 'SlowDown'] : [501, 'NotImplemented'];
      response.writeHead(status, { 'Content-Type': 'application/xml' });
      response.end(`<Error><Code>${code}</Code><Message>said by the proxy</Message></Error>`);
      return;
    }
    const outgoing = http.request({ host: '127.0.0.1', port, method, path, headers, agent: this.#agent });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.once('error', reject);
    });
    answered.catch(() => undefined);
    const half = body.length >> 1;
    await new Promise(resolve => outgoing.write(body.subarray(0, half), resolve));
    await this.onHalf(asked);
    outgoing.end(body.subarray(half));
    const answer = await answered;
    const said: Buffer[] = [];
    for await (const piece of answer) said.push(piece as Buffer);
    if (fate === 'answer-lost') {
      response.destroy();
      return;
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    response.end(Buffer.concat(said));
  }
}
