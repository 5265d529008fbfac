import type { Clock } from '../base/clock.ts';
import { toHex, type Random } from '../base/random.ts';

/** A host's proof of what a vCenter has allowed is good for a few minutes. */
const lifetimeMs = 5 * 60_000;

const httpMethods: Readonly<Record<string, readonly string[]>> = {
  httpGet: ['GET', 'HEAD'],
  httpPut: ['PUT'],
  httpHead: ['HEAD'],
};

/** Permissions for single HTTP requests, given by AcquireGenericServiceTicket and shown as a cookie. Each is good once. */
export class ServiceTickets {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #issued = new Map<
    string,
    { readonly path: string; readonly method: string; readonly untilMs: number }
  >();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** @param method  as the API writes it, for instance "httpGet" */
  issue(url: string, method: string): string {
    const id = toHex(this.#random.bytes(20));
    const path = pathAndQuery(url);
    this.#issued.set(id, { path, method, untilMs: this.#clock.monotonicMs() + lifetimeMs });
    return id;
  }

  /** Whether the ticket was issued for this request. `wrong` keeps it; a ticket that was used is `unknown`. */
  use(id: string, url: string, method: string): 'good' | 'wrong' | 'unknown' {
    const ticket = this.#issued.get(id);
    if (ticket === undefined || this.#clock.monotonicMs() > ticket.untilMs) return 'unknown';
    if (ticket.path !== pathAndQuery(url) || httpMethods[ticket.method]?.includes(method) !== true)
      return 'wrong';
    this.#issued.delete(id);
    return 'good';
  }
}

/** Without the host, whose name clients and servers write differently, and with the query in one order. */
function pathAndQuery(url: string): string {
  const { pathname, searchParams } = new URL(url, 'https://lab.invalid');
  searchParams.sort();
  return `${pathname}?${searchParams.toString()}`;
}
