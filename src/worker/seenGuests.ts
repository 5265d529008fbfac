import type { Clock } from '../base/clock.ts';
import type { SeenInGuest } from '../core/consistency/guest/seenInGuest.ts';

/** Longer ago it may well be otherwise by now. */
const validMs = 24 * 60 * 60_000;

/** What was seen inside the guests of one server, by the VM's id; for a day, and in this process's memory alone. */
export class SeenGuests {
  readonly #clock: Clock;
  readonly #seen = new Map<string, { readonly seen: SeenInGuest; readonly atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(vmId: string, seen: SeenInGuest): void {
    this.#seen.set(vmId, { seen, atMs: this.#clock.monotonicMs() });
  }

  of(vmId: string): SeenInGuest | undefined {
    const found = this.#seen.get(vmId);
    if (found === undefined) return undefined;
    if (this.#clock.monotonicMs() - found.atMs < validMs) return found.seen;
    this.#seen.delete(vmId);
    return undefined;
  }
}
