import type { BackupSetView, PointView } from '../../src/protocol/webview/restoreBrowser.ts';
import { element, visibleName } from '../shared/dom.ts';
import { icon } from '../shared/icons.ts';
import type { Translate } from '../shared/text.ts';
import { pointIcon } from './treeRows.ts';

export interface TimelineMark {
  readonly point: PointView;
  /** 0 for the oldest, 1 for the newest; one alone stands in the middle. */
  readonly fraction: number;
}

/** Where the restore points stand in time, the oldest first. */
export function timelineMarks(points: readonly PointView[]): readonly TimelineMark[] {
  const times = points.map(({ takenAt }) => Date.parse(takenAt));
  const [oldestMs, newestMs] = [Math.min(...times), Math.max(...times)];
  const spanMs = newestMs - oldestMs;
  return points
    .map((point, index) => ({
      point,
      fraction: spanMs > 0 ? ((times[index] ?? oldestMs) - oldestMs) / spanMs : 0.5,
    }))
    .toSorted((one, other) => one.fraction - other.fraction);
}

/**
 * A picture of when the restore points of a VM were made. It repeats what the tree says in words, so the keyboard has no
 * business in it; a click opens the point.
 */
export function timelinePicture(
  set: BackupSetView,
  openPointId: string | undefined,
  onOpen: (point: PointView) => void,
  t: Translate,
): HTMLElement {
  const marks = timelineMarks(set.points);
  const [oldest, newest] = [marks[0]?.point, marks.at(-1)?.point];
  const line = element('div', { class: 'timeline-line' });
  for (const { point, fraction } of marks) {
    const isOpen = point.id === openPointId;
    const mark = element(
      'span',
      {
        class: isOpen ? 'timeline-mark open' : 'timeline-mark',
        title: `${point.moment}\n${point.levelText}`,
      },
      icon(pointIcon(point)),
    );
    mark.style.insetInlineStart = `${fraction * 100}%`;
    mark.addEventListener('click', () => onOpen(point));
    line.append(mark);
  }
  const dates = oldest === newest ? [oldest] : [oldest, newest];
  return element(
    'figure',
    {
      class: 'timeline',
      role: 'img',
      'aria-label': t(
        'Timeline of {0}: {1} restore points from {2} to {3}',
        visibleName(set.vmName),
        marks.length,
        oldest?.moment ?? '',
        newest?.moment ?? '',
      ),
    },
    element('figcaption', {}, t('Timeline of {0}', visibleName(set.vmName))),
    element('div', { class: 'timeline-field' }, line),
    element(
      'div',
      { class: 'timeline-dates' },
      ...dates.map(point => element('span', {}, point?.moment ?? '')),
    ),
  );
}
