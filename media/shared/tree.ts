import { element, setAttributes, setText } from './dom.ts';
import { icon, type IconName } from './icons.ts';
import { type KeyRow, type SiblingPosition, siblingPositions, treeKeyAction, typeAhead } from './treeKeys.ts';

export interface TreeRow extends KeyRow {
  readonly description?: string;
  readonly icon: IconName;
  /** What a screen reader says instead of label and description. */
  readonly spoken?: string;
  readonly isSelected?: boolean;
  /** Description below the label instead of beside it. */
  readonly isTall?: boolean;
  /** A message in the place of children, or while they are waited for; it is shown whole. */
  readonly tone?: 'normal' | 'quiet' | 'warning';
}

export interface TreeHandlers {
  /** Enter, Space or a click. */
  readonly onChoose: (id: string) => void;
  readonly onExpand: (id: string, isExpanded: boolean) => void;
}

/** How long a pause ends a typed beginning of a name. */
const typeAheadMs = 700;

const indentPx = 12;

/** A tree that the keyboard and screen readers know: one stop for Tab, the other keys move in it. */
export class Tree {
  readonly element: HTMLElement;
  readonly #handlers: TreeHandlers;
  readonly #items = new Map<string, HTMLElement>();
  #rows: readonly TreeRow[] = [];
  #activeId: string | undefined;
  #typed = { text: '', atMs: 0 };

  constructor(label: string, handlers: TreeHandlers) {
    this.#handlers = handlers;
    this.element = element('div', { role: 'tree', 'aria-label': label, class: 'tree' });
    this.element.addEventListener('keydown', event => this.#onKey(event));
    this.element.addEventListener('click', event => this.#onClick(event));
    // Screen readers move the focus without a key.
    this.element.addEventListener('focusin', ({ target }) => {
      const id = target instanceof HTMLElement ? target.dataset['id'] : undefined;
      if (id !== undefined && id !== this.#activeId) this.activate(id);
    });
  }

  /** In the order in which they are shown, children after their parent. */
  setRows(rows: readonly TreeRow[]): void {
    const hadFocus = this.element.contains(document.activeElement);
    this.#rows = rows;
    if (!rows.some(({ id }) => id === this.#activeId))
      this.#activeId = (rows.find(({ isSelected }) => isSelected === true) ?? rows[0])?.id;
    const ids = new Set(rows.map(({ id }) => id));
    for (const [id, item] of this.#items) {
      if (ids.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    const places = siblingPositions(rows);
    let before: Element | null = null;
    for (const row of rows) {
      const item = this.#items.get(row.id) ?? this.#makeItem(row.id);
      this.#fill(item, row, places.get(row.id));
      const next: Element | null =
        before === null ? this.element.firstElementChild : before.nextElementSibling;
      if (item !== next) this.element.insertBefore(item, next);
      before = item;
    }
    if (hadFocus && !this.element.contains(document.activeElement)) this.focus();
  }

  /** Moves the focus to the row that has the turn. */
  focus(): void {
    if (this.#activeId !== undefined) this.#items.get(this.#activeId)?.focus();
  }

  /** Gives a row the turn, and the focus if the tree has it. */
  activate(id: string): void {
    const hasFocus = this.element.contains(document.activeElement);
    this.#activeId = id;
    for (const [itemId, item] of this.#items) setAttributes(item, { tabindex: itemId === id ? '0' : '-1' });
    this.#items.get(id)?.scrollIntoView({ block: 'nearest' });
    if (hasFocus) this.focus();
  }

  #makeItem(id: string): HTMLElement {
    const item = element(
      'div',
      { role: 'treeitem', class: 'tree-row' },
      element('span', { class: 'twistie', 'aria-hidden': 'true' }),
      element('span', { class: 'tree-icon', 'aria-hidden': 'true' }),
      element('span', { class: 'tree-label' }),
      element('span', { class: 'tree-description' }),
    );
    item.dataset['id'] = id;
    this.#items.set(id, item);
    return item;
  }

  #fill(item: HTMLElement, row: TreeRow, place: SiblingPosition | undefined): void {
    const {
      id,
      level,
      label,
      description = '',
      spoken,
      isExpanded,
      isSelected = false,
      tone = 'normal',
    } = row;
    const shape = row.isTall === true ? 'tall' : '';
    setAttributes(item, {
      'aria-level': String(level),
      'aria-setsize': String(place?.count ?? 1),
      'aria-posinset': String(place?.position ?? 1),
      'aria-expanded': isExpanded === undefined ? undefined : String(isExpanded),
      'aria-selected': String(isSelected),
      'aria-label': spoken ?? [label, description].filter(text => text !== '').join(', '),
      tabindex: id === this.#activeId ? '0' : '-1',
      class: `tree-row ${tone} ${shape}`,
      title: [label, description].filter(text => text !== '').join('\n'),
    });
    item.style.paddingInlineStart = `${4 + (level - 1) * indentPx}px`;
    const [twistie, picture, labelElement, descriptionElement] = item.children;
    if (twistie === undefined || picture === undefined) return;
    replaceIcon(twistie, isExpanded === undefined ? undefined : isExpanded ? 'expanded' : 'collapsed');
    replaceIcon(picture, row.icon);
    if (labelElement !== undefined) setText(labelElement, label);
    if (descriptionElement !== undefined) setText(descriptionElement, description);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = treeKeyAction(this.#rows, this.#activeId, event.key);
    if (action === undefined) {
      if (event.key.length !== 1) return;
      const isNew = event.timeStamp - this.#typed.atMs > typeAheadMs;
      const text = (isNew ? '' : this.#typed.text) + event.key;
      this.#typed = { text, atMs: event.timeStamp };
      const found = typeAhead(this.#rows, this.#activeId, text);
      if (found === undefined) return;
      this.activate(found);
      this.focus();
    } else if (action.kind === 'move') {
      this.activate(action.id);
      this.focus();
    } else if (action.kind === 'choose') this.#handlers.onChoose(action.id);
    else this.#handlers.onExpand(action.id, action.kind === 'expand');
    event.preventDefault();
    event.stopPropagation();
  }

  #onClick({ target }: MouseEvent): void {
    if (!(target instanceof Element)) return;
    const id = target.closest<HTMLElement>('[role=treeitem]')?.dataset['id'];
    const row = this.#rows.find(candidate => candidate.id === id);
    if (row === undefined) return;
    this.activate(row.id);
    this.focus();
    if (target.closest('.twistie') !== null && row.isExpanded !== undefined)
      this.#handlers.onExpand(row.id, !row.isExpanded);
    else this.#handlers.onChoose(row.id);
  }
}

function replaceIcon(place: Element, name: IconName | undefined): void {
  if ((place as HTMLElement).dataset['icon'] === (name ?? '')) return;
  (place as HTMLElement).dataset['icon'] = name ?? '';
  place.replaceChildren(...(name === undefined ? [] : [icon(name)]));
}
