import type { GroupView } from '../../src/protocol/webview/recovery.ts';
import { element, visibleName } from '../shared/dom.ts';

/** Each VM of a group on a line of its own, with a mark where between the first and the last snapshot its own lies. */
export function skewLine({ members }: GroupView): HTMLElement {
  const rows = members.map(({ name, isThis, fraction, text }) => {
    const mark = element('span', { class: 'skew-mark' });
    mark.style.insetInlineStart = `${fraction * 100}%`;
    return element(
      'li',
      { class: isThis ? 'skew-row this' : 'skew-row' },
      element('span', { class: 'skew-name' }, visibleName(name)),
      element('span', { class: 'skew-track', 'aria-hidden': 'true' }, mark),
      element('span', { class: 'quiet' }, text),
    );
  });
  return element('ul', { class: 'plain skew' }, ...rows);
}
