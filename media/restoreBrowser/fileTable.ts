import type { GuestNodeKind } from '../../src/protocol/guest.ts';
import type { EntryView } from '../../src/protocol/webview/restoreBrowser.ts';
import { element, setAttributes, setText, visibleName } from '../shared/dom.ts';
import { icon, type IconName } from '../shared/icons.ts';
import type { Translate } from '../shared/text.ts';
import { maxRowCount, type RowRange, rowsPerPage, VirtualList, visibleRows } from '../shared/virtualList.ts';
import { type TableAction, tableKeyAction } from './tableKeys.ts';

const rowHeightPx = 24;

/** What the table shows; it asks anew whenever it is scrolled. */
export interface TableContent {
  readonly rowCount: number;
  /** Undefined while it is on its way. */
  entry(index: number): EntryView | undefined;
  isSelected(name: string): boolean;
  readonly activeIndex: number;
}

export interface TableHandlers {
  readonly onAction: (action: TableAction) => void;
  readonly onPress: (index: number, how: 'select' | 'extend' | 'toggle' | 'open') => void;
  readonly onRange: (range: RowRange) => void;
  readonly onScroll: (scrollTopPx: number) => void;
}

export const kindIcons: Readonly<Record<GuestNodeKind, IconName>> = {
  file: 'file',
  directory: 'folder',
  symlink: 'symlink',
  'block-device': 'device',
  'character-device': 'device',
  fifo: 'pipe',
  socket: 'socket',
};

/**
 * The entries of a folder as a grid. The focus stays on the grid, which names the row that the keyboard is on: rows come
 * and go while it is scrolled.
 */
export class FileTable {
  readonly element: HTMLElement;
  readonly #t: Translate;
  readonly #grid: HTMLElement;
  readonly #list: VirtualList;
  #content: TableContent = { rowCount: 0, entry: () => undefined, isSelected: () => false, activeIndex: -1 };

  constructor(handlers: TableHandlers, t: Translate) {
    this.#t = t;
    const rows = element('div', { class: 'table-rows', role: 'presentation' });
    const scroller = element('div', { class: 'table-scroller', role: 'presentation', tabindex: '-1' }, rows);
    this.#grid = element(
      'div',
      {
        class: 'table',
        role: 'grid',
        tabindex: '0',
        'aria-label': t('Content of the folder'),
        'aria-multiselectable': 'true',
        'aria-colcount': '6',
      },
      element(
        'div',
        { class: 'table-head table-row', role: 'row', 'aria-rowindex': '1' },
        ...[t('Selected'), t('Name'), t('Size'), t('Modified'), t('Mode'), t('Owner')].map((title, column) =>
          element(
            'span',
            { role: 'columnheader', class: columnClasses[column], 'aria-label': title },
            column === 0 ? '' : title,
          ),
        ),
      ),
      scroller,
    );
    this.element = this.#grid;
    this.#list = new VirtualList(scroller, rows, {
      rowHeightPx,
      makeRow,
      fillRow: (row, index) => this.#fill(row, index),
      onRange: handlers.onRange,
    });
    scroller.addEventListener('scroll', () => handlers.onScroll(scroller.scrollTop), { passive: true });
    this.#grid.addEventListener('keydown', event => {
      const { activeIndex, rowCount } = this.#content;
      const action = tableKeyAction(event, activeIndex, rowCount, rowsPerPage(this.#list.viewport));
      if (action === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      handlers.onAction(action);
    });
    rows.addEventListener('mousedown', event => {
      if (event.shiftKey) event.preventDefault();
    });
    rows.addEventListener('click', event => {
      const index = rowIndexOf(event);
      if (index === undefined) return;
      this.#grid.focus({ preventScroll: true });
      const isToggle =
        event.ctrlKey || event.metaKey || (event.target as Element).closest('.cell-check') !== null;
      handlers.onPress(index, isToggle ? 'toggle' : event.shiftKey ? 'extend' : 'select');
    });
    rows.addEventListener('dblclick', event => {
      const index = rowIndexOf(event);
      if (index !== undefined) handlers.onPress(index, 'open');
    });
  }

  setContent(content: TableContent): void {
    this.#content = content;
    setAttributes(this.#grid, { 'aria-rowcount': String(content.rowCount + 1) });
    this.#list.setRowCount(content.rowCount);
    this.#nameActiveRow();
  }

  /** Brings a row into sight. */
  show(index: number): void {
    this.#list.show(index);
    this.#nameActiveRow();
  }

  scrollTo(scrollTopPx: number): void {
    this.#list.scrollTo(scrollTopPx);
  }

  /** The rows that are seen when it is scrolled there. */
  rangeAt(scrollTopPx: number): RowRange {
    const viewport = { ...this.#list.viewport, scrollTopPx, rowCount: maxRowCount };
    return visibleRows({ ...viewport, heightPx: Math.max(viewport.heightPx, rowHeightPx) });
  }

  focus(): void {
    this.#grid.focus({ preventScroll: true });
  }

  #nameActiveRow(): void {
    const row = this.#list.row(this.#content.activeIndex);
    setAttributes(this.#grid, { 'aria-activedescendant': row?.id });
  }

  #fill(row: HTMLElement, index: number): void {
    const entry = this.#content.entry(index);
    const isSelected = entry !== undefined && this.#content.isSelected(entry.name);
    const isActive = index === this.#content.activeIndex;
    row.dataset['index'] = String(index);
    setAttributes(row, {
      id: `row-${index}`,
      class: `table-row${isActive ? ' active' : ''}${entry?.problem === undefined ? '' : ' damaged'}`,
      'aria-rowindex': String(index + 2),
      'aria-selected': String(isSelected),
      'aria-busy': entry === undefined ? 'true' : undefined,
      'aria-label': entry === undefined ? this.#t('Loading…') : spokenEntry(entry),
      title: entry === undefined ? undefined : spokenEntry(entry),
    });
    const [check, name, size, modified, mode, owner] = row.children;
    if (check === undefined || name === undefined) return;
    replaceIcon(check, isSelected ? 'checked' : 'unchecked');
    const [picture, label, target] = name.children;
    if (picture !== undefined)
      replaceIcon(
        picture,
        entry === undefined ? 'waiting' : entry.problem === undefined ? kindIcons[entry.kind] : 'warning',
      );
    if (label !== undefined)
      setText(label, entry === undefined ? this.#t('Loading…') : visibleName(entry.name));
    if (target !== undefined) setText(target, remarkOf(entry));
    for (const [cell, text] of [
      [size, entry?.size],
      [modified, entry?.modified],
      [mode, entry?.mode],
      [owner, entry?.owner],
    ] as const)
      if (cell !== undefined) setText(cell, text ?? '');
  }
}

const columnClasses = ['cell-check', 'cell-name', 'cell-size', 'cell-modified', 'cell-mode', 'cell-owner'];

function makeRow(): HTMLElement {
  return element(
    'div',
    { role: 'row' },
    ...columnClasses.map(name =>
      element(
        'span',
        { role: 'gridcell', class: name },
        ...(name === 'cell-name'
          ? [
              element('span', { class: 'entry-icon', 'aria-hidden': 'true' }),
              element('span', { class: 'entry-label' }),
              element('span', { class: 'entry-remark' }),
            ]
          : []),
      ),
    ),
  );
}

/** Where a symbolic link leads, or why an entry cannot be read. */
function remarkOf(entry: EntryView | undefined): string {
  if (entry?.problem !== undefined) return entry.problem;
  return entry?.linkTarget === undefined ? '' : `→ ${visibleName(entry.linkTarget)}`;
}

function spokenEntry(entry: EntryView): string {
  const { name, kindText, size, modified, mode, owner } = entry;
  return [visibleName(name), kindText, remarkOf(entry), size, modified, mode, owner]
    .filter(text => text !== '')
    .join(', ');
}

function rowIndexOf({ target }: MouseEvent): number | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null;
  return row === null ? undefined : Number(row.dataset['index']);
}

function replaceIcon(place: Element, name: IconName): void {
  const { dataset } = place as HTMLElement;
  if (dataset['icon'] === name) return;
  dataset['icon'] = name;
  place.replaceChildren(icon(name));
}
