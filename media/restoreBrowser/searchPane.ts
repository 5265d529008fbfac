import { AppError } from '../../src/base/errors.ts';
import type { GuestPath } from '../../src/protocol/guest.ts';
import {
  beginBrowserSearch,
  continueBrowserSearch,
  endBrowserSearch,
  openFoundLine,
  type RemarkRow,
  type ResultRow,
  type SearchForm,
  type SearchScope,
} from '../../src/protocol/webview/browserSearch.ts';
import { openEntry } from '../../src/protocol/webview/restoreBrowser.ts';
import { failureOf } from '../shared/failure.ts';
import type { FolderSurroundings } from './folderPane.ts';
import { noResults, type SearchResults } from './searchResults.ts';
import { emptyForm, openSearch, type SearchState, withSearch } from './state.ts';
import type { TableAction } from './tableKeys.ts';

/** More than anybody reads; a search has to be narrowed then. */
const maxRows = 10_000;

/** The search that is open: what it looks for, and what it has found. */
export class SearchPane {
  readonly #page: FolderSurroundings;
  readonly #showEntry: (at: GuestPath) => void;
  /** Filled in last; the next search begins with it. */
  #form: SearchForm = emptyForm;
  #running = new AbortController();
  #results = noResults;
  /** At the end of the results. */
  #unsearched: RemarkRow[] = [];

  /** @param showEntry  shows the folder around it, with the keyboard on it */
  constructor(page: FolderSurroundings, showEntry: (at: GuestPath) => void) {
    this.#page = page;
    this.#showEntry = showEntry;
  }

  get results(): SearchResults {
    return this.#results;
  }

  open(scope: SearchScope): void {
    this.forget();
    this.#page.change(openSearch(this.#page.state, scope, this.#form));
    this.#page.view.search.focusForm();
  }

  /** Goes on with what an earlier page had open, or was opened for. */
  async goOn(): Promise<void> {
    const { search } = this.#page.state;
    if (search === undefined) return;
    this.#form = search.form;
    if (search.isStarted) await this.#run(search);
    else this.#page.view.search.focusForm();
  }

  /** In all volumes instead of one folder. */
  async widen(): Promise<void> {
    this.#keepSearch({ scope: { path: '/' }, activeIndex: -1 });
    const { search } = this.#page.state;
    if (search?.isStarted === true) await this.#run(search);
    else this.#page.render();
  }

  close(): void {
    this.forget();
    this.#page.change(withSearch(this.#page.state, undefined));
  }

  /** Another place is open. */
  forget(): void {
    this.#stop();
    this.#results = noResults;
  }

  onForm(form: SearchForm): void {
    this.#form = form;
    this.#keepSearch({ form });
    this.#page.render();
  }

  async onSearch(): Promise<void> {
    const { search } = this.#page.state;
    if (search === undefined) return;
    if (this.#results.phase === 'running') {
      this.#stop();
      this.#results = { ...this.#results, phase: 'stopped' };
      this.#page.render();
      return;
    }
    if (search.form.name === '' && search.form.text === '') return;
    this.#keepSearch({ isStarted: true, activeIndex: -1 });
    await this.#run({ ...search, activeIndex: -1 });
  }

  async onAction(action: TableAction): Promise<void> {
    const activeIndex = this.#page.state.search?.activeIndex ?? -1;
    if (action.kind === 'move') this.#moveTo(action.index);
    else if (action.kind === 'open') await this.#open(this.#results.rows[activeIndex]);
    else if (action.kind === 'filter' || action.kind === 'clear') this.#page.view.search.focusForm();
    else if (action.kind === 'leave') this.close();
  }

  async onPress(index: number, how: 'select' | 'open'): Promise<void> {
    this.#moveTo(index);
    if (how === 'open') await this.#open(this.#results.rows[index]);
  }

  showInFolder(): void {
    const row = this.#results.rows[this.#page.state.search?.activeIndex ?? -1];
    if (row === undefined) return;
    this.#stop();
    this.#showEntry(row.at);
  }

  #moveTo(index: number): void {
    this.#keepSearch({ activeIndex: index });
    this.#page.say('');
    this.#page.view.search.list.show(index);
  }

  async #open(row: ResultRow | undefined): Promise<void> {
    if (row === undefined) return;
    if (row.kind === 'line') {
      await this.#page.asked(async signal => await this.#page.editor.request(openFoundLine, row, signal));
      return;
    }
    if (row.kind === 'file' && row.nodeKind === 'directory') {
      this.showInFolder();
      return;
    }
    const answer = await this.#page.asked(
      async signal => await this.#page.editor.request(openEntry, row.at, signal),
    );
    if (answer?.folder !== undefined) this.#showEntry({ ...row.at, path: answer.folder });
  }

  #keepSearch(change: Partial<SearchState>): void {
    const { search } = this.#page.state;
    if (search !== undefined) this.#page.keep(withSearch(this.#page.state, { ...search, ...change }));
  }

  #stop(): void {
    this.#running.abort();
  }

  async #run({ scope, form, activeIndex }: SearchState): Promise<void> {
    const { repository, point } = this.#page.state.place;
    if (repository === undefined || point === undefined) return;
    this.#stop();
    const running = new AbortController();
    const { signal } = running;
    this.#running = running;
    this.#results = { ...noResults, phase: 'running' };
    this.#unsearched = [];
    this.#page.say('');
    const { editor } = this.#page;
    try {
      const search = await editor.request(beginBrowserSearch, { repository, point, scope, form }, signal);
      signal.addEventListener('abort', () => void this.#end(search));
      for (let isEnd = false; !isEnd;) {
        const page = await editor.request(continueBrowserSearch, search, signal);
        if (signal.aborted) return;
        isEnd = page.isEnd || this.#results.rows.length + page.rows.length > maxRows;
        this.#take(
          page.rows,
          page.unsearched,
          page.lookedAtCount,
          page.isEnd ? 'ended' : isEnd ? 'full' : 'running',
        );
        if (activeIndex >= 0 && this.#results.rows.length > activeIndex)
          this.#page.view.search.list.show(activeIndex);
      }
      running.abort();
    } catch (error) {
      if (AppError.is(error, 'CANCELLED')) return;
      this.#results = { ...this.#results, phase: 'stopped' };
      this.#page.say(failureOf(error).text);
    }
  }

  async #end(search: { readonly search: number }): Promise<void> {
    const ever = new AbortController();
    await this.#page.editor.request(endBrowserSearch, search, ever.signal).catch(() => undefined);
  }

  /** What was not searched stands behind everything that was found. */
  #take(
    rows: readonly ResultRow[],
    unsearched: readonly RemarkRow[],
    lookedAtCount: number,
    phase: SearchResults['phase'],
  ): void {
    const before = this.#results;
    const found = before.rows.slice(0, before.rows.length - this.#unsearched.length);
    const unsearchedCount = before.unsearchedCount + unsearched.length;
    this.#unsearched.push(...unsearched.slice(0, maxRows - this.#unsearched.length));
    this.#results = {
      rows: [...found, ...rows, ...this.#unsearched],
      fileCount: before.fileCount + rows.filter(({ kind }) => kind === 'file').length,
      unsearchedCount,
      lookedAtCount,
      phase,
    };
    this.#page.render();
  }
}
