// The one file that knows the toolkit: it is archived, and whoever replaces it replaces this.
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDivider,
  vsCodeLink,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';

import { element, setAttributes } from './dom.ts';

/** Before any of the controls below is made. The prefix leaves the names `vscode-…` to others. */
export function registerControls(): void {
  provideVSCodeDesignSystem()
    .withPrefix('tk')
    .register(
      vsCodeButton(),
      vsCodeCheckbox(),
      vsCodeDivider(),
      vsCodeLink(),
      vsCodeProgressRing(),
      vsCodeTextField(),
    );
}

export interface Button {
  readonly element: HTMLElement;
  setEnabled(isEnabled: boolean): void;
}

export function button(
  text: string,
  onPress: () => void,
  appearance: 'primary' | 'secondary' = 'secondary',
): Button {
  const made = element('tk-button', { appearance }, text);
  let isEnabled = true;
  made.addEventListener('click', () => {
    if (isEnabled) onPress();
  });
  return {
    element: made,
    setEnabled: wanted => {
      isEnabled = wanted;
      made.toggleAttribute('disabled', !wanted);
    },
  };
}

/** A word that leads somewhere in this page. */
export function link(text: string, onFollow: () => void): HTMLElement {
  const made = element('tk-link', { href: '#' }, text);
  made.addEventListener('click', event => {
    event.preventDefault();
    onFollow();
  });
  return made;
}

/** A document somewhere else; the editor asks before it opens one. */
export function externalLink(text: string, url: string): HTMLElement {
  return element('tk-link', { href: url }, text);
}

export interface TextField {
  readonly element: HTMLElement;
  value: string;
}

/** @param onInput  called with every change a person makes */
export function textField(label: string, placeholder: string, onInput: (value: string) => void): TextField {
  const made = element('tk-text-field', { 'aria-label': label, placeholder }) as HTMLElement & {
    value: string;
  };
  made.addEventListener('input', () => onInput(made.value));
  // The toolkit calls every field "Text field" as soon as it is in the page.
  new MutationObserver(() => setAttributes(made, { 'aria-label': label })).observe(made, {
    attributeFilter: ['aria-label'],
  });
  return {
    element: made,
    get value() {
      return made.value;
    },
    set value(text: string) {
      made.value = text;
    },
  };
}

export interface Checkbox {
  readonly element: HTMLElement;
  checked: boolean;
}

/** @param onChange  called with every change a person makes */
export function checkbox(label: string, onChange: () => void): Checkbox {
  const made = element('tk-checkbox', {}, label) as HTMLElement & { checked: boolean };
  let isSetting = false;
  made.addEventListener('change', () => {
    if (!isSetting) onChange();
  });
  return {
    element: made,
    get checked() {
      return made.checked;
    },
    set checked(isChecked: boolean) {
      isSetting = true;
      made.checked = isChecked;
      isSetting = false;
    },
  };
}

export function progressRing(label: string): HTMLElement {
  return element('tk-progress-ring', { 'aria-label': label });
}

export function divider(): HTMLElement {
  return element('tk-divider', { role: 'presentation' });
}
