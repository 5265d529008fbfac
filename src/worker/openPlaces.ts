import { Semaphore } from '../base/async/semaphore.ts';
import { AppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/** A place in use; disposing gives it back. */
export interface UsedPlace<T> extends AsyncDisposable {
  readonly place: T;
}

export interface OpenPlacesOptions<P> {
  /** For messages: `vCenter`, `repository`. */
  readonly kind: string;
  /** Whether two clients mean the same and need not open it twice. */
  readonly isSame: (left: P, right: P) => boolean;
  readonly logger: Logger;
}

interface Opened<P, T> {
  readonly params: P;
  readonly place: T;
  /** Jobs that work with it, as the user knows them; requests that only look are not among them. */
  readonly jobObjects: Map<UsedPlace<T>, string>;
  userCount: number;
  /** No longer found by its name; disposed of when its last user has gone. */
  isClosing: boolean;
}

/** Places that are opened once, known by a name, and shared by all jobs and requests. */
export class OpenPlaces<P, T extends AsyncDisposable> implements AsyncDisposable {
  readonly #options: OpenPlacesOptions<P>;
  readonly #opened = new Map<string, Opened<P, T>>();
  readonly #turns = new Map<string, Semaphore>();

  constructor(options: OpenPlacesOptions<P>) {
    this.#options = options;
  }

  /** The place of that name, opened unless it is open with the same parameters. */
  async findOrOpen(name: string, params: P, opener: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return await this.#turn(name).use(signal, async () => {
      const known = this.#opened.get(name);
      if (known !== undefined && this.#options.isSame(known.params, params)) return known.place;
      return await this.#open(name, params, opener);
    });
  }

  /** Opens it in any case. The new one takes the name; who works with an old one goes on. */
  async open(name: string, params: P, opener: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return await this.#turn(name).use(signal, async () => await this.#open(name, params, opener));
  }

  /**
   * @param job  what a job works on, if it is one that uses it; the place cannot be closed meanwhile
   * @throws NOT_FOUND if none of that name is open
   */
  use(name: string, job?: string): UsedPlace<T> {
    const opened = this.#named(name);
    opened.userCount += 1;
    const used: UsedPlace<T> = {
      place: opened.place,
      [Symbol.asyncDispose]: async () => {
        opened.jobObjects.delete(used);
        opened.userCount -= 1;
        await this.#disposeIfUnused(name, opened);
      },
    };
    if (job !== undefined) opened.jobObjects.set(used, job);
    return used;
  }

  /** @throws NOT_FOUND if none of that name is open */
  assertOpen(name: string): T {
    return this.#named(name).place;
  }

  list(): { readonly name: string; readonly params: P; readonly place: T }[] {
    return [...this.#opened].map(([name, { params, place }]) => ({ name, params, place }));
  }

  /** @throws NOT_FOUND; CONFLICT naming what is worked on, if a job uses it */
  async close(name: string): Promise<void> {
    const opened = this.#named(name);
    const [object] = opened.jobObjects.values();
    if (object !== undefined) {
      throw new AppError('CONFLICT', `the ${this.#options.kind} ${name} is in use by a job on ${object}`, {
        object: name,
        remedy: 'Wait for its end, or cancel it',
      });
    }
    await this.#close(name, opened);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, opened] of this.#opened) await this.#close(name, opened);
  }

  /** Two that open the same at once would log in twice, and one of them be forgotten. */
  #turn(name: string): Semaphore {
    const turn = this.#turns.get(name) ?? new Semaphore(1);
    this.#turns.set(name, turn);
    return turn;
  }

  async #open(name: string, params: P, opener: () => Promise<T>): Promise<T> {
    const place = await opener();
    const former = this.#opened.get(name);
    if (former !== undefined) await this.#close(name, former);
    this.#opened.set(name, { params, place, jobObjects: new Map(), userCount: 0, isClosing: false });
    return place;
  }

  #named(name: string): Opened<P, T> {
    const opened = this.#opened.get(name);
    if (opened !== undefined) return opened;
    const { kind } = this.#options;
    throw new AppError('NOT_FOUND', `the ${kind} ${name} is not open`, {
      object: name,
      remedy: `Connect to the ${kind} ${name} first`,
    });
  }

  async #close(name: string, opened: Opened<P, T>): Promise<void> {
    if (this.#opened.get(name) === opened) this.#opened.delete(name);
    opened.isClosing = true;
    await this.#disposeIfUnused(name, opened);
  }

  async #disposeIfUnused(name: string, opened: Opened<P, T>): Promise<void> {
    if (!opened.isClosing || opened.userCount > 0) return;
    try {
      await opened.place[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.logger.warn(`closing the ${this.#options.kind} failed`, { name, error: String(error) });
    }
  }
}
