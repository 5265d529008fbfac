import { never } from '../../base/assert.ts';
import type { GapKindDto, StandingDto } from '../../protocol/recovery.ts';
import { sentence } from './errorText.ts';
import { acceptanceText, goalText } from './goalText.ts';
import type { NodeView, Translate } from './nodeView.ts';
import { formatMoment } from './time.ts';

/** How a VM stands against its goal, for a row: `goal met`, `goal missed: too old`, `gap accepted until 2026-12-01 …`. */
export function standingText({ state, gaps, acceptances, expired }: StandingDto, t: Translate): string {
  switch (state) {
    case 'met':
      return t('goal met');
    case 'accepted':
      return t('gap accepted until {0}', formatMoment(acceptances[0]?.until ?? ''));
    case 'gap': {
      const missing = gaps.map(({ kind }) => gapLabel(kind, t)).join(', ');
      return expired.length > 0
        ? t('goal missed: {0}; acceptance ended', missing)
        : t('goal missed: {0}', missing);
    }
    default:
      return never(state);
  }
}

/** Green is met alone; a shape for each, and the words beside it say the same. */
export function standingIcon({ state }: StandingDto): NodeView['icon'] {
  switch (state) {
    case 'met':
      return { name: 'pass-filled', color: 'testing.iconPassed' };
    case 'accepted':
      return { name: 'thumbsup', color: 'list.warningForeground' };
    case 'gap':
      return { name: 'error', color: 'list.errorForeground' };
    default:
      return never(state);
  }
}

export function standingLines(standing: StandingDto, t: Translate): readonly string[] {
  const { goal, gaps, acceptances } = standing;
  return [
    t('Goal: {0}', goalText(goal.goal, t)),
    standingText(standing, t),
    ...gaps.map(({ text }) => sentence({ message: text })),
    ...acceptances.map(acceptance => acceptanceText(acceptance, t)),
  ];
}

function gapLabel(kind: GapKindDto, t: Translate): string {
  switch (kind) {
    case 'no-restore-point':
      return t('no restore point');
    case 'level':
      return t('not consistent enough');
    case 'coverage':
      return t('disks missing');
    case 'age':
      return t('too old');
    case 'recovery-time':
      return t('recovery too slow');
    case 'recovery-time-unknown':
      return t('recovery time unknown');
    default:
      return never(kind);
  }
}
