import type { PointRef } from '../../src/protocol/point.ts';
import type { TimelinePointView } from '../../src/protocol/webview/recovery.ts';
import { element, setAttributes } from '../shared/dom.ts';
import { levelLetter } from '../shared/levels.ts';
import type { Translate } from '../shared/text.ts';

/** Where a restore point stands between the oldest, 0, and the newest, 1; one alone is the newest. */
export function fractionsOf(points: readonly TimelinePointView[]): readonly number[] {
  const times = points.map(({ takenAt }) => Date.parse(takenAt));
  const [oldestMs, newestMs] = [Math.min(...times), Math.max(...times)];
  const spanMs = newestMs - oldestMs;
  return times.map(timeMs => (spanMs > 0 ? (timeMs - oldestMs) / spanMs : 1));
}

/** Where a key leads on the line of time, from the oldest, 0, to the newest; undefined for keys it does not know. */
export function timelineKey(key: string, at: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowUp':
      return Math.max(0, at - 1);
    case 'ArrowRight':
    case 'ArrowDown':
      return Math.min(count - 1, at + 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

export function isSamePoint(one: PointRef | undefined, other: PointRef | undefined): boolean {
  return one?.point === other?.point && one?.repository === other?.repository;
}

/**
 * The restore points of a VM on a line of time, each with the letter, the shape and the color of what is proven of it. A
 * list of which one is chosen: the arrow keys go from one to the next.
 */
export class Timeline {
  readonly element: HTMLElement;
  readonly #list = element('div', { class: 'timeline-line', role: 'listbox', tabindex: '0' });
  readonly #dates = element('div', { class: 'timeline-dates' });
  readonly #onChoose: (point: TimelinePointView) => void;
  readonly #t: Translate;
  #points: readonly TimelinePointView[] = [];
  #chosen = -1;

  constructor(t: Translate, onChoose: (point: TimelinePointView) => void) {
    this.#t = t;
    this.#onChoose = onChoose;
    this.element = element(
      'div',
      { class: 'timeline' },
      element('div', { class: 'timeline-field' }, this.#list),
      this.#dates,
    );
    setAttributes(this.#list, {
      'aria-label': t('Restore points, from the oldest to the newest'),
      'aria-orientation': 'horizontal',
    });
    this.#list.addEventListener('keydown', event => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const next = timelineKey(event.key, this.#chosen, this.#points.length);
      if (next === undefined) return;
      event.preventDefault();
      this.#choose(next);
    });
  }

  render(points: readonly TimelinePointView[], chosen: PointRef | undefined): void {
    this.element.hidden = points.length === 0;
    this.#points = points;
    this.#chosen = points.findIndex(point => isSamePoint(point, chosen));
    const fractions = fractionsOf(points);
    this.#list.replaceChildren(
      ...points.map((point, index) => this.#mark(point, index, fractions[index] ?? 1)),
    );
    setAttributes(this.#list, {
      'aria-activedescendant': this.#chosen < 0 ? undefined : markId(this.#chosen),
    });
    const ends = points.length > 1 ? [points[0], points.at(-1)] : points;
    this.#dates.replaceChildren(...ends.map(point => element('span', {}, point?.moment ?? '')));
  }

  #mark(point: TimelinePointView, index: number, fraction: number): HTMLElement {
    const { moment, age, levelText, level, repository } = point;
    const isChosen = index === this.#chosen;
    const spoken = this.#t('{0}, {1}, {2}, in {3}', moment, age, levelText, repository);
    const mark = element(
      'span',
      {
        id: markId(index),
        class: `timeline-mark level-${level ?? 'unknown'}${isChosen ? ' chosen' : ''}`,
        role: 'option',
        'aria-selected': String(isChosen),
        'aria-label': spoken,
        title: spoken,
      },
      levelLetter(level),
    );
    mark.style.insetInlineStart = `${fraction * 100}%`;
    mark.addEventListener('click', () => {
      this.#choose(index);
      this.#list.focus();
    });
    return mark;
  }

  #choose(index: number): void {
    const point = this.#points[index];
    if (point !== undefined && index !== this.#chosen) this.#onChoose(point);
  }
}

function markId(index: number): string {
  return `point-${index}`;
}
