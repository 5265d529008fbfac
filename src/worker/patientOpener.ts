import type { Clock } from '../base/clock.ts';
import { toAppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { vcenterChanged, type VCenterParams } from '../protocol/vcenter.ts';
import { toWireError } from '../protocol/wireError.ts';
import type { TellClients } from './clients.ts';
import type { GuardKeeper } from './guardKeeper.ts';
import type { SnapshotWatch } from './snapshotWatch.ts';
import type { Openers, OpenVCenters, VCenterPlace } from './openers.ts';

export interface PatientOpenerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly vcenters: OpenVCenters;
  readonly openers: Pick<Openers, 'openVCenter'>;
  readonly guard: Pick<GuardKeeper, 'startIfNeeded'>;
  readonly snapshots: Pick<SnapshotWatch, 'look'>;
  readonly tellClients: TellClients;
  /** How long to wait before the n-th attempt, from 0. */
  readonly retryMs: (attempt: number) => number;
}

interface Trying {
  readonly params: VCenterParams;
  readonly end: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Opens vCenters. One that cannot be reached is tried again, after longer and longer pauses, until it is open. A login that
 * is refused is not repeated: the server would lock the account.
 */
export class PatientOpener implements AsyncDisposable {
  readonly #deps: PatientOpenerDeps;
  readonly #trying = new Map<string, Trying>();

  constructor(deps: PatientOpenerDeps) {
    this.#deps = deps;
  }

  /**
   * Tries at once, whatever is being waited for under that name.
   * @throws what opening fails with; it goes on trying then, if the parameters say so and it may help
   */
  async open(params: VCenterParams, signal: AbortSignal): Promise<VCenterPlace> {
    await this.stop(params.name);
    try {
      return await this.#open(params, signal);
    } catch (error) {
      if (params.keepTrying === true && toAppError(error).retryable) this.#keepTrying(params);
      throw error;
    }
  }

  /** What it was that was tried under that name, if anything was. */
  async stop(name: string): Promise<VCenterParams | undefined> {
    const trying = this.#trying.get(name);
    this.#trying.delete(name);
    trying?.end.abort();
    await trying?.ended;
    return trying?.params;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#trying.keys()) await this.stop(name);
  }

  async #open(params: VCenterParams, signal: AbortSignal): Promise<VCenterPlace> {
    const { vcenters, openers, guard, snapshots, tellClients } = this.#deps;
    const known = vcenters.list().find(({ name }) => name === params.name)?.place;
    const opener = async () => await openers.openVCenter(params, signal);
    const place = await vcenters.findOrOpen(params.name, params, opener, signal);
    tellClients(vcenterChanged, { name: params.name });
    await guard.startIfNeeded();
    if (place !== known) void snapshots.look(params.name);
    return place;
  }

  #keepTrying(params: VCenterParams): void {
    // Two clients may have asked for it at the same time.
    this.#trying.get(params.name)?.end.abort();
    const end = new AbortController();
    const trying: Trying = { params, end, ended: this.#tryUntilOpen(params, end.signal) };
    this.#trying.set(params.name, trying);
    void trying.ended.then(() => {
      if (this.#trying.get(params.name) === trying) this.#trying.delete(params.name);
    });
  }

  async #tryUntilOpen(params: VCenterParams, signal: AbortSignal): Promise<void> {
    const { clock, logger, tellClients, retryMs } = this.#deps;
    const { name } = params;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await clock.sleep(retryMs(attempt), signal);
        await this.#open(params, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const { retryable, message } = toAppError(error);
        logger.info('a vCenter still cannot be opened', { name, reason: message, isTriedAgain: retryable });
        if (retryable) continue;
        tellClients(vcenterChanged, { name, problem: toWireError(error) });
        return;
      }
    }
  }
}
