import type {
  PointDetailsView,
  RestoreKind,
  TimelinePointView,
} from '../../src/protocol/webview/recovery.ts';
import type { PointRef } from '../../src/protocol/point.ts';
import { button, link, progressRing } from '../shared/controls.ts';
import { type Child, element, setText, visibleName } from '../shared/dom.ts';
import type { Failure, Loadable } from '../shared/failure.ts';
import { icon } from '../shared/icons.ts';
import type { Translate } from '../shared/text.ts';
import { contentsDetails, evidenceDetails, limitsDetails, waysDetails } from './details.ts';
import { answer, region, type RegionParts } from './parts.ts';
import {
  actions,
  chosenPointLine,
  consistentCard,
  happyCard,
  howCard,
  keyed,
  type PageAction,
  whatCard,
} from './questions.ts';
import { isSamePoint, Timeline } from './timeline.ts';
import { chosenPoint, type RecoveryModel } from './viewModel.ts';

export interface ViewHandlers {
  readonly onAction: (action: PageAction) => void;
  readonly onRemedy: (rule: string) => void;
  readonly onRestore: (what: RestoreKind) => void;
  readonly onPoint: (point: TimelinePointView) => void;
  readonly onRetry: () => void;
}

/**
 * The whole page: four questions with their answers on one screen, and below them what the answers rest on. Built once;
 * `render` brings it up to date.
 */
export class RecoveryView {
  readonly #t: Translate;
  readonly #handlers: ViewHandlers;
  readonly #title = element('h1', {});
  readonly #path = element('p', { class: 'path' });
  readonly #notices = element('div', { class: 'notices' });
  readonly #status = element('div', { class: 'status', role: 'status', 'aria-live': 'polite' });
  readonly #empty = element('div', { class: 'empty' });
  readonly #main = element('main', {});
  readonly #timeline: Timeline;
  readonly #happy: RegionParts;
  readonly #consistent: RegionParts;
  readonly #how: RegionParts;
  readonly #what: RegionParts;
  readonly #limits: RegionParts;
  readonly #ways: RegionParts;
  readonly #evidence: RegionParts;
  readonly #contents: RegionParts;
  #shown: Readonly<Record<string, string>> = {};

  constructor(root: HTMLElement, handlers: ViewHandlers, t: Translate) {
    this.#t = t;
    this.#handlers = handlers;
    this.#timeline = new Timeline(t, handlers.onPoint);
    this.#happy = region('happy', 'question', t('Am I happy with this VM’s backup?'));
    this.#consistent = region('consistent', 'question', t('How consistent is it?'));
    this.#how = region('how', 'question', t('How can I recover?'));
    this.#what = region('what', 'question', t('What can I recover?'));
    this.#limits = region('limits', 'detail', t('What limits it'));
    this.#evidence = region('evidence', 'detail', t('Evidence'));
    this.#ways = region('ways', 'detail wide', t('Ways to recover'));
    this.#contents = region('contents', 'detail wide', t('What is in the restore point'));
    this.#what.body.before(this.#timeline.element);
    const questions = [this.#happy, this.#consistent, this.#how, this.#what];
    const details = [this.#limits, this.#evidence, this.#ways, this.#contents];
    this.#main.append(
      element('div', { class: 'questions' }, ...questions.map(({ element: made }) => made)),
      element('div', { class: 'details' }, ...details.map(({ element: made }) => made)),
    );
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
    this.#fill('happy', this.#happy.body, goal, () => happyCard(goal, this.#handlers, t));
    this.#fill('consistent', this.#consistent.body, consistency, () =>
      consistentCard(consistency, this.#handlers, t),
    );
    this.#fill('limits', this.#limits.body, consistency, () => limitsDetails(consistency, this.#handlers, t));
    this.#fill('timeline', this.#timeline.element, [points, chosen], () => {
      this.#timeline.render(points, chosen);
      return undefined;
    });
    const point = points.find(candidate => isSamePoint(candidate, chosen));
    this.#renderPoint(details, chosen, point);
  }

  /** The first thing the keyboard is for. */
  focus(): void {
    this.#happy.body.querySelector<HTMLElement>('tk-button')?.focus();
  }

  /** Everything that is of the chosen restore point. */
  #renderPoint(
    details: Loadable<PointDetailsView> | undefined,
    chosen: PointRef | undefined,
    point: TimelinePointView | undefined,
  ): void {
    const t = this.#t;
    const ready = details?.kind === 'ready' ? details.value : undefined;
    this.#fill('how', this.#how.body, [details, chosen], () => {
      if (ready !== undefined) return howCard(ready, this.#handlers, t);
      return details === undefined
        ? [answer({ tone: 'bad', text: t('Not at all: there is no restore point') })]
        : this.#pending(details);
    });
    this.#fill('what', this.#what.body, [details, point], () => {
      if (details === undefined || point === undefined)
        return [
          answer({ tone: 'bad', text: t('Nothing: there is no restore point in an open repository') }),
          actions(this.#handlers, [['browse', t('Open Restore Browser')]]),
        ];
      return ready === undefined
        ? [chosenPointLine(point, t), ...this.#pending(details)]
        : whatCard(ready, point, this.#handlers, t);
    });
    const parts = [
      ['ways', this.#ways, waysDetails],
      ['evidence', this.#evidence, evidenceDetails],
      ['contents', this.#contents, contentsDetails],
    ] as const;
    for (const [name, part, build] of parts) {
      part.element.hidden = ready === undefined;
      if (ready !== undefined) this.#fill(name, part.body, ready, () => build(ready, t));
    }
  }

  #pending(details: Loadable<unknown>): readonly HTMLElement[] {
    if (details.kind !== 'failed') return [progressRing(this.#t('Loading…'))];
    return [
      element('p', { role: 'alert' }, details.failure.text),
      keyed(button(this.#t('Try Again'), this.#handlers.onRetry).element, 'retry'),
    ];
  }

  #renderEmpty(overview: Loadable<unknown>): void {
    const failure: Failure | undefined = overview.kind === 'failed' ? overview.failure : undefined;
    this.#empty.hidden = overview.kind === 'ready';
    this.#fill('empty', this.#empty, [overview.kind, failure], () => {
      if (overview.kind === 'ready') return [];
      return this.#pending(overview);
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

function notice(text: string): HTMLElement {
  return element(
    'div',
    { class: 'notice warning', role: 'note' },
    icon('warning'),
    element('span', {}, text),
  );
}
