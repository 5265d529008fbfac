import { CancelledError } from '../errors.ts';

/** A place where only so many may be at a time. */
export interface SharedPlace {
  /** The same place has the same key, whoever asks. */
  readonly key: string;
  /** As people know it. */
  readonly label: string;
  /** Asked anew whenever somebody may be let in: it may change. At least 1. */
  readonly limit: () => number;
}

/** How many of the turns of a place are wanted. */
export interface WantedTurns {
  readonly place: SharedPlace;
  readonly count: number;
}

/** Why somebody waits. */
export interface BusyPlace {
  readonly label: string;
  readonly used: number;
  readonly limit: number;
}

interface Waiting {
  readonly wanted: readonly WantedTurns[];
  readonly onWait: (busy: BusyPlace) => void;
  readonly letIn: () => void;
  told: string | undefined;
}

/**
 * Lets in whoever needs turns of several places at once, all of them or none, so that nobody holds one while he waits for
 * another. First come, first served, as far as that keeps no place idle: who waits for one place lets others pass to the
 * places that are not the cause of his waiting, except for the first in line, for whom everything he needs is kept.
 */
export class SharedCapacity {
  readonly #used = new Map<string, number>();
  /** Oldest first. */
  #waiting: readonly Waiting[] = [];

  /**
   * Resolves once all turns are free; disposing gives them back. Whoever wants more turns of a place than it has gets in
   * when it is empty.
   * @param onWait  called when it has to wait, and again whenever something else is the reason
   * @throws CANCELLED once `signal` is aborted
   */
  async take(
    wanted: readonly WantedTurns[],
    onWait: (busy: BusyPlace) => void,
    signal: AbortSignal,
  ): Promise<Disposable> {
    if (signal.aborted) throw new CancelledError();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#waiting = this.#waiting.filter(other => other !== waiting);
        reject(new CancelledError());
        this.reconsider();
      };
      const letIn = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const waiting: Waiting = { wanted, onWait, letIn, told: undefined };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting = [...this.#waiting, waiting];
      this.reconsider();
    });
    return this.#turns(wanted);
  }

  /** Looks who may be let in: to be called when a limit has changed. */
  reconsider(): void {
    const kept = new Map<string, number>();
    const still: Waiting[] = [];
    const letIn: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const busy = waiting.wanted.filter(turns => !this.#hasRoom(turns, kept));
      const [cause] = busy;
      if (cause === undefined) {
        for (const { place, count } of waiting.wanted) add(this.#used, place.key, count);
        letIn.push(waiting);
        continue;
      }
      for (const { place, count } of still.length === 0 ? waiting.wanted : busy) add(kept, place.key, count);
      still.push(waiting);
      this.#tell(waiting, cause);
    }
    this.#waiting = still;
    for (const waiting of letIn) waiting.letIn();
  }

  #hasRoom({ place: { key, limit }, count }: WantedTurns, kept: ReadonlyMap<string, number>): boolean {
    const taken = (this.#used.get(key) ?? 0) + (kept.get(key) ?? 0);
    return taken === 0 || taken + count <= limit();
  }

  #tell(waiting: Waiting, { place: { key, label, limit } }: WantedTurns): void {
    const busy = { label, used: this.#used.get(key) ?? 0, limit: limit() };
    const told = JSON.stringify(busy);
    if (told === waiting.told) return;
    waiting.told = told;
    waiting.onWait(busy);
  }

  #turns(wanted: readonly WantedTurns[]): Disposable {
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        for (const { place, count } of wanted) add(this.#used, place.key, -count);
        this.reconsider();
      },
    };
  }
}

function add(counts: Map<string, number>, key: string, count: number): void {
  const sum = (counts.get(key) ?? 0) + count;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
