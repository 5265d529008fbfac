import type {
  AnswerView,
  DiskCoverageView,
  StatementView,
  Tone,
} from '../../src/protocol/webview/recovery.ts';
import type { SourceDto } from '../../src/protocol/vm.ts';
import { externalLink } from '../shared/controls.ts';
import { type Child, element, visibleName } from '../shared/dom.ts';
import { icon, type IconName } from '../shared/icons.ts';
import type { Translate } from '../shared/text.ts';

const toneIcons: Readonly<Record<Tone, IconName>> = {
  good: 'proven',
  warning: 'warning',
  bad: 'inconsistent',
  unknown: 'unknown',
};

/** The answer to a question: its tone has a shape, and its words say the same. */
export function answer(view: AnswerView): HTMLElement {
  return element('p', { class: `answer tone-${view.tone}` }, ...toneAndWords(view));
}

/** The same for a part of something. */
export function verdict(view: AnswerView, ...more: readonly Child[]): HTMLElement {
  return element('span', { class: `verdict tone-${view.tone}` }, ...toneAndWords(view, ...more));
}

function toneAndWords({ tone, text }: AnswerView, ...more: readonly Child[]): readonly Child[] {
  return [icon(toneIcons[tone]), element('span', {}, text, ...more)];
}

/** Id of a rule, which is the same everywhere. */
export function ruleTag(rule: string): HTMLElement {
  return element('code', { class: 'rule' }, rule);
}

/** A heading with what is below it; nothing where there is nothing. */
export function block(title: string, ...children: readonly Child[]): readonly HTMLElement[] {
  return children.length === 0 ? [] : [element('h3', {}, title), ...children.map(wrapped)];
}

function wrapped(child: Child): HTMLElement {
  return child instanceof HTMLElement ? child : element('p', {}, child);
}

/** Each with a dash before it; nothing where there are none. */
export function lines(texts: readonly string[]): readonly HTMLElement[] {
  return texts.length === 0
    ? []
    : [element('ul', { class: 'plain dashed' }, ...texts.map(text => element('li', {}, text)))];
}

/** What is said, what to do, and where it comes from. */
export function statements(
  views: readonly StatementView[],
  t: Translate,
  actionOf: (view: StatementView) => readonly HTMLElement[] = () => [],
): readonly HTMLElement[] {
  if (views.length === 0) return [];
  const items = views.map(view => {
    const { rule, text, remedy, gain, certainty, source } = view;
    return element(
      'li',
      { class: 'statement' },
      element('span', {}, text, ' ', ...(rule === '' ? [] : [ruleTag(rule)])),
      ...(remedy === undefined ? [] : [element('span', { class: 'remedy' }, t('What to do: {0}', remedy))]),
      ...(gain === undefined ? [] : [element('span', { class: 'gain' }, gain)]),
      element(
        'span',
        { class: 'source' },
        ...(certainty === undefined ? [] : [`${certainty} · `]),
        `${t('Source:')} `,
        sourceLink(source),
      ),
      ...actionOf(view),
    );
  });
  return [element('ul', { class: 'plain statements' }, ...items)];
}

/** Where there is no public address, the title is all there is to follow. */
export function sourceLink({ title, url }: SourceDto): HTMLElement {
  return url === undefined ? element('span', {}, title) : externalLink(title, url);
}

/** A tick or a cross before the words that say so. */
export function disks(views: readonly DiskCoverageView[], t: Translate): readonly HTMLElement[] {
  if (views.length === 0) return [];
  const rows = views.map(({ label, isIn, reason, read }) => {
    const name = visibleName(label);
    const text = !isIn
      ? t('{0}: not in, {1}', name, reason ?? '')
      : read === undefined
        ? t('{0}: in', name)
        : t('{0}: in, {1}', name, read);
    return element('li', {}, verdict({ tone: isIn ? 'good' : 'bad', text }));
  });
  return [element('ul', { class: 'plain' }, ...rows)];
}

/** A box with a heading, of which a reader of the screen knows the name. */
export function region(id: string, className: string, title: string): RegionParts {
  const heading = element('h2', { id: `region-${id}` }, title);
  const body = element('div', {});
  const made = element('section', { class: className, 'aria-labelledby': heading.id }, heading, body);
  return { element: made, body };
}

export interface RegionParts {
  readonly element: HTMLElement;
  readonly body: HTMLElement;
}
