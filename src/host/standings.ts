import { type Event, EventEmitter } from 'vscode';

import type { Clock } from '../base/clock.ts';
import { CancelledError, toAppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { listStandings, type StandingDto } from '../protocol/recovery.ts';
import type { Jobs } from './jobs.ts';
import { sentence } from './model/errorText.ts';
import type { Worker, WorkerLink } from './workerLink.ts';

export interface StandingsDeps {
  readonly worker: Worker & Pick<WorkerLink, 'onDidChangeGoals' | 'onDidLose'>;
  readonly jobs: Pick<Jobs, 'onDidFinish'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A restore point grows too old, and an acceptance ends, although nothing happens. */
const tickMs = 60_000;

/**
 * How VMs stand against their goals, as last heard of. Of what was asked for once it is asked again when a job has ended
 * or a goal has changed, and by the clock: what is green is green now.
 */
export class Standings {
  /** Somebody may stand otherwise. */
  readonly onDidChange: Event<void>;
  readonly #deps: StandingsDeps;
  readonly #changed = new EventEmitter<void>();
  readonly #lifetime = new AbortController();
  /** By vCenter, then by id of the VM. */
  readonly #known = new Map<string, ReadonlyMap<string, StandingDto>>();
  readonly #subscriptions: readonly { dispose(): void }[];

  constructor(deps: StandingsDeps) {
    this.#deps = deps;
    this.onDidChange = this.#changed.event;
    const { worker, jobs } = deps;
    this.#subscriptions = [
      worker.onDidChangeGoals(() => void this.#refresh()),
      jobs.onDidFinish(() => void this.#refresh()),
      // What it had open is gone: whoever shows a vCenter opens it again and asks.
      worker.onDidLose(() => this.#known.clear()),
    ];
    void this.#tick();
  }

  /** Of the VMs of a vCenter that have a goal; empty until they were asked for. */
  of(vcenter: string): ReadonlyMap<string, StandingDto> {
    return this.#known.get(vcenter) ?? new Map<string, StandingDto>();
  }

  /** The vCenter and the repositories are open. What is found is told as a change. */
  async follow(vcenter: string): Promise<void> {
    if (!this.#known.has(vcenter)) this.#known.set(vcenter, new Map<string, StandingDto>());
    await this.#refresh();
  }

  dispose(): void {
    this.#lifetime.abort(new CancelledError());
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  /** A failure is no reason not to show the VMs: it is logged, and nobody is shown as green. */
  async #ask(vcenter: string, signal: AbortSignal): Promise<void> {
    const { worker, logger } = this.#deps;
    try {
      const { standings, problems } = await worker.request(listStandings, { vcenter }, signal);
      this.#known.set(vcenter, new Map(standings.map(standing => [standing.vmId, standing])));
      for (const problem of problems) logger.warn(sentence(problem));
    } catch (error) {
      signal.throwIfAborted();
      this.#known.set(vcenter, new Map<string, StandingDto>());
      logger.warn(`how VMs stand against their goals is not known: ${toAppError(error).message}`);
    }
  }

  async #refresh(): Promise<void> {
    const before = this.#text();
    try {
      for (const vcenter of [...this.#known.keys()]) await this.#ask(vcenter, this.#lifetime.signal);
    } catch {
      // The window is closed.
      return;
    }
    if (this.#text() !== before) this.#changed.fire();
  }

  async #tick(): Promise<void> {
    try {
      for (;;) {
        await this.#deps.clock.sleep(tickMs, this.#lifetime.signal);
        await this.#refresh();
      }
    } catch {
      // The window is closed.
    }
  }

  #text(): string {
    return JSON.stringify([...this.#known].map(([vcenter, standings]) => [vcenter, ...standings.values()]));
  }
}
