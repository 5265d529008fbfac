import { never } from '../../base/assert.ts';
import type { ConsistencyLevelDto } from '../../protocol/point.ts';
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
      return t('file system');
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
