import type {
  ConsistencyView,
  GoalView,
  LevelView,
  PointDetailsView,
  RecoverabilityView,
  RestoreKind,
  TimelinePointView,
  VolumeView,
} from '../../src/protocol/webview/recovery.ts';
import { button } from '../shared/controls.ts';
import { element, visibleName } from '../shared/dom.ts';
import { icon } from '../shared/icons.ts';
import { levelLetter } from '../shared/levels.ts';
import type { Translate } from '../shared/text.ts';
import { answer, block, lines, verdict } from './parts.ts';

export type PageAction = 'backUp' | 'explain' | 'look' | 'setGoal' | 'acceptGaps' | 'glossary' | 'browse';

export interface CardHandlers {
  readonly onAction: (action: PageAction) => void;
  readonly onRestore: (what: RestoreKind) => void;
}

/** Am I happy with this VM's backup? */
export function happyCard(view: GoalView, handlers: CardHandlers, t: Translate): readonly HTMLElement[] {
  const { goal, setBy, gaps, acceptances, canAccept } = view;
  return [
    answer(view.answer),
    ...block(t('What is missing'), ...lines(gaps)),
    ...lines(acceptances),
    ...(goal === undefined
      ? [element('p', {}, t('Without a goal, nothing can be green: say what recovery has to be.'))]
      : block(t('Goal'), goal, ...(setBy === undefined ? [] : [element('p', { class: 'quiet' }, setBy)]))),
    actions(handlers, [
      ['backUp', t('Back Up Now')],
      ['setGoal', t('Set Recovery Goal…')],
      ...(canAccept ? [['acceptGaps', t('Accept Gap…')] as const] : []),
    ]),
  ];
}

/** How consistent is it? Predicted, requested and proven stand beside each other. */
export function consistentCard(
  view: ConsistencyView,
  handlers: CardHandlers,
  t: Translate,
): readonly HTMLElement[] {
  return [
    answer(view.answer),
    element('dl', { class: 'levels' }, ...view.levels.map(levelBox)),
    actions(handlers, [['explain', t('Explain Consistency')]]),
  ];
}

function levelBox({ title, level, text, detail }: LevelView): HTMLElement {
  const letter = element(
    'span',
    { class: `letter level-${level ?? 'unknown'}`, 'aria-hidden': 'true' },
    levelLetter(level),
  );
  const words = [element('strong', {}, text), element('span', { class: 'quiet' }, detail)];
  return element('div', { class: 'level' }, element('dt', {}, title), element('dd', {}, letter, ...words));
}

/** How can I recover? A row for each granularity, with what does it. */
export function howCard(
  { how, rows }: PointDetailsView,
  handlers: CardHandlers,
  t: Translate,
): readonly HTMLElement[] {
  return [answer(how), element('ul', { class: 'plain ways' }, ...rows.map(row => way(row, handlers, t)))];
}

function way(
  { title, isPossible, isTimeKnown, time, actions: kinds }: RecoverabilityView,
  { onRestore }: CardHandlers,
  t: Translate,
): HTMLElement {
  const titles: Readonly<Record<RestoreKind, string>> = {
    files: t('Restore Guest File…'),
    guest: t('Restore to Guest…'),
    browse: t('Browse Files'),
    disk: t('Restore Disk…'),
    vm: t('Restore VM…'),
  };
  const words = [title, ...(isPossible ? [] : [t('not possible')]), ...(isTimeKnown ? [time] : [])];
  const possible = element('span', { class: 'for-readers' }, ` (${t('possible')})`);
  return element(
    'li',
    { class: isPossible ? 'way possible' : 'way impossible' },
    icon(isPossible ? 'proven' : 'inconsistent'),
    element('span', { class: 'way-title' }, words.join(' · '), ...(isPossible ? [possible] : [])),
    element(
      'span',
      { class: 'way-actions' },
      ...kinds.map(kind => keyed(button(titles[kind], () => onRestore(kind)).element, kind)),
    ),
  );
}

/** What can I recover? From the restore point that is chosen on the line of time. */
export function whatCard(
  { what, volumes, applications }: PointDetailsView,
  point: TimelinePointView,
  handlers: CardHandlers,
  t: Translate,
): readonly HTMLElement[] {
  return [
    answer(what),
    chosenPointLine(point, t),
    element(
      'ul',
      { class: 'plain contents' },
      ...volumes.map(volume => volumeLine(volume, t)),
      ...applications.map(({ name, atRest }) =>
        element('li', {}, verdict({ ...atRest, text: t('{0}: {1}', name, atRest.text) })),
      ),
    ),
    actions(handlers, [['browse', t('Open Restore Browser')]]),
  ];
}

export function chosenPointLine(
  { moment, age, levelText, repository }: TimelinePointView,
  t: Translate,
): HTMLElement {
  return element(
    'p',
    { class: 'chosen-point' },
    element('strong', {}, t('{0}, {1}', moment, age)),
    ` · ${levelText} · ${visibleName(repository)}`,
  );
}

function volumeLine({ name, content, files, atRest }: VolumeView, t: Translate): HTMLElement {
  const { tone, text } = files ?? atRest ?? { tone: 'unknown', text: '' };
  return element('li', {}, verdict({ tone, text: t('{0}: {1}, {2}', visibleName(name), content, text) }));
}

export function actions(
  { onAction }: Pick<CardHandlers, 'onAction'>,
  wanted: readonly (readonly [PageAction, string])[],
): HTMLElement {
  const made = wanted.map(([action, title]) =>
    keyed(
      button(title, () => onAction(action), action === 'backUp' ? 'primary' : 'secondary').element,
      action,
    ),
  );
  return element('div', { class: 'actions' }, ...made);
}

/** What gets the focus back when its part is built anew. */
export function keyed(made: HTMLElement, key: string): HTMLElement {
  made.dataset['key'] = key;
  return made;
}
