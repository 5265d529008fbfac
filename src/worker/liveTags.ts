import type { Clock } from '../base/clock.ts';
import { AppError, toAppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Tag } from '../core/vsphere/node/tags.ts';

export interface LiveTagsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asks the server for the tags of VMs, by their ids. */
  readonly read: (
    vmIds: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, readonly Tag[]>>;
}

/** The server tells of no changes, so it is asked when somebody looks; not again within this time. */
const pauseMs = 5_000;

const none: readonly Tag[] = [];

/** The tags of a server's VMs as they were last told. Nobody waits for them: they come after the rows they belong to. */
export class LiveTags implements AsyncDisposable {
  readonly #deps: LiveTagsDeps;
  readonly #end = new AbortController();
  #known: ReadonlyMap<string, readonly Tag[]> = new Map();
  #askedAtMs = -Infinity;
  #asking: Promise<void> | undefined;
  /** The server has no such thing. */
  #isWithout = false;

  constructor(deps: LiveTagsDeps) {
    this.#deps = deps;
  }

  of(vmId: string): readonly Tag[] {
    return this.#known.get(vmId) ?? none;
  }

  /**
   * Asks unless that was done a moment ago.
   * @param onChanged  told the ids of the VMs whose tags are different now, if there are any
   */
  refresh(vmIds: () => readonly string[], onChanged: (vmIds: readonly string[]) => void): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const isTooSoon = nowMs - this.#askedAtMs < pauseMs;
    if (this.#isWithout || this.#asking !== undefined || isTooSoon || this.#end.signal.aborted) return;
    this.#askedAtMs = nowMs;
    this.#asking = this.#ask(vmIds(), onChanged).finally(() => {
      this.#asking = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#asking;
  }

  async #ask(vmIds: readonly string[], onChanged: (vmIds: readonly string[]) => void): Promise<void> {
    try {
      const former = this.#known;
      this.#known = await this.#deps.read(vmIds, this.#end.signal);
      const changed = vmIds.filter(id => textOf(former.get(id)) !== textOf(this.#known.get(id)));
      if (changed.length > 0) onChanged(changed);
    } catch (error) {
      this.#isWithout = AppError.is(error, 'UNSUPPORTED_FORMAT');
      if (!this.#end.signal.aborted)
        this.#deps.logger.warn('tags could not be read', { reason: toAppError(error).message });
    }
  }
}

function textOf(tags: readonly Tag[] | undefined): string {
  return JSON.stringify(tags ?? none);
}
