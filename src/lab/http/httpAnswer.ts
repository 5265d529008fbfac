import type { IncomingMessage, ServerResponse } from 'node:http';

/** A part of the server: answers the requests whose path is its own. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

/** A request that cannot be answered, with the status that says why. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
  }
}

/** The body as text; larger ones than `maxBytes` are refused. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) throw new HttpError(413, `the body exceeds ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

export function sendText(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendText(response, status, 'application/json', JSON.stringify(value));
}

/** The proof of a session that clients send along. */
export const sessionCookie = 'vmware_soap_session';

/** The value of a cookie, which is hexadecimal and may be quoted. */
export function cookieIn(request: IncomingMessage, name: string): string | undefined {
  const cookies = (request.headers.cookie ?? '').split(';').map(cookie => cookie.trim());
  const found = cookies.find(cookie => cookie.startsWith(`${name}=`))?.slice(name.length + 1);
  return found === undefined ? undefined : /^"?([0-9a-f]+)"?$/.exec(found)?.[1];
}

/** Aborted when the client hangs up before it has its answer. */
export function hangUpSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
