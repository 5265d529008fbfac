import type { Clock } from '../base/clock.ts';
import { AppError, CancelledError } from '../base/errors.ts';
import type { Repository } from '../core/repository/repository.ts';
import type { PointRef } from '../protocol/point.ts';
import type { FoundFile, SearchStep, UnsearchedFile } from '../core/jobs/guestFiles/fileSearch.ts';

/** What was found since it was last asked for. */
export interface SearchPage {
  readonly found: readonly FoundFile[];
  readonly unsearched: readonly UnsearchedFile[];
  /** Since the search began. */
  readonly lookedAtCount: number;
  readonly isEnd: boolean;
}

/** Whoever waits sees something at least so often. */
const longestPageMs = 1000;
/** And what is found first at once. */
const shortestPageMs = 150;
const maxPageSteps = 200;
/** A client that forgets to end its searches loses the oldest one. */
const maxOpenSearches = 8;

interface OpenSearch {
  readonly point: PointRef;
  readonly repository: Repository;
  readonly steps: AsyncGenerator<SearchStep, void, undefined>;
  readonly abandoned: AbortController;
  lookedAtCount: number;
  isBusy: boolean;
}

/** The searches of one client. They go on only while it asks. */
export class GuestSearches {
  readonly #clock: Clock;
  readonly #searches = new Map<number, OpenSearch>();
  #lastId = 0;

  /** @param gone  aborted when the client is: its searches are given up */
  constructor(clock: Clock, gone: AbortSignal) {
    this.#clock = clock;
    gone.addEventListener('abort', () => {
      for (const id of this.#searches.keys()) this.end(id);
    });
  }

  /**
   * @param point  in which it is; its repository must be in use whenever it goes on
   * @returns the number to ask for more with
   */
  begin(
    point: PointRef,
    repository: Repository,
    start: (signal: AbortSignal) => AsyncGenerator<SearchStep, void, undefined>,
  ): number {
    const abandoned = new AbortController();
    this.#lastId += 1;
    const steps = start(abandoned.signal);
    this.#searches.set(this.#lastId, {
      point,
      repository,
      steps,
      abandoned,
      lookedAtCount: 0,
      isBusy: false,
    });
    const [oldest] = this.#searches.keys();
    if (this.#searches.size > maxOpenSearches && oldest !== undefined) this.end(oldest);
    return this.#lastId;
  }

  /** @throws NOT_FOUND for a search that is over */
  pointOf(id: number): PointRef {
    return this.#found(id).point;
  }

  /**
   * Goes on for a while. A search that is cancelled or fails is over.
   * @throws NOT_FOUND for one that is over; CONFLICT if it is asked twice at a time, or if the repository was opened anew
   *   since it began; what the search throws
   */
  async more(id: number, repository: Repository, signal: AbortSignal): Promise<SearchPage> {
    const search = this.#found(id);
    if (search.isBusy) throw conflict(`search ${id} is asked for more already`);
    search.isBusy = true;
    const onAbort = () => this.end(id);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) throw new CancelledError();
      if (search.repository !== repository)
        throw conflict(`${search.point.repository} was opened anew since search ${id} began`);
      const page = await this.#nextPage(search);
      if (page.isEnd) this.#searches.delete(id);
      return page;
    } catch (error) {
      this.end(id);
      throw error;
    } finally {
      search.isBusy = false;
      signal.removeEventListener('abort', onAbort);
    }
  }

  end(id: number): void {
    const search = this.#searches.get(id);
    this.#searches.delete(id);
    search?.abandoned.abort(new CancelledError());
    // Whatever it still says, nobody is there to hear it.
    search?.steps.return().catch(() => undefined);
  }

  async #nextPage(search: OpenSearch): Promise<SearchPage> {
    const startedMs = this.#clock.monotonicMs();
    const found: FoundFile[] = [];
    const unsearched: UnsearchedFile[] = [];
    for (;;) {
      const { value: step, done } = await search.steps.next();
      if (done === true) return { found, unsearched, lookedAtCount: search.lookedAtCount, isEnd: true };
      if (step.kind === 'looked') search.lookedAtCount += step.count;
      else if (step.kind === 'found') found.push(step);
      else unsearched.push(step);
      const elapsedMs = this.#clock.monotonicMs() - startedMs;
      const isFull = found.length + unsearched.length >= maxPageSteps;
      const isWorthTelling = found.length > 0 && elapsedMs >= shortestPageMs;
      if (isFull || isWorthTelling || elapsedMs >= longestPageMs)
        return { found, unsearched, lookedAtCount: search.lookedAtCount, isEnd: false };
    }
  }

  #found(id: number): OpenSearch {
    const search = this.#searches.get(id);
    if (search !== undefined) return search;
    throw new AppError('NOT_FOUND', `there is no search ${id}`, { object: 'search', remedy: 'Search again' });
  }
}

function conflict(message: string): AppError {
  return new AppError('CONFLICT', message, { object: 'search', remedy: 'Search again' });
}
