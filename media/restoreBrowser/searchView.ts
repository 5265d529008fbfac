import type { SearchForm } from '../../src/protocol/webview/browserSearch.ts';
import {
  type Button,
  button,
  checkbox,
  type Checkbox,
  link,
  textField,
  type TextField,
} from '../shared/controls.ts';
import { element, setText } from '../shared/dom.ts';
import type { Translate } from '../shared/text.ts';
import { type ResultContent, type ResultHandlers, ResultList } from './resultList.ts';

export interface SearchViewHandlers extends ResultHandlers {
  readonly onForm: (form: SearchForm) => void;
  /** Begins, or stops what is running. */
  readonly onSearch: () => void;
  readonly onClose: () => void;
  readonly onShowInFolder: () => void;
  /** Searches all volumes. */
  readonly onWiden: () => void;
}

export interface SearchContent extends ResultContent {
  readonly form: SearchForm;
  /** Where is searched, ready to be read. */
  readonly scopeText: string;
  readonly isRunning: boolean;
  readonly isEverywhere: boolean;
}

/** What is looked for, and what was found. */
export class SearchView {
  readonly element: HTMLElement;
  readonly list: ResultList;
  readonly #t: Translate;
  readonly #handlers: SearchViewHandlers;
  readonly #name: TextField;
  readonly #text: TextField;
  readonly #isExpression: Checkbox;
  readonly #isCaseSensitive: Checkbox;
  readonly #scope = element('span');
  readonly #widen: HTMLElement;
  readonly #search: Button;
  readonly #showInFolder: Button;

  constructor(handlers: SearchViewHandlers, t: Translate) {
    this.#t = t;
    this.#handlers = handlers;
    this.list = new ResultList(handlers, t);
    const tell = () => handlers.onForm(this.#form());
    this.#name = textField(t('Name of the files, or a part of it'), t('Name, such as *.conf'), tell);
    this.#text = textField(t('Text in the files'), t('Text in the files'), tell);
    this.#isExpression = checkbox(t('Regular expression'), tell);
    this.#isCaseSensitive = checkbox(t('Match case'), tell);
    this.#search = button(t('Search'), handlers.onSearch, 'primary');
    this.#showInFolder = button(t('Show in Folder'), handlers.onShowInFolder);
    this.#widen = link(t('Search All Volumes'), handlers.onWiden);
    for (const { element: field } of [this.#name, this.#text])
      field.addEventListener('keydown', event => this.#onFieldKey(event));
    this.element = element(
      'section',
      { class: 'search', role: 'search', 'aria-label': t('Search files') },
      element(
        'div',
        { class: 'search-form' },
        this.#name.element,
        this.#text.element,
        this.#isExpression.element,
        this.#isCaseSensitive.element,
        this.#search.element,
        this.#showInFolder.element,
        link(t('Close Search'), handlers.onClose),
      ),
      element('div', { class: 'search-scope' }, this.#scope, this.#widen),
      this.list.element,
    );
  }

  render(content: SearchContent): void {
    const { form, scopeText, isRunning, isEverywhere, rows, activeIndex } = content;
    if (this.#name.value !== form.name) this.#name.value = form.name;
    if (this.#text.value !== form.text) this.#text.value = form.text;
    this.#isExpression.checked = form.isExpression;
    this.#isCaseSensitive.checked = form.isCaseSensitive;
    setText(this.#search.element, isRunning ? this.#t('Stop') : this.#t('Search'));
    this.#search.setEnabled(isRunning || form.name !== '' || form.text !== '');
    this.#showInFolder.setEnabled(rows[activeIndex] !== undefined);
    setText(this.#scope, scopeText);
    this.#widen.hidden = isEverywhere;
    this.list.setContent(content);
  }

  focusForm(): void {
    this.#name.element.focus();
  }

  #form(): SearchForm {
    return {
      name: this.#name.value,
      text: this.#text.value,
      isExpression: this.#isExpression.checked,
      isCaseSensitive: this.#isCaseSensitive.checked,
    };
  }

  #onFieldKey(event: KeyboardEvent): void {
    if (event.key === 'Enter') this.#handlers.onSearch();
    else if (event.key === 'ArrowDown') this.list.element.focus();
    else if (event.key === 'Escape') this.#handlers.onClose();
    else return;
    event.preventDefault();
  }
}
