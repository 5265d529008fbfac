import { formatDuration } from '../../base/units.ts';
import type { PointDto } from '../../protocol/point.ts';
import type { AcceptanceDto, GoalDto, RecoveryGoalDto, StandingDto } from '../../protocol/recovery.ts';
import type { AnswerView, GoalView } from '../../protocol/webview/recovery.ts';
import { consistencyLabel } from './consistency.ts';
import { sentence } from './errorText.ts';
import type { Translate } from './nodeView.ts';
import { formatAge, formatMoment } from './time.ts';

/** A goal in one line. */
export function goalText({ minimumLevel, maxAgeMs, maxRecoveryMs }: RecoveryGoalDto, t: Translate): string {
  return [
    t('at least {0}', consistencyLabel(minimumLevel, t)),
    ...(maxAgeMs === undefined ? [] : [t('no older than {0}', formatDuration(maxAgeMs))]),
    ...(maxRecoveryMs === undefined ? [] : [t('recovered within {0}', formatDuration(maxRecoveryMs))]),
  ].join(', ');
}

/** Who has accepted gaps, why and until when. */
export function acceptanceText({ by, at, reason, until }: AcceptanceDto, t: Translate): string {
  return t('Accepted by {0} on {1} until {2}: {3}', by, formatMoment(at), formatMoment(until), reason);
}

function endedText({ by, until, reason }: AcceptanceDto, t: Translate): string {
  return t('The acceptance by {0} has ended on {1}: {2}', by, formatMoment(until), reason);
}

/** Against the newest point as it is now; without a goal nobody can say whether it is good. */
export function goalView(
  standing: StandingDto | undefined,
  newest: PointDto | undefined,
  now: Date,
  t: Translate,
): GoalView {
  if (standing === undefined) {
    const text =
      newest === undefined
        ? t('No goal is set, and there is no restore point')
        : t('No goal is set; the newest restore point is {0}', agePhrase(newest, now, t));
    return {
      answer: { tone: newest === undefined ? 'bad' : 'unknown', text },
      ...{ gaps: [], acceptances: [], canAccept: false },
    };
  }
  const { goal, gaps, acceptances, expired, state } = standing;
  return {
    answer: answerTo(standing, newest, now, t),
    goal: goalText(goal.goal, t),
    setBy: setByText(goal, t),
    gaps: gaps.map(({ text }) => sentence({ message: text })),
    acceptances: [
      ...acceptances.map(acceptance => acceptanceText(acceptance, t)),
      ...expired.map(acceptance => endedText(acceptance, t)),
    ],
    canAccept: state === 'gap',
  };
}

function answerTo(
  { state, gaps, expired }: StandingDto,
  newest: PointDto | undefined,
  now: Date,
  t: Translate,
): AnswerView {
  switch (state) {
    case 'met':
      return {
        tone: 'good',
        text: t(
          'Yes: the goal is met now, by the restore point of {0}',
          newest === undefined ? '' : agePhrase(newest, now, t),
        ),
      };
    case 'accepted':
      return { tone: 'warning', text: t('The goal is missed, and that is accepted for now') };
    case 'gap':
      return {
        tone: 'bad',
        text:
          expired.length > 0
            ? t('No: the goal is missed, and an acceptance of that has ended')
            : t('No: the goal is missed ({0} gaps)', gaps.length),
      };
  }
}

function agePhrase({ takenAt }: PointDto, now: Date, t: Translate): string {
  return t('{0}, {1}', formatMoment(takenAt), formatAge(takenAt, now, t));
}

function setByText({ of, setBy, setAt }: GoalDto, t: Translate): string {
  return of === undefined
    ? t('Set for this VM by {0} on {1}', setBy, formatMoment(setAt))
    : t('Set for {0} by {1} on {2}', of.name, setBy, formatMoment(setAt));
}
