import { never } from '../../src/base/assert.ts';
import type { GuestPath } from '../../src/protocol/guest.ts';
import { type EntryView, listFolder, openEntry } from '../../src/protocol/webview/restoreBrowser.ts';
import { failureOf } from '../shared/failure.ts';
import type { Editor } from '../shared/rpc.ts';
import type { Translate } from '../shared/text.ts';
import type { RowRange } from '../shared/virtualList.ts';
import { FolderPages } from './folderPages.ts';
import { type BrowserState, childPath, maxSelected, openFolder, parentPath, withFilter } from './state.ts';
import { selectedOf, type TableAction, toggled } from './tableKeys.ts';
import type { BrowserView } from './view.ts';

/** The page around the folder. */
export interface FolderSurroundings {
  readonly editor: Editor;
  readonly state: BrowserState;
  readonly view: BrowserView;
  /** Something a person did. */
  change(state: BrowserState): void;
  /** Something that only a later page needs to know. */
  keep(state: BrowserState): void;
  say(message: string): void;
  render(): void;
  /** Undefined if it failed, which has been said then. */
  asked<R>(ask: (signal: AbortSignal) => Promise<R>): Promise<R | undefined>;
}

/** How long a person pauses between two letters of a filter. */
const filterPauseMs = 150;

/** The folder that is open: its entries, which of them are selected, and how one moves through it. */
export class FolderPane {
  readonly #page: FolderSurroundings;
  readonly #t: Translate;
  readonly #lifetime = new AbortController();
  #pages: FolderPages | undefined;
  /** Row where a selection of several began. */
  #anchorIndex = 0;
  #filterTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(page: FolderSurroundings, t: Translate) {
    this.#page = page;
    this.#t = t;
  }

  /** Undefined while no folder is open. */
  get pages(): FolderPages | undefined {
    return this.#pages;
  }

  close(): void {
    this.#pages?.[Symbol.dispose]();
    this.#pages = undefined;
  }

  /** Rows are about to be seen. */
  need(range: RowRange): void {
    // An empty table says nothing of the rows that are on their way.
    if (this.#pages?.totalCount !== undefined) this.#pages.need(range);
  }

  open(path: string): void {
    this.#page.change(openFolder(this.#page.state, path));
    this.load();
  }

  /** Shows the folder that is open, from its beginning or where it was scrolled to. */
  load(): void {
    this.close();
    this.#anchorIndex = 0;
    const { filter, scrollTopPx } = this.#page.state;
    const folder = this.at(this.#page.state.place.path);
    if (folder === undefined) {
      this.#page.render();
      return;
    }
    let isFirst = true;
    const pages: FolderPages = new FolderPages(
      async (offset, limit, signal) =>
        await this.#page.editor.request(
          listFolder,
          { ...folder, offset, limit, nameContains: filter },
          signal,
        ),
      () => {
        if (this.#pages !== pages) return;
        this.#page.render();
        if (isFirst && pages.totalCount !== undefined) {
          isFirst = false;
          this.#page.view.table.scrollTo(scrollTopPx);
        }
      },
    );
    this.#pages = pages;
    pages.need(this.#page.view.table.rangeAt(scrollTopPx));
    this.#page.render();
  }

  /** A path of the open volume; undefined if none is open. */
  at(path: string): GuestPath | undefined {
    const { repository, point, deviceKey, volumeIndex } = this.#page.state.place;
    if (repository === undefined || point === undefined) return undefined;
    if (deviceKey === undefined || volumeIndex === undefined) return undefined;
    return { repository, point, deviceKey, volumeIndex, path };
  }

  filterSoon(filter: string): void {
    clearTimeout(this.#filterTimer);
    this.#filterTimer = setTimeout(() => {
      if (filter === this.#page.state.filter) return;
      this.#page.change(withFilter(this.#page.state, filter));
      this.load();
    }, filterPauseMs);
  }

  scrolled(scrollTopPx: number): void {
    if (this.#pages?.totalCount === undefined) return;
    this.#page.keep({ ...this.#page.state, scrollTopPx });
  }

  async onTableAction(action: TableAction): Promise<void> {
    const { activeIndex, place } = this.#page.state;
    switch (action.kind) {
      case 'move':
        await this.#moveTo(action.index, action.selection);
        return;
      case 'open':
        await this.#openRow(activeIndex);
        return;
      case 'toggle':
        await this.onPress(activeIndex, 'toggle');
        return;
      case 'leave':
        // Back to where one came from: the keyboard stays on the folder that was left.
        if (place.path !== '/') await this.showEntry(place.path);
        return;
      case 'selectAll':
        await this.#selectRange(0, (this.#pages?.totalCount ?? 0) - 1);
        return;
      case 'clear':
        this.#page.change({ ...this.#page.state, selected: [] });
        return;
      case 'filter':
        this.#page.view.filter.element.focus();
        return;
      default:
        never(action);
    }
  }

  async onPress(index: number, how: 'select' | 'extend' | 'toggle' | 'open'): Promise<void> {
    if (how === 'open') await this.#openRow(index);
    else if (how === 'toggle') {
      const entry = await this.#entry(index);
      if (entry === undefined) return;
      this.#anchorIndex = index;
      const selected = toggled(this.#page.state.selected, entry);
      this.#page.change({
        ...this.#page.state,
        activeIndex: index,
        ...(selected !== undefined && { selected }),
      });
      if (selected === undefined) this.#sayTooMany();
    } else await this.#moveTo(index, how);
  }

  async #moveTo(index: number, selection: 'select' | 'extend' | 'keep'): Promise<void> {
    this.#page.change({ ...this.#page.state, activeIndex: index });
    this.#page.view.table.show(index);
    if (selection === 'extend') await this.#selectRange(this.#anchorIndex, index);
    if (selection !== 'select') return;
    this.#anchorIndex = index;
    const pages = this.#pages;
    const entry = await this.#entry(index);
    if (entry !== undefined && pages === this.#pages && this.#page.state.activeIndex === index)
      this.#page.change({ ...this.#page.state, selected: selectedOf([entry]) });
  }

  async #selectRange(from: number, to: number): Promise<void> {
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    if (last - first >= maxSelected) {
      this.#sayTooMany();
      return;
    }
    const pages = this.#pages;
    const entries = await this.#read(first, last - first + 1);
    if (entries !== undefined && pages === this.#pages)
      this.#page.change({ ...this.#page.state, selected: selectedOf(entries) });
  }

  #sayTooMany(): void {
    this.#page.say(
      this.#t(
        'More than {0} entries cannot be selected one by one. Select the folder around them instead.',
        maxSelected,
      ),
    );
  }

  async #entry(index: number): Promise<EntryView | undefined> {
    return index < 0 ? undefined : (this.#pages?.entry(index) ?? (await this.#read(index, 1))?.[0]);
  }

  async #read(first: number, count: number): Promise<readonly EntryView[] | undefined> {
    try {
      return await this.#pages?.read({ first, count }, this.#lifetime.signal);
    } catch (error) {
      this.#page.say(failureOf(error).text);
      return undefined;
    }
  }

  async #openRow(index: number): Promise<void> {
    const entry = await this.#entry(index);
    if (entry === undefined) return;
    if (entry.problem === undefined) await this.openNamed(entry.name, entry.kind === 'directory');
    else this.#page.say(entry.problem);
  }

  /** A folder is entered, a file shown in an editor, a symbolic link followed. */
  async openNamed(name: string, isFolder: boolean): Promise<void> {
    const path = childPath(this.#page.state.place.path, name);
    const at = this.at(path);
    if (isFolder) this.open(path);
    else if (at !== undefined) {
      const answer = await this.#page.asked(
        async signal => await this.#page.editor.request(openEntry, at, signal),
      );
      if (answer?.folder !== undefined) this.open(answer.folder);
    }
  }

  /** Opens the folder around an entry, with the keyboard on it. */
  async showEntry(path: string): Promise<void> {
    this.open(parentPath(path));
    const pages = this.#pages;
    const entries = await this.#read(0, maxSelected);
    const index = entries?.findIndex(({ name }) => childPath(parentPath(path), name) === path) ?? -1;
    // Who has moved meanwhile knows better.
    if (index !== -1 && pages === this.#pages && this.#page.state.activeIndex === -1)
      await this.#moveTo(index, 'select');
  }
}
