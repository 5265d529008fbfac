import type { Clock } from '../base/clock.ts';
import { toHex, type Random } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import type { MoRef } from '../core/vsphere/schema/moRef.ts';
import type { Collector } from './properties/collector.ts';
import type { FoundObject } from './properties/objectContent.ts';

/** A client that has logged in. */
export interface LabSession {
  /** The cookie's value, the client's proof. */
  readonly secret: string;
  /** What other clients may see of it. */
  readonly key: string;
  readonly userName: string;
  readonly loginTime: Date;
  lastActiveTime: Date;
  callCount: number;
  readonly userAgent: string;
  /** Views, collectors and filters that go with the session. */
  readonly ownedObjects: Set<MoRef>;
  /** The server's property collector with this session's filters, once it has some. */
  defaultCollector: Collector | undefined;
  /** Pages of large answers by token. */
  readonly unfinishedRetrievals: Map<
    string,
    { readonly objects: readonly FoundObject[]; readonly pageSize: number }
  >;
  /** Aborted when the session ends, however it ends. */
  readonly ended: AbortController;
}

/** Who may log in. */
export interface Account {
  readonly userName: string;
  readonly password: Secret;
}

export interface SessionOptions {
  readonly accounts: readonly Account[];
  readonly clock: Clock;
  readonly random: Random;
  /** Told after a session is gone, with what it owned. */
  readonly onEnd: (session: LabSession) => void;
}

/** Who is logged in. A session that is idle for too long is as good as logged out. */
export class Sessions {
  readonly #options: SessionOptions;
  readonly #sessions = new Map<string, LabSession>();
  readonly #past: { key: string; userName: string; loginTime: Date; callCount: number }[] = [];
  /** vCenter's default is 30 minutes. */
  idleTimeoutMs = 30 * 60_000;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Undefined if name or password are wrong. */
  login(userName: string, password: string, userAgent: string): LabSession | undefined {
    const account = this.accountWith(userName, password);
    if (account === undefined) return undefined;
    const { clock, random } = this.#options;
    const now = clock.now();
    const session: LabSession = {
      secret: toHex(random.bytes(20)),
      key: toHex(random.bytes(16)),
      userName: account,
      loginTime: now,
      lastActiveTime: now,
      callCount: 0,
      userAgent,
      ownedObjects: new Set(),
      defaultCollector: undefined,
      unfinishedRetrievals: new Map(),
      ended: new AbortController(),
    };
    this.#sessions.set(session.secret, session);
    return session;
  }

  /** The name of the account that may log in with that name and password. */
  accountWith(userName: string, password: string): string | undefined {
    const { accounts } = this.#options;
    return accounts.find(
      account =>
        account.userName.toLowerCase() === userName.toLowerCase() && account.password.reveal() === password,
    )?.userName;
  }

  /** The live session of a cookie; finding it counts as activity. */
  find(secret: string | undefined): LabSession | undefined {
    const session = secret === undefined ? undefined : this.#sessions.get(secret);
    if (session === undefined) return undefined;
    const now = this.#options.clock.now();
    if (now.getTime() - session.lastActiveTime.getTime() > this.idleTimeoutMs) {
      this.end(session);
      return undefined;
    }
    session.lastActiveTime = now;
    session.callCount += 1;
    return session;
  }

  end(session: LabSession): void {
    if (!this.#sessions.delete(session.secret)) return;
    const { key, userName, loginTime, callCount } = session;
    this.#past.push({ key, userName, loginTime, callCount });
    session.ended.abort();
    this.#options.onEnd(session);
  }

  /** The account's name as it was given, whatever the case it is asked for in; undefined if there is none. */
  accountNamed(userName: string): string | undefined {
    const { accounts } = this.#options;
    return accounts.find(known => known.userName.toLowerCase() === userName.toLowerCase())?.userName;
  }

  live(): readonly LabSession[] {
    return [...this.#sessions.values()];
  }

  /** Those that have ended, oldest first. */
  past(): readonly { key: string; userName: string; loginTime: Date; callCount: number }[] {
    return this.#past;
  }
}
