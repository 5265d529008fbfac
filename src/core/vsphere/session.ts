import { lateAbort } from '../../base/async/lateAbort.ts';
import type { Clock } from '../../base/clock.ts';
import type { CredentialSource } from '../../base/credentialSource.ts';
import { AppError, CancelledError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { type Capability, hasCapability } from './capabilities.ts';
import { plainName } from './entityName.ts';
import { describeRef, VimFaultError } from './faults.ts';
import { isPermissionFault, permissionError } from './permissionError.ts';
import { isRepeatable } from './repeatable.ts';
import type { MoRef } from './schema/moRef.ts';
import type { Answer, Arguments, OperationName, Vim, VimCaller } from './vimCaller.ts';

export interface Credentials {
  readonly user: string;
  readonly source: CredentialSource;
}

export interface SessionDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The session ended around a call that must not be sent twice. Whether the server has done it is not known: it may have
 * refused it at once or lost the session while doing it. The session is open again.
 */
export class UnknownOutcomeError extends AppError {
  readonly operation: OperationName;

  constructor(operation: OperationName, target: MoRef, server: string, cause: VimFaultError) {
    super(
      'CONFLICT',
      `${server}: the session ended around ${operation} of ${describeRef(target)}; whether it was done is not known`,
      { object: server, remedy: 'Look at what the server has, then try again', cause, retryable: true },
    );
    this.name = 'UnknownOutcomeError';
    this.operation = operation;
  }
}

/** A server forgets a session after 30 minutes without a call, some installations earlier. */
const keepAliveIntervalMs = 5 * 60_000;

const logoutTimeoutMs = 10_000;

const nameTimeoutMs = 10_000;

/**
 * A logged-in user of one vCenter or ESXi host. Calls go on when the server forgets the session: it is opened again,
 * once for all calls that notice, and the call repeated if it can be; one that cannot ends with UnknownOutcomeError.
 * What lived in the old session, such as filters and views, is gone then. Disposal logs out.
 */
export class VimSession implements VimCaller, AsyncDisposable {
  readonly content: Vim<'ServiceContent'>;
  /** As the user wrote it, for messages. */
  readonly server: string;
  readonly #caller: VimCaller;
  readonly #credentials: Credentials;
  readonly #deps: SessionDeps;
  readonly #end = new AbortController();
  #keepAlive: Promise<void> = Promise.resolve();
  #login: Promise<void> | undefined;
  #loginCount = 0;
  #lastAnswer: Date;
  #key = '';

  private constructor(
    caller: VimCaller,
    server: string,
    content: Vim<'ServiceContent'>,
    credentials: Credentials,
    deps: SessionDeps,
  ) {
    this.#caller = caller;
    this.server = server;
    this.content = content;
    this.#credentials = credentials;
    this.#deps = deps;
    this.#lastAnswer = deps.clock.now();
  }

  /**
   * @param server  how the user calls the server, for messages
   * @throws AUTHENTICATION naming user and server if they are refused; UNREACHABLE
   */
  static async open(
    caller: VimCaller,
    server: string,
    credentials: Credentials,
    deps: SessionDeps,
    signal: AbortSignal,
  ): Promise<VimSession> {
    const content = await caller.call('RetrieveServiceContent', serviceInstance, {}, signal);
    const session = new VimSession(caller, server, content, credentials, deps);
    await session.#logIn(signal);
    if (signal.aborted) {
      await session[Symbol.asyncDispose]();
      throw new CancelledError();
    }
    session.#keepAlive = session.#keepSessionAlive();
    return session;
  }

  /** What the server calls this session; another one after it was opened again. No secret. */
  get key(): string {
    return this.#key;
  }

  get user(): string {
    return this.#credentials.user;
  }

  get about(): Vim<'AboutInfo'> {
    return this.content.about;
  }

  /** Whether this server can do it, by its version and kind. */
  has(capability: Capability): boolean {
    return hasCapability(this.about, capability);
  }

  /** Names the server for ever: its address may change, this does not. An ESXi host has none; its name stands in. */
  get instanceUuid(): string {
    return this.about.instanceUuid ?? this.server;
  }

  async call<Name extends OperationName>(
    operation: Name,
    target: MoRef,
    args: Arguments<Name>,
    signal: AbortSignal,
  ): Promise<Answer<Name>> {
    const loginsBefore = this.#loginCount;
    try {
      // After a pause, such as the sleep of a laptop, the session is hardly there any more: asked first by a call that can
      // be repeated, it costs nothing that cannot.
      if (!isRepeatable[operation] && this.#hasBeenIdle())
        await this.call('CurrentTime', serviceInstance, {}, signal);
      const answer = await this.#caller.call(operation, target, args, signal);
      this.#lastAnswer = this.#deps.clock.now();
      return answer;
    } catch (error) {
      if (isPermissionFault(error))
        throw await permissionError(
          error,
          { user: this.user, operation },
          async object => await this.#nameOf(object),
        );
      if (!VimFaultError.isFault(error, 'NotAuthenticated')) throw error;
      this.#deps.logger.info('the session has expired, logging in again', { server: this.server });
      // A call that finds out late, when another one has logged in already, must not leave that session behind.
      if (this.#loginCount === loginsBefore) await this.#logInAgain();
      if (!isRepeatable[operation]) throw new UnknownOutcomeError(operation, target, this.server, error);
      return await this.#caller.call(operation, target, args, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#keepAlive;
    await this.#login?.catch(() => undefined);
    try {
      await this.#caller.call('Logout', this.#sessionManager(), {}, AbortSignal.timeout(logoutTimeoutMs));
    } catch (error) {
      // The server ends the session by itself; the work that used it has its own result.
      this.#deps.logger.warn('logging out failed', { server: this.server, error: String(error) });
    }
  }

  async #logInAgain(): Promise<void> {
    // Several calls wait for it, so that none of them may cancel it.
    this.#login ??= this.#logIn(this.#end.signal).finally(() => {
      this.#login = undefined;
    });
    await this.#login;
  }

  async #logIn(signal: AbortSignal): Promise<void> {
    const { user, source } = this.#credentials;
    const password = await source.password(signal);
    try {
      const { key } = await this.#caller.call(
        'Login',
        this.#sessionManager(),
        { userName: user, password: password.reveal(), locale: 'en_US' },
        // The session of a login that the server has heard of would stay behind if nobody knew of it.
        lateAbort(signal, logoutTimeoutMs),
      );
      this.#loginCount += 1;
      this.#key = key;
    } catch (error) {
      if (!VimFaultError.isFault(error, 'InvalidLogin', 'PasswordExpired')) throw error;
      throw new AppError(
        'AUTHENTICATION',
        `${this.server} does not accept the user ${user} with this password`,
        {
          object: this.server,
          remedy:
            'Check the user name and the password; users of a domain are written DOMAIN\\user or user@domain',
          cause: error,
        },
      );
    }
  }

  async #keepSessionAlive(): Promise<void> {
    const signal = this.#end.signal;
    for (;;) {
      try {
        await this.#deps.clock.sleep(keepAliveIntervalMs, signal);
        await this.call('CurrentTime', serviceInstance, {}, signal);
      } catch (error) {
        if (signal.aborted) return;
        // The next call of the work itself meets the same problem and reports it.
        this.#deps.logger.debug('keeping the session alive failed', { error: String(error) });
      }
    }
  }

  /** For an error that is on its way: it must not be lost to another one. */
  async #nameOf(object: MoRef): Promise<string | undefined> {
    const filter = { propSet: [{ type: object.type, pathSet: ['name'] }], objectSet: [{ obj: object }] };
    try {
      const answer = await this.#caller.call(
        'RetrievePropertiesEx',
        this.content.propertyCollector,
        { specSet: [filter], options: {} },
        AbortSignal.timeout(nameTimeoutMs),
      );
      const name = answer?.objects[0]?.propSet?.[0]?.val;
      return typeof name === 'string' ? plainName(name) : undefined;
    } catch {
      return undefined;
    }
  }

  #hasBeenIdle(): boolean {
    return Math.abs(this.#deps.clock.now().getTime() - this.#lastAnswer.getTime()) > keepAliveIntervalMs;
  }

  #sessionManager(): MoRef {
    return required(this.content.sessionManager, 'session manager', this.server);
  }
}

export const serviceInstance: MoRef = { type: 'ServiceInstance', value: 'ServiceInstance' };

/** A manager that a standalone host may lack. */
export function required(manager: MoRef | undefined, what: string, server: string): MoRef {
  if (manager !== undefined) return manager;
  throw new AppError('UNSUPPORTED_FORMAT', `${server} has no ${what}`, { object: server });
}
