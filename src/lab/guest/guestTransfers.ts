import type { Clock } from '../../base/clock.ts';
import { toHex, type Random } from '../../base/random.ts';
import type { LabVm } from '../model/labVm.ts';
import type { GuestAccount } from './accounts.ts';
import type { AttributeChange } from './guestFiles.ts';

/** One file on its way, as it was granted. */
export interface GuestTransfer {
  readonly vm: LabVm;
  readonly account: GuestAccount;
  readonly path: string;
  readonly direction: 'to' | 'from';
  /** Of an upload. */
  readonly sizeBytes: number;
  readonly change: AttributeChange;
}

/** The transfers that were granted and have not begun. Each may begin once, within its time. */
export class GuestTransfers {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #waiting = new Map<string, { readonly transfer: GuestTransfer; readonly untilMs: number }>();
  #nextId = 1;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The URL's query that lets whoever knows it begin the transfer. */
  grant(transfer: GuestTransfer, lifetimeMs: number): string {
    const token = toHex(this.#random.bytes(20));
    this.#waiting.set(token, { transfer, untilMs: this.#clock.monotonicMs() + lifetimeMs });
    const id = this.#nextId;
    this.#nextId += 1;
    return `id=${id}&token=${token}`;
  }

  /** What was granted for a VM and has not begun is void: it is not where it was. */
  forget(vm: LabVm): void {
    for (const [token, { transfer }] of this.#waiting) if (transfer.vm === vm) this.#waiting.delete(token);
  }

  /** Undefined for a token that never was, was used already, or came too late. */
  begin(token: string | null, direction: GuestTransfer['direction']): GuestTransfer | undefined {
    const granted = this.#waiting.get(token ?? '');
    if (granted?.transfer.direction !== direction) return undefined;
    this.#waiting.delete(token ?? '');
    return this.#clock.monotonicMs() <= granted.untilMs ? granted.transfer : undefined;
  }
}
