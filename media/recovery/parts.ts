import type {
  AnswerView,
  DiskCoverageView,
  ItemView,
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
export function answer({ tone, text }: AnswerView): HTMLElement {
  return element('p', { class: `answer tone-${tone}` }, icon(toneIcons[tone]), element('span', {}, text));
}

/** A heading with what is below it; nothing where there is nothing. */
export function block(title: string, ...children: readonly Child[]): readonly HTMLElement[] {
  return children.length === 0 ? [] : [element('h3', {}, title), ...children.map(wrapped)];
}

function wrapped(child: Child): HTMLElement {
  return child instanceof HTMLElement ? child : element('p', {}, child);
}

export function lines(texts: readonly string[]): readonly HTMLElement[] {
  return texts.length === 0
    ? []
    : [element('ul', { class: 'plain' }, ...texts.map(text => element('li', {}, text)))];
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
      element('span', {}, text, ' ', ...(rule === '' ? [] : [element('code', { class: 'rule' }, rule)])),
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

export function disks(views: readonly DiskCoverageView[], t: Translate): readonly HTMLElement[] {
  return items(
    views.map(({ label, isIn, reason, read }) => {
      const name = visibleName(label);
      const text = !isIn
        ? t('{0}: not in, {1}', name, reason ?? '')
        : read === undefined
          ? t('{0}: in', name)
          : t('{0}: in, {1}', name, read);
      return { text, isGood: isIn };
    }),
  );
}

/** Things that are there or are not: a tick or a cross before the words that say so. */
export function items(views: readonly ItemView[]): readonly HTMLElement[] {
  if (views.length === 0) return [];
  const rows = views.map(({ text, isGood }) =>
    element(
      'li',
      { class: isGood ? 'item' : 'item missing' },
      icon(isGood ? 'proven' : 'inconsistent'),
      element('span', {}, text),
    ),
  );
  return [element('ul', { class: 'plain' }, ...rows)];
}
