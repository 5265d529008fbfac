import { AppError } from '../../src/base/errors.ts';
import type { EntryView, FolderPageView, NoticeView } from '../../src/protocol/webview/restoreBrowser.ts';
import { type Failure, failureOf } from '../shared/failure.ts';
import type { RowRange } from '../shared/virtualList.ts';

export type FetchPage = (offset: number, limit: number, signal: AbortSignal) => Promise<FolderPageView>;

const pageSize = 200;

/** As many as a person scrolls through without noticing; the rest is asked for again. */
const maxKeptPages = 40;

/** The entries of one folder, fetched page by page as they come into sight. */
export class FolderPages implements Disposable {
  readonly #fetchPage: FetchPage;
  readonly #onChange: () => void;
  readonly #pages = new Map<number, readonly EntryView[]>();
  readonly #pending = new Map<number, AbortController>();
  #first: FolderPageView | undefined;
  #failure: Failure | undefined;
  #range: RowRange = { first: 0, count: 1 };

  /** @param onChange  something has come, or could not be had */
  constructor(fetchPage: FetchPage, onChange: () => void) {
    this.#fetchPage = fetchPage;
    this.#onChange = onChange;
  }

  /** Undefined until the first page has come. */
  get totalCount(): number | undefined {
    return this.#first?.totalCount;
  }

  get notices(): readonly NoticeView[] {
    return this.#first?.notices ?? [];
  }

  /** Why something that was needed is not there; the rest stays. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Undefined for what has not come yet. */
  entry(index: number): EntryView | undefined {
    return this.#pages.get(Math.floor(index / pageSize))?.[index % pageSize];
  }

  /** Fetches what is missing of these rows; what was on its way for other rows is called back. */
  need(range: RowRange): void {
    this.#range = range;
    const wanted = pagesOf(range);
    for (const [page, fetching] of this.#pending) if (!wanted.includes(page)) fetching.abort();
    // After a failure nothing is asked for until somebody says so: scrolling must not knock at a closed door.
    if (this.#failure !== undefined) return;
    for (const page of wanted) if (!this.#pages.has(page) && !this.#pending.has(page)) void this.#load(page);
  }

  /** Asks again for what could not be had. */
  retry(): void {
    this.#failure = undefined;
    this.need(this.#range);
  }

  /**
   * Waits for entries, wherever the list is scrolled to.
   * @throws what the editor says
   */
  async read({ first, count }: RowRange, signal: AbortSignal): Promise<readonly EntryView[]> {
    const entries: EntryView[] = [];
    for (const page of pagesOf({ first, count })) {
      const known =
        this.#pages.get(page) ?? (await this.#fetchPage(page * pageSize, pageSize, signal)).entries;
      const start = page * pageSize;
      entries.push(...known.slice(Math.max(0, first - start), first + count - start));
    }
    return entries;
  }

  [Symbol.dispose](): void {
    for (const fetching of this.#pending.values()) fetching.abort();
  }

  async #load(page: number): Promise<void> {
    const fetching = new AbortController();
    this.#pending.set(page, fetching);
    try {
      const loaded = await this.#fetchPage(page * pageSize, pageSize, fetching.signal);
      this.#first ??= loaded;
      this.#pages.set(page, loaded.entries);
      this.#forgetFarPages(page);
    } catch (error) {
      if (AppError.is(error, 'CANCELLED')) return;
      this.#failure = failureOf(error);
    } finally {
      this.#pending.delete(page);
    }
    this.#onChange();
  }

  #forgetFarPages(near: number): void {
    while (this.#pages.size > maxKeptPages) {
      const [farthest] = [...this.#pages.keys()].sort(
        (one, other) => Math.abs(other - near) - Math.abs(one - near),
      );
      if (farthest === undefined) return;
      this.#pages.delete(farthest);
    }
  }
}

function pagesOf({ first, count }: RowRange): readonly number[] {
  if (count <= 0) return [];
  const [start, end] = [Math.floor(first / pageSize), Math.floor((first + count - 1) / pageSize)];
  return Array.from({ length: end - start + 1 }, (_, index) => start + index);
}
