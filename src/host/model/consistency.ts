import { never } from '../../base/assert.ts';
import type { ConsistencyLevelDto, PointSummaryDto } from '../../protocol/point.ts';
import type { NodeView, Translate } from './nodeView.ts';

/** A level in words. The words carry it; the color of the icon only repeats it. */
export function consistencyLabel(level: ConsistencyLevelDto | undefined, t: Translate): string {
  switch (level) {
    case 'application':
      return t('application-consistent');
    case 'filesystem':
      return t('file-system-consistent');
    case 'crash':
      return t('crash-consistent');
    case 'none':
      return t('not consistent');
    case undefined:
      return t('consistency unknown');
    default:
      return never(level);
  }
}

/** The same for a row, where every letter counts and a word before it says which level is meant. */
export function shortConsistencyLabel(level: ConsistencyLevelDto | undefined, t: Translate): string {
  switch (level) {
    case 'application':
      return t('application');
    case 'filesystem':
      return t('filesystem');
    case 'crash':
      return t('crash');
    case 'none':
      return t('none');
    case undefined:
      return t('unknown');
    default:
      return never(level);
  }
}

const levels: readonly ConsistencyLevelDto[] = ['none', 'crash', 'filesystem', 'application'];

export function isWeaker(one: ConsistencyLevelDto, other: ConsistencyLevelDto): boolean {
  return levels.indexOf(one) < levels.indexOf(other);
}

/** What is proven, and what is only claimed beside it. */
export function provenText(
  proven: ConsistencyLevelDto | undefined,
  claimed: ConsistencyLevelDto | undefined,
  t: Translate,
): string {
  const label = consistencyLabel(proven, t);
  return claimed === undefined
    ? label
    : t('{0}; {1} claimed, unproven', label, shortConsistencyLabel(claimed, t));
}

/** The same with what was asked for, where that was more. */
export function reachedText(
  { requested, proven, claimed }: Pick<PointSummaryDto, 'requested' | 'proven' | 'claimed'>,
  t: Translate,
): string {
  const text = provenText(proven, claimed, t);
  return requested !== undefined && proven !== undefined && isWeaker(proven, requested)
    ? t('{0}, asked for {1}', text, shortConsistencyLabel(requested, t))
    : text;
}

/** Less than what was asked for is never shown as good. */
export function reachedIcon({
  requested,
  proven,
}: Pick<PointSummaryDto, 'requested' | 'proven'>): NodeView['icon'] {
  return requested !== undefined && proven !== undefined && isWeaker(proven, requested)
    ? { name: 'warning', color: 'list.warningForeground' }
    : consistencyIcon(proven);
}

export function consistencyIcon(level: ConsistencyLevelDto | undefined): NodeView['icon'] {
  switch (level) {
    case 'application':
    case 'filesystem':
      return { name: 'pass-filled', color: 'testing.iconPassed' };
    case 'crash':
      return { name: 'circle-large-outline', color: 'list.warningForeground' };
    case 'none':
      return { name: 'error', color: 'list.errorForeground' };
    case undefined:
      return { name: 'question' };
    default:
      return never(level);
  }
}
