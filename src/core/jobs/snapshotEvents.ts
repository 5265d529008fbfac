import { toAppError } from '../../base/errors.ts';
import { tellsOfFailedQuiescing } from '../consistency/troubleshooting/quiesceMessages.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';
import { serviceInstance, type VimSession } from '../vsphere/session.ts';
import { readVmEvents, type VmEventFacts } from '../vsphere/vmEvents.ts';

/** What happened to a VM since a call for a snapshot began. */
export interface EventsInWindow {
  /** By the server's clock. */
  readonly window: { readonly from: Date; readonly to: Date };
  readonly events: readonly VmEventFacts[];
  /** Why the events are not known. */
  readonly eventsProblem: string | undefined;
}

/** Looks at a VM's events around the calls for a snapshot of it; a failure to see them is told and ends nothing. */
export class SnapshotEvents {
  readonly #session: VimSession;
  readonly #vm: MoRef;
  #from = new Date(0);

  constructor(session: VimSession, vm: MoRef) {
    this.#session = session;
    this.#vm = vm;
  }

  /** A call begins. What an earlier one has caused is not counted from here on. */
  async begin(signal: AbortSignal): Promise<void> {
    this.#from = await this.#now(signal);
  }

  async sinceBegin(signal: AbortSignal): Promise<EventsInWindow> {
    const window = { from: this.#from, to: await this.#now(signal) };
    try {
      const events = await readVmEvents(this.#session, this.#vm, window, signal);
      return { window, events, eventsProblem: undefined };
    } catch (error) {
      signal.throwIfAborted();
      return { window, events: [], eventsProblem: toAppError(error).message };
    }
  }

  /** What they say of a refusal: faults of snapshots name no reason of the guest's. */
  async complaint(signal: AbortSignal): Promise<string | undefined> {
    const { events } = await this.sinceBegin(signal);
    return events.findLast(({ text }) => tellsOfFailedQuiescing(text))?.text;
  }

  async #now(signal: AbortSignal): Promise<Date> {
    return await this.#session.call('CurrentTime', serviceInstance, {}, signal);
  }
}
