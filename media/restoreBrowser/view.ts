import type { BackupSetView, NoticeView, PointView } from '../../src/protocol/webview/restoreBrowser.ts';
import {
  type Button,
  button,
  divider,
  link,
  progressRing,
  textField,
  type TextField,
} from '../shared/controls.ts';
import { element, setText } from '../shared/dom.ts';
import type { Failure } from '../shared/failure.ts';
import { icon } from '../shared/icons.ts';
import type { Translate } from '../shared/text.ts';
import { Tree } from '../shared/tree.ts';
import type { RowRange } from '../shared/virtualList.ts';
import { FileTable } from './fileTable.ts';
import { SearchView, type SearchViewHandlers } from './searchView.ts';
import type { BrowserState } from './state.ts';
import type { TableAction } from './tableKeys.ts';
import { backupRows, diskRows, type RowTarget, type TargetRow } from './treeRows.ts';
import { timelinePicture } from './timeline.ts';
import {
  type BrowserAction,
  type BrowserModel,
  crumbsOf,
  emptyTextOf,
  enabledActions,
  isLockedAt,
  noticesOf,
  openSetOf,
  rowCountOf,
  searchContentOf,
  statusText,
} from './viewModel.ts';

export interface ViewHandlers {
  readonly onTarget: (target: RowTarget) => void;
  readonly onExpand: (id: string, isExpanded: boolean) => void;
  readonly onPoint: (point: PointView) => void;
  readonly onDisk: (deviceKey: number, volumeIndex: number | undefined) => void;
  readonly onFolder: (path: string) => void;
  readonly onFilter: (filter: string) => void;
  readonly onTableAction: (action: TableAction) => void;
  readonly onPress: (index: number, how: 'select' | 'extend' | 'toggle' | 'open') => void;
  readonly onRange: (range: RowRange) => void;
  readonly onScroll: (scrollTopPx: number) => void;
  readonly onAction: (action: BrowserAction) => void;
  readonly onRetry: (failure: Failure) => void;
  /** The encrypted volumes of the restore point shall be opened. */
  readonly onUnlock: () => void;
  readonly onRefresh: () => void;
  readonly onOpenSearch: () => void;
  readonly search: SearchViewHandlers;
}

/** The whole page. It is built once; `render` brings it up to date with what is shown. */
export class BrowserView {
  readonly table: FileTable;
  readonly filter: TextField;
  readonly search: SearchView;
  readonly #t: Translate;
  readonly #handlers: ViewHandlers;
  readonly #sets: Tree;
  readonly #disks: Tree;
  readonly #timeline = element('div', { class: 'timeline-pane' });
  readonly #crumbs = element('nav', { class: 'crumbs' });
  readonly #notices = element('div', { class: 'notices' });
  readonly #empty = element('div', { class: 'empty' });
  readonly #folder: HTMLElement;
  readonly #volumes: HTMLElement;
  readonly #openSearch: HTMLElement;
  readonly #status = element('div', { class: 'status', role: 'status', 'aria-live': 'polite' });
  readonly #buttons: Readonly<Record<BrowserAction, Button>>;
  #rows: readonly TargetRow[] = [];
  #shown: Readonly<Record<string, unknown>> = {};

  constructor(root: HTMLElement, handlers: ViewHandlers, t: Translate) {
    this.#t = t;
    this.#handlers = handlers;
    this.#sets = new Tree(t('Backup sets and restore points'), {
      onChoose: id => {
        const target = this.#rows.find(row => row.id === id)?.target;
        if (target !== undefined) handlers.onTarget(target);
      },
      onExpand: handlers.onExpand,
    });
    this.#disks = new Tree(t('Disks and volumes'), {
      onChoose: id => {
        const [kind, deviceKey, volumeIndex] = id.split('/');
        if (kind === 'disk' && !id.includes('#')) handlers.onDisk(Number(deviceKey), undefined);
        if (kind === 'volume') handlers.onDisk(Number(deviceKey), Number(volumeIndex));
      },
      onExpand: () => undefined,
    });
    this.table = new FileTable(
      {
        onAction: handlers.onTableAction,
        onPress: handlers.onPress,
        onRange: handlers.onRange,
        onScroll: handlers.onScroll,
      },
      t,
    );
    this.filter = textField(t('Filter names in this folder'), t('Filter names'), handlers.onFilter);
    this.filter.element.classList.add('filter');
    this.filter.element.addEventListener('keydown', event => this.#onFilterKey(event));
    this.#buttons = {
      open: button(t('Open'), () => handlers.onAction('open')),
      files: button(t('Restore Files…'), () => handlers.onAction('files'), 'primary'),
      guest: button(t('Restore to Guest…'), () => handlers.onAction('guest')),
      details: button(t('Details…'), () => handlers.onAction('details')),
      compare: button(t('Compare Folder…'), () => handlers.onAction('compare')),
      disk: button(t('Restore Disk…'), () => handlers.onAction('disk')),
      vm: button(t('Restore VM…'), () => handlers.onAction('vm')),
    };
    this.search = new SearchView(handlers.search, t);
    this.#openSearch = link(t('Search Files…'), handlers.onOpenSearch);
    this.#crumbs.setAttribute('aria-label', t('Location'));
    this.#volumes = element(
      'section',
      { class: 'volumes', 'aria-label': t('Disks and volumes') },
      element('h2', {}, t('Disks and volumes')),
      this.#disks.element,
    );
    this.#folder = element('section', { class: 'folder', 'aria-label': t('Folder') }, this.table.element);
    root.append(
      element(
        'aside',
        { class: 'left', 'aria-label': t('Backup sets and restore points') },
        element('header', {}, element('h2', {}, t('Backup sets')), link(t('Refresh'), handlers.onRefresh)),
        this.#sets.element,
        this.#timeline,
      ),
      element(
        'main',
        { class: 'main' },
        element('div', { class: 'bar' }, this.#crumbs, this.#openSearch),
        this.#volumes,
        this.#notices,
        element('div', { class: 'folder-bar' }, this.#status, this.filter.element),
        element('div', { class: 'content' }, this.#folder, this.search.element, this.#empty),
        divider(),
        element(
          'footer',
          { class: 'actions', role: 'toolbar', 'aria-label': t('Restore') },
          ...Object.values(this.#buttons).map(({ element: made }) => made),
        ),
      ),
    );
  }

  render(model: BrowserModel): void {
    const { state, disks, pages } = model;
    this.#rows = backupRows(model.repositories, name => model.sets.get(name), state, this.#t);
    this.#sets.setRows(this.#rows);
    this.#disks.setRows(disks?.kind === 'ready' ? diskRows(disks.value.disks, state, this.#t) : []);
    this.#volumes.hidden = disks?.kind !== 'ready';
    this.#renderTimeline(openSetOf(model), state);
    this.#renderCrumbs(model);
    this.#renderNotices(noticesOf(model, this.#t));
    // The table stays while the next folder is on its way: hidden, it would lose the focus.
    const isVolumeOpen =
      state.place.volumeIndex !== undefined &&
      disks?.kind === 'ready' &&
      !isLockedAt(disks.value, state.place);
    const search = searchContentOf(model, this.#t);
    this.#folder.hidden = !isVolumeOpen || search !== undefined;
    this.filter.element.hidden = this.#folder.hidden;
    this.search.element.hidden = search === undefined;
    this.#openSearch.hidden = disks?.kind !== 'ready' || search !== undefined;
    if (search !== undefined) this.search.render(search);
    this.#renderEmpty(model);
    if (this.filter.value !== state.filter) this.filter.value = state.filter;
    const selected = new Set(state.selected.map(({ name }) => name));
    this.table.setContent({
      rowCount: rowCountOf(model),
      entry: index => pages?.entry(index),
      isSelected: name => selected.has(name),
      activeIndex: state.activeIndex,
    });
    for (const [action, isEnabled] of Object.entries(enabledActions(model)))
      this.#buttons[action as BrowserAction].setEnabled(isEnabled);
    this.#buttons.guest.element.hidden = !model.canRestoreToGuest;
    setText(this.#status, statusText(model, this.#t));
  }

  focusSets(): void {
    this.#sets.focus();
  }

  activateSetRow(id: string): void {
    this.#sets.activate(id);
  }

  #onFilterKey(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown' || event.key === 'Enter') this.table.focus();
    else if (event.key === 'Escape') {
      this.filter.value = '';
      this.#handlers.onFilter('');
      this.table.focus();
    } else return;
    event.preventDefault();
  }

  #renderTimeline(set: BackupSetView | undefined, { place }: BrowserState): void {
    if (!this.#isNew('timeline', [set, place.point])) return;
    this.#timeline.replaceChildren(
      ...(set === undefined || set.points.length === 0
        ? []
        : [timelinePicture(set, place.point, this.#handlers.onPoint, this.#t)]),
    );
  }

  #renderCrumbs(model: BrowserModel): void {
    const crumbs = crumbsOf(model);
    if (
      !this.#isNew(
        'crumbs',
        crumbs.map(({ text }) => text),
      )
    )
      return;
    const items = crumbs.map(({ text, path }, index) => {
      const isLast = index === crumbs.length - 1;
      const shown =
        path === undefined || isLast
          ? element('span', isLast ? { 'aria-current': 'location' } : {}, text)
          : link(text, () => this.#handlers.onFolder(path));
      return element('li', {}, shown);
    });
    this.#crumbs.replaceChildren(element('ol', {}, ...items));
  }

  #renderNotices(notices: readonly NoticeView[]): void {
    if (
      !this.#isNew(
        'notices',
        notices.map(({ text }) => text),
      )
    )
      return;
    this.#notices.replaceChildren(
      ...notices.map(({ severity, text }) =>
        element(
          'div',
          { class: `notice ${severity}`, role: 'note' },
          icon(severity),
          element('span', {}, text),
        ),
      ),
    );
  }

  /** What stands in the place of a table that is not there: what to do, that it is coming, or why it cannot come. */
  #renderEmpty(model: BrowserModel): void {
    const { text, failure, isLoading, isLocked } = emptyTextOf(model, this.#t);
    if (!this.#isNew('empty', [text, failure, isLoading])) return;
    const hadFocus = this.#empty.contains(document.activeElement);
    this.#empty.hidden = text === '';
    const action = failure?.needsPassword === true ? this.#t('Enter Password…') : this.#t('Try Again');
    this.#empty.replaceChildren(
      ...(isLoading ? [progressRing(text)] : []),
      ...(isLocked ? [icon('locked')] : failure === undefined ? [] : [icon('warning')]),
      element('p', failure === undefined ? {} : { role: 'alert' }, text),
      ...(failure === undefined ? [] : [button(action, () => this.#handlers.onRetry(failure)).element]),
      ...(isLocked ? [button(this.#t('Unlock…'), this.#handlers.onUnlock, 'primary').element] : []),
    );
    // A button that was pressed is gone; the keyboard goes on where what it asked for will be.
    if (!hadFocus) return;
    if (this.#folder.hidden) this.focusSets();
    else this.table.focus();
  }

  /** Whether a part must be built anew; what is rebuilt without need loses the focus that is in it. */
  #isNew(part: string, shown: readonly unknown[]): boolean {
    const before = this.#shown[part];
    const isSame =
      Array.isArray(before) &&
      before.length === shown.length &&
      shown.every((value, index) => value === before[index]);
    this.#shown = { ...this.#shown, [part]: shown };
    return !isSame;
  }
}
