import type { Clock } from '../base/clock.ts';
import { toHex, type Random } from '../base/random.ts';

/** A host's proof of what a vCenter has allowed is good for a few minutes. */
const lifetimeMs = 5 * 60_000;

const httpMethods: Readonly<Record<string, readonly string[]>> = {
  httpGet: ['GET', 'HEAD'],
  httpPut: ['PUT'],
  httpHead: ['HEAD'],
};

interface Ticket {
  readonly path: string;
  readonly method: string;
  /** Whose rights it gives. */
  readonly user: string;
  readonly untilMs: number;
}

/** What a ticket turned out to be; a wrong one is kept, one that was used is unknown. */
export type TicketAnswer =
  { readonly verdict: 'good'; readonly user: string } | { readonly verdict: 'wrong' | 'unknown' };

/** Permissions for single HTTP requests, given by AcquireGenericServiceTicket and shown as a cookie. Each is good once. */
export class ServiceTickets {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #issued = new Map<string, Ticket>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** @param method  as the API writes it, for instance "httpGet" */
  issue(url: string, method: string, user: string): string {
    const id = toHex(this.#random.bytes(20));
    const path = pathAndQuery(url);
    this.#issued.set(id, { path, method, user, untilMs: this.#clock.monotonicMs() + lifetimeMs });
    return id;
  }

  /** Whether the ticket was issued for this request. */
  use(id: string, url: string, method: string): TicketAnswer {
    const ticket = this.#issued.get(id);
    if (ticket === undefined || this.#clock.monotonicMs() > ticket.untilMs) return { verdict: 'unknown' };
    if (ticket.path !== pathAndQuery(url) || httpMethods[ticket.method]?.includes(method) !== true)
      return { verdict: 'wrong' };
    this.#issued.delete(id);
    return { verdict: 'good', user: ticket.user };
  }
}

/** Without the host, whose name clients and servers write differently, and with the query in one order. */
function pathAndQuery(url: string): string {
  const { pathname, searchParams } = new URL(url, 'https://lab.invalid');
  searchParams.sort();
  return `${pathname}?${searchParams.toString()}`;
}
