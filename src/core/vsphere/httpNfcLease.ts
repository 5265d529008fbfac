import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { localizedFault, VimFaultError } from './faults.ts';
import { watchObject } from './propertyWatch.ts';
import type { MoRef } from './schema/moRef.ts';
import type { VimSession } from './session.ts';
import type { Vim } from './vimCaller.ts';

export interface LeaseDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A server gives a lease up after `leaseTimeout` seconds, usually 300, without a word from us. */
const longestSilenceMs = 30_000;
const endTimeoutMs = 30_000;
/**
 * How long a call that grants a lease is waited for when it is cancelled (`lateAbort`): a lease whose id never reached
 * us cannot be aborted, and blocks its VM until the server ends it, minutes later.
 */
export const leaseGrantPatienceMs = 30_000;

/**
 * A lease on a VM's or snapshot's disks. While it is held the server is told of the progress at least every 30
 * seconds, even if there is none: silence ends a lease. Exactly one of `complete` and `abort` should end it; disposal
 * aborts one that neither has ended.
 */
export class HttpNfcLease implements AsyncDisposable {
  readonly lease: MoRef;
  readonly info: Vim<'HttpNfcLeaseInfo'>;
  /** Aborted with the reason as soon as the server has ended the lease or cannot be told of progress any more. */
  readonly lost: AbortSignal;
  readonly #session: VimSession;
  readonly #object: string;
  readonly #deps: LeaseDeps;
  readonly #lost = new AbortController();
  readonly #end = new AbortController();
  readonly #keepAlive: Promise<void>;
  #percent = 0;
  #isEnded = false;

  private constructor(
    session: VimSession,
    lease: MoRef,
    object: string,
    info: Vim<'HttpNfcLeaseInfo'>,
    deps: LeaseDeps,
  ) {
    this.#session = session;
    this.lease = lease;
    this.#object = object;
    this.info = info;
    this.#deps = deps;
    this.lost = this.#lost.signal;
    this.#keepAlive = this.#keepLeaseAlive();
  }

  /**
   * Waits until the server has prepared a lease it has granted. A lease that does not become ready is aborted.
   * @param object  what is exported or imported, as the user knows it
   */
  static async ready(
    session: VimSession,
    lease: MoRef,
    object: string,
    deps: LeaseDeps,
    signal: AbortSignal,
  ): Promise<HttpNfcLease> {
    try {
      const paths = ['state', 'error', 'info'] as const;
      for await (const { state, error, info } of watchObject(session, 'HttpNfcLease', lease, paths, signal)) {
        if (state === 'error') throw localizedFault(error ?? { fault: {} }, 'the lease', object);
        if (state === 'done') throw new AppError('CONFLICT', `${object}: the lease has ended`, { object });
        if (state === 'ready' && info !== undefined)
          return new HttpNfcLease(session, lease, object, info, deps);
      }
    } catch (error) {
      await abortLease(session, lease).catch(() => undefined);
      throw error;
    }
    throw new AppError('INTERNAL', `${object}: the lease never became ready`, { object });
  }

  /** What the server is told next; it shows it to its users. 0 … 100. */
  set percent(percent: number) {
    this.#percent = Math.max(0, Math.min(100, Math.floor(percent)));
  }

  /**
   * Why a transfer broke: what the server says of the lease, if it has ended that, else what is given. Asks the server, which
   * the next word of progress would do half a minute later.
   */
  async reasonFor(error: unknown): Promise<unknown> {
    if (!this.#isEnded && !this.lost.aborted) {
      const signal = AbortSignal.timeout(endTimeoutMs);
      try {
        await this.#session.call('HttpNfcLeaseProgress', this.lease, { percent: this.#percent }, signal);
      } catch (refusal) {
        if (isRefused(refusal)) this.#lose(refusal);
      }
    }
    return this.lost.aborted ? this.lost.reason : error;
  }

  /** The checksums of what was transferred, from a server that keeps them. */
  async manifest(signal: AbortSignal): Promise<readonly Vim<'HttpNfcLeaseManifestEntry'>[]> {
    return await this.#session.call('HttpNfcLeaseGetManifest', this.lease, {}, signal);
  }

  /** Ends the lease: everything was transferred. For an import this makes the VM the user's. */
  async complete(signal: AbortSignal): Promise<void> {
    this.lost.throwIfAborted();
    await this.#stopKeepAlive();
    await this.#session.call('HttpNfcLeaseComplete', this.lease, {}, signal);
    this.#isEnded = true;
  }

  /** Ends the lease: the transfer failed. For an import the server removes what it had created. */
  async abort(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#stopKeepAlive();
    try {
      await abortLease(this.#session, this.lease);
    } catch (error) {
      this.#deps.logger.warn('a lease could not be aborted; the server ends it by itself', {
        object: this.#object,
        error: String(error),
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  async #stopKeepAlive(): Promise<void> {
    this.#end.abort();
    await this.#keepAlive;
  }

  async #keepLeaseAlive(): Promise<void> {
    const signal = this.#end.signal;
    const timeoutMs = this.info.leaseTimeout * 1000;
    const intervalMs = Math.min(longestSilenceMs, timeoutMs > 0 ? timeoutMs / 4 : longestSilenceMs);
    let heardAtMs = this.#deps.clock.monotonicMs();
    while (!this.lost.aborted) {
      try {
        await this.#session.call('HttpNfcLeaseProgress', this.lease, { percent: this.#percent }, signal);
        heardAtMs = this.#deps.clock.monotonicMs();
      } catch (error) {
        if (signal.aborted) return;
        const isOver = timeoutMs > 0 && this.#deps.clock.monotonicMs() - heardAtMs > timeoutMs;
        if (isOver || isRefused(error)) this.#lose(error);
        else this.#deps.logger.warn('the server did not hear of the progress', { object: this.#object });
      }
      await this.#deps.clock.sleep(intervalMs, signal).catch(() => undefined);
      if (signal.aborted) return;
    }
  }

  #lose(cause: unknown): void {
    const { message } = cause as Error;
    this.#lost.abort(
      new AppError('UNREACHABLE', `${this.#object}: the server has ended the lease: ${message}`, {
        object: this.#object,
        cause,
        remedy: 'Try again',
      }),
    );
  }
}

/** Whether the server does not want to hear of the progress, rather than cannot; a lease that has timed out answers so. */
function isRefused(error: unknown): boolean {
  return VimFaultError.isFault(error, 'Timedout') || !AppError.is(error, 'UNREACHABLE', 'CANCELLED');
}

/** Aborts a lease whoever took it; one that has already ended is fine. */
export async function abortLease(session: VimSession, lease: MoRef): Promise<void> {
  try {
    await session.call('HttpNfcLeaseAbort', lease, {}, AbortSignal.timeout(endTimeoutMs));
  } catch (error) {
    if (!AppError.is(error, 'NOT_FOUND', 'CONFLICT')) throw error;
  }
}
