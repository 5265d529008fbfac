import type { FileRow, ResultRow } from '../../src/protocol/webview/browserSearch.ts';
import { element, setAttributes, setText, visibleName } from '../shared/dom.ts';
import { icon, type IconName } from '../shared/icons.ts';
import type { Translate } from '../shared/text.ts';
import { rowsPerPage, VirtualList } from '../shared/virtualList.ts';
import { kindIcons } from './fileTable.ts';
import { tableKeyAction, type TableAction } from './tableKeys.ts';

const rowHeightPx = 24;

export interface ResultContent {
  readonly rows: readonly ResultRow[];
  readonly activeIndex: number;
  /** The name of the volume a row is on; empty where there is only one. */
  volumeOf(row: ResultRow): string;
}

export interface ResultHandlers {
  readonly onAction: (action: TableAction) => void;
  readonly onPress: (index: number, how: 'select' | 'open') => void;
}

/** What a search has found. The focus stays on the list, which names the row that the keyboard is on. */
export class ResultList {
  readonly element: HTMLElement;
  readonly #t: Translate;
  readonly #list: VirtualList;
  #content: ResultContent = { rows: [], activeIndex: -1, volumeOf: () => '' };

  constructor(handlers: ResultHandlers, t: Translate) {
    this.#t = t;
    const rows = element('div', { class: 'table-rows', role: 'presentation' });
    this.element = element(
      'div',
      {
        class: 'table table-scroller results',
        role: 'listbox',
        tabindex: '0',
        'aria-label': t('What was found'),
      },
      rows,
    );
    this.#list = new VirtualList(this.element, rows, {
      rowHeightPx,
      makeRow,
      fillRow: (row, index) => this.#fill(row, index),
      onRange: () => undefined,
    });
    this.element.addEventListener('keydown', event => {
      const { activeIndex, rows: all } = this.#content;
      const action = tableKeyAction(event, activeIndex, all.length, rowsPerPage(this.#list.viewport));
      if (action === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      handlers.onAction(action);
    });
    for (const [type, how] of [
      ['click', 'select'],
      ['dblclick', 'open'],
    ] as const)
      rows.addEventListener(type, ({ target }) => {
        const row = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null;
        if (row !== null) handlers.onPress(Number(row.dataset['index']), how);
      });
  }

  setContent(content: ResultContent): void {
    this.#content = content;
    this.#list.setRowCount(content.rows.length);
    this.#nameActiveRow();
  }

  /** Brings a row into sight. */
  show(index: number): void {
    this.#list.show(index);
    this.#nameActiveRow();
  }

  #nameActiveRow(): void {
    const row = this.#list.row(this.#content.activeIndex);
    setAttributes(this.element, { 'aria-activedescendant': row?.id });
  }

  #fill(row: HTMLElement, index: number): void {
    const shown = this.#content.rows[index];
    if (shown === undefined) return;
    const volume = this.#content.volumeOf(shown);
    const isActive = index === this.#content.activeIndex;
    const spoken = this.#spoken(shown, volume);
    row.dataset['index'] = String(index);
    setAttributes(row, {
      id: `result-${index}`,
      class: `table-row result result-${shown.kind}${isActive ? ' active' : ''}`,
      'aria-selected': String(isActive),
      'aria-posinset': String(index + 1),
      'aria-setsize': String(this.#content.rows.length),
      'aria-label': spoken,
      title: spoken,
    });
    const [picture, name, size, modified] = row.children;
    if (picture === undefined || name === undefined) return;
    replaceIcon(picture, iconOf(shown));
    fillName(name, shown, volume);
    if (size !== undefined) setText(size, shown.kind === 'file' ? shown.size : '');
    if (modified !== undefined) setText(modified, shown.kind === 'file' ? shown.modified : '');
  }

  #spoken(row: ResultRow, volume: string): string {
    if (row.kind === 'line') return this.#t('Line {0}: {1}', row.number, visibleName(row.text));
    if (row.kind === 'remark') return visibleName(row.text);
    const { name, kindText, folder, size, modified } = row;
    return [visibleName(name), kindText, placeText(folder, volume), size, modified]
      .filter(text => text !== '')
      .join(', ');
  }
}

function makeRow(): HTMLElement {
  const cells = ['entry-icon', 'result-name', 'cell-size', 'cell-modified'];
  return element('div', { role: 'option' }, ...cells.map(name => element('span', { class: name })));
}

/** What was found is marked in the line; names and lines from a guest become text. */
function fillName(cell: Element, row: ResultRow, volume: string): void {
  if (row.kind === 'file') {
    cell.replaceChildren(
      element('span', { class: 'entry-label' }, visibleName(row.name)),
      element('span', { class: 'entry-remark' }, placeText(row.folder, volume)),
    );
    return;
  }
  if (row.kind === 'remark') {
    cell.replaceChildren(element('span', { class: 'entry-label' }, visibleName(row.text)));
    return;
  }
  const { text, column, length, number } = row;
  const end = column + length;
  cell.replaceChildren(
    element('span', { class: 'result-number' }, String(number)),
    element(
      'span',
      { class: 'result-text' },
      visibleName(text.slice(0, column).trimStart()),
      element('mark', {}, visibleName(text.slice(column, end))),
      visibleName(text.slice(end)),
    ),
  );
}

function placeText(folder: FileRow['folder'], volume: string): string {
  return volume === '' ? visibleName(folder) : `${visibleName(volume)} › ${visibleName(folder)}`;
}

function iconOf(row: ResultRow): IconName | undefined {
  if (row.kind === 'file') return kindIcons[row.nodeKind];
  return row.kind === 'remark' ? 'info' : undefined;
}

function replaceIcon(place: Element, name: IconName | undefined): void {
  const { dataset } = place as HTMLElement;
  if (dataset['icon'] === (name ?? '')) return;
  dataset['icon'] = name ?? '';
  place.replaceChildren(...(name === undefined ? [] : [icon(name)]));
}
