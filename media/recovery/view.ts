import type {
  ConsistencyView,
  GoalView,
  PointDetailsView,
  RecoverabilityView,
  RestoreKind,
  StatementView,
  TimelinePointView,
} from '../../src/protocol/webview/recovery.ts';
import type { PointRef } from '../../src/protocol/point.ts';
import { button, link, progressRing } from '../shared/controls.ts';
import { type Child, element, setText, visibleName } from '../shared/dom.ts';
import type { Failure, Loadable } from '../shared/failure.ts';
import { icon } from '../shared/icons.ts';
import type { Translate } from '../shared/text.ts';
import { levelLetter } from '../shared/levels.ts';
import { answer, block, disks, items, lines, sourceLink, statements } from './parts.ts';
import { skewLine } from './skewLine.ts';
import { isSamePoint, Timeline } from './timeline.ts';
import type { RecoveryModel } from './viewModel.ts';
import { chosenPoint } from './viewModel.ts';

export type PageAction = 'backUp' | 'explain' | 'setGoal' | 'acceptGaps' | 'glossary' | 'browse';

export interface ViewHandlers {
  readonly onAction: (action: PageAction) => void;
  readonly onRemedy: (rule: string) => void;
  readonly onRestore: (what: RestoreKind) => void;
  readonly onPoint: (point: TimelinePointView) => void;
  readonly onRetry: () => void;
}

const questions = ['happy', 'consistent', 'how', 'what'] as const;
type Question = (typeof questions)[number];

/** The whole page: four questions, each with its answer and what that rests on. Built once; `render` brings it up to date. */
export class RecoveryView {
  readonly #t: Translate;
  readonly #handlers: ViewHandlers;
  readonly #title = element('h1', {});
  readonly #path = element('p', { class: 'path' });
  readonly #notices = element('div', { class: 'notices' });
  readonly #status = element('div', { class: 'status', role: 'status', 'aria-live': 'polite' });
  readonly #empty = element('div', { class: 'empty' });
  readonly #main = element('main', { class: 'questions' });
  readonly #bodies: Readonly<Record<Question, HTMLElement>>;
  readonly #timeline: Timeline;
  #shown: Readonly<Record<string, string>> = {};

  constructor(root: HTMLElement, handlers: ViewHandlers, t: Translate) {
    this.#t = t;
    this.#handlers = handlers;
    this.#timeline = new Timeline(t, handlers.onPoint);
    this.#bodies = {
      happy: element('div', {}),
      consistent: element('div', {}),
      how: element('div', {}),
      what: element('div', {}),
    };
    const titles: Readonly<Record<Question, string>> = {
      happy: t('Am I happy with this VM’s backup?'),
      consistent: t('How consistent is it?'),
      how: t('How can I recover?'),
      what: t('What can I recover?'),
    };
    for (const question of questions) {
      const heading = element('h2', { id: `question-${question}` }, titles[question]);
      const isWhat = question === 'what';
      this.#main.append(
        element(
          'section',
          { class: `question ${question}`, 'aria-labelledby': heading.id },
          heading,
          ...(isWhat ? [this.#timeline.element] : []),
          this.#bodies[question],
        ),
      );
    }
    root.append(
      element(
        'header',
        {},
        element('div', { class: 'titles' }, this.#title, this.#path),
        link(t('Glossary'), () => handlers.onAction('glossary')),
        this.#status,
      ),
      this.#notices,
      this.#empty,
      this.#main,
    );
  }

  render(model: RecoveryModel): void {
    const { overview, details, vm, message } = model;
    const t = this.#t;
    setText(this.#title, t('Recovery of {0}', visibleName(vm.name)));
    setText(this.#status, message);
    this.#renderEmpty(overview);
    this.#main.hidden = overview.kind !== 'ready';
    if (overview.kind !== 'ready') return;
    const { inventoryPath, notices, goal, consistency, points } = overview.value;
    setText(this.#path, visibleName(inventoryPath));
    const chosen = chosenPoint(model);
    this.#fill('notices', this.#notices, notices, () => notices.map(text => notice(text)));
    this.#fill('happy', this.#bodies.happy, goal, () => this.#happy(goal));
    this.#fill('consistent', this.#bodies.consistent, consistency, () => this.#consistent(consistency));
    this.#fill('timeline', this.#timeline.element, [points, chosen], () => {
      this.#timeline.render(points, chosen);
      return undefined;
    });
    this.#fill('how', this.#bodies.how, [details, chosen], () => this.#how(details, chosen));
    const point = points.find(candidate => isSamePoint(candidate, chosen));
    this.#fill('what', this.#bodies.what, [details, point], () => this.#what(details, point));
  }

  /** The first thing the keyboard is for. */
  focus(): void {
    this.#bodies.happy.querySelector<HTMLElement>('tk-button')?.focus();
  }

  #happy(view: GoalView): readonly HTMLElement[] {
    const t = this.#t;
    const { goal, setBy, gaps, acceptances, canAccept } = view;
    return [
      answer(view.answer),
      ...block(t('What is missing'), ...lines(gaps)),
      ...lines(acceptances),
      ...(goal === undefined
        ? [element('p', {}, t('Without a goal, nothing can be green: say what recovery has to be.'))]
        : block(t('Goal'), goal, ...(setBy === undefined ? [] : [element('p', { class: 'quiet' }, setBy)]))),
      this.#actions([
        ['backUp', t('Back Up Now')],
        ['setGoal', t('Set Recovery Goal…')],
        ...(canAccept ? [['acceptGaps', t('Accept Gap…')] as const] : []),
      ]),
    ];
  }

  #consistent(view: ConsistencyView): readonly HTMLElement[] {
    const t = this.#t;
    const { levels, limits, unknowns, allRemedied, coverage } = view;
    return [
      answer(view.answer),
      element(
        'dl',
        { class: 'levels' },
        ...levels.map(({ title, level, text, detail }) =>
          element(
            'div',
            { class: 'level' },
            element('dt', {}, title),
            element(
              'dd',
              {},
              element(
                'span',
                { class: `letter level-${level ?? 'unknown'}`, 'aria-hidden': 'true' },
                levelLetter(level),
              ),
              element('strong', {}, text),
              element('span', { class: 'quiet' }, detail),
            ),
          ),
        ),
      ),
      ...block(t('What limits it'), ...statements(limits, t, this.#remedyButton)),
      ...(allRemedied === undefined ? [] : [element('p', {}, allRemedied)]),
      ...block(t('Disks in the snapshot'), coverage, ...disks(view.disks, t)),
      ...block(t('Good to know'), ...statements(view.remarks, t, this.#remedyButton)),
      ...block(t('Not known'), ...statements(unknowns, t)),
      this.#actions([['explain', t('Explain Consistency')]]),
    ];
  }

  readonly #remedyButton = ({ rule, canBeApplied }: StatementView): readonly HTMLElement[] =>
    canBeApplied === true
      ? [
          keyed(
            button(this.#t('Apply Remedy…'), () => this.#handlers.onRemedy(rule)).element,
            `remedy-${rule}`,
          ),
        ]
      : [];

  #how(
    details: Loadable<PointDetailsView> | undefined,
    chosen: PointRef | undefined,
  ): readonly HTMLElement[] {
    const t = this.#t;
    if (details === undefined || chosen === undefined)
      return [answer({ tone: 'bad', text: t('Not at all: there is no restore point') })];
    if (details.kind !== 'ready') return this.#pending(details);
    const { how, rows } = details.value;
    const table = element(
      'table',
      {},
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...[t('What'), t('How'), t('How long')].map(title => element('th', { scope: 'col' }, title)),
        ),
      ),
      element('tbody', {}, ...rows.map(row => this.#recoveryRow(row))),
    );
    return [answer(how), table];
  }

  #recoveryRow(row: RecoverabilityView): HTMLElement {
    const t = this.#t;
    const { title, isPossible, text, caveats, time, timeBasis, source, action } = row;
    const restoreTitles: Readonly<Record<RestoreKind, string>> = {
      files: t('Restore Guest File…'),
      disk: t('Restore Disk…'),
      vm: t('Restore VM…'),
    };
    const possible = isPossible ? t('possible') : t('not possible');
    const buttons: readonly HTMLElement[] =
      action === undefined
        ? []
        : [keyed(button(restoreTitles[action], () => this.#handlers.onRestore(action)).element, action)];
    return element(
      'tr',
      { class: isPossible ? 'possible' : 'impossible' },
      element(
        'th',
        { scope: 'row' },
        icon(isPossible ? 'proven' : 'inconsistent'),
        element('span', {}, title),
        element('span', { class: 'for-readers' }, ` (${possible})`),
      ),
      element(
        'td',
        {},
        element('span', {}, text),
        ...lines(caveats),
        element('span', { class: 'source' }, `${t('Source:')} `, sourceLink(source)),
        ...buttons,
      ),
      element('td', {}, element('span', {}, time), element('span', { class: 'quiet' }, timeBasis)),
    );
  }

  #what(
    details: Loadable<PointDetailsView> | undefined,
    point: TimelinePointView | undefined,
  ): readonly HTMLElement[] {
    const t = this.#t;
    if (details === undefined || point === undefined)
      return [
        answer({ tone: 'bad', text: t('Nothing: there is no restore point in an open repository') }),
        this.#actions([['browse', t('Open Restore Browser')]]),
      ];
    const { moment, age, levelText, repository } = point;
    const head = element(
      'p',
      { class: 'chosen-point' },
      element('strong', {}, t('{0}, {1}', moment, age)),
      ` · ${levelText} · ${repository}`,
    );
    if (details.kind !== 'ready') return [head, ...this.#pending(details)];
    const { what, basis, evidence, downgrades, applications, applicationsText } = details.value;
    const { fileSystems, group, problems } = details.value;
    return [
      answer(what),
      head,
      ...block(t('Basis'), basis, ...statements(evidence, t), ...lines(downgrades)),
      ...block(
        t('Applications'),
        ...(applicationsText === '' ? [] : [applicationsText]),
        ...items(applications),
      ),
      ...block(t('File systems'), ...items(fileSystems), ...lines(problems)),
      ...block(t('Disks'), ...disks(details.value.disks, t)),
      ...(group === undefined ? [] : block(group.title, group.text, skewLine(group))),
      this.#actions([['browse', t('Open Restore Browser')]]),
    ];
  }

  #pending(details: Loadable<unknown>): readonly HTMLElement[] {
    if (details.kind !== 'failed') return [progressRing(this.#t('Loading…'))];
    return [
      element('p', { role: 'alert' }, details.failure.text),
      button(this.#t('Try Again'), this.#handlers.onRetry).element,
    ];
  }

  #actions(wanted: readonly (readonly [PageAction, string])[]): HTMLElement {
    const made = wanted.map(([action, title]) =>
      keyed(
        button(title, () => this.#handlers.onAction(action), action === 'backUp' ? 'primary' : 'secondary')
          .element,
        action,
      ),
    );
    return element('div', { class: 'actions' }, ...made);
  }

  #renderEmpty(overview: Loadable<unknown>): void {
    const failure: Failure | undefined = overview.kind === 'failed' ? overview.failure : undefined;
    this.#empty.hidden = overview.kind === 'ready';
    this.#fill('empty', this.#empty, [overview.kind, failure], () => {
      if (overview.kind === 'ready') return [];
      if (failure === undefined) return [progressRing(this.#t('Loading…'))];
      return [
        element('p', { role: 'alert' }, failure.text),
        keyed(button(this.#t('Try Again'), this.#handlers.onRetry).element, 'retry'),
      ];
    });
  }

  /** Builds a part anew only if what it shows is different, and gives the focus back to what had it. */
  #fill(part: string, target: HTMLElement, shown: unknown, build: () => readonly Child[] | undefined): void {
    const text = JSON.stringify(shown);
    if (this.#shown[part] === text) return;
    this.#shown = { ...this.#shown, [part]: text };
    const active = document.activeElement;
    const key = target.contains(active) ? (active as HTMLElement).dataset['key'] : undefined;
    const children = build();
    if (children === undefined) return;
    target.replaceChildren(...children);
    if (key !== undefined) target.querySelector<HTMLElement>(`[data-key="${key}"]`)?.focus();
  }
}

function keyed(made: HTMLElement, key: string): HTMLElement {
  made.dataset['key'] = key;
  return made;
}

function notice(text: string): HTMLElement {
  return element(
    'div',
    { class: 'notice warning', role: 'note' },
    icon('warning'),
    element('span', {}, text),
  );
}
