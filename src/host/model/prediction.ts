import { never } from '../../base/assert.ts';
import type { CertaintyDto, PredictionDto, RemarkDto } from '../../protocol/vm.ts';
import { consistencyLabel, shortConsistencyLabel } from './consistency.ts';
import { sentence } from './errorText.ts';
import type { NodeView, Translate } from './nodeView.ts';

/** What a backup can be expected to reach and what keeps it from more, in one line: `predicted file system · Linux`. */
export function predictionText(prediction: PredictionDto, t: Translate): string {
  const label = shortConsistencyLabel(prediction.level, t);
  const level =
    prediction.certainty === 'uncertain' ? t('predicted {0} (uncertain)', label) : t('predicted {0}', label);
  const reason = limitingReason(prediction, t);
  return reason === undefined ? level : `${level} · ${reason}`;
}

/** The strongest reason why it is no more, in a few words. */
export function limitingReason(
  { level, limits, base, outsideDisks }: PredictionDto,
  t: Translate,
): string | undefined {
  const limit = limits.find(({ cap }) => cap === level);
  if (limit !== undefined) return limit.reason;
  if (outsideDisks.length > 0) return t('{0} disks outside the snapshot', outsideDisks.length);
  return level === 'application' ? undefined : base.reason;
}

/** Everything there is to say: reasons, remedies with what they buy, what is not known. */
export function predictionLines(prediction: PredictionDto, t: Translate): readonly string[] {
  const { level, certainty, ceiling, base, limits, remarks, unknowns, levelAfterAllFixes } = prediction;
  return [
    t('Predicted for a backup now: {0} ({1})', consistencyLabel(level, t), certaintyLabel(certainty, t)),
    ...limits.map(limit =>
      limit.levelAfterFix === level
        ? remarkLine(limit)
        : t('{0} Then: {1}.', remarkLine(limit), consistencyLabel(limit.levelAfterFix, t)),
    ),
    ...remarks.map(remarkLine),
    t('At best: {0}', consistencyLabel(ceiling, t)),
    t('Basis: {0} ({1})', sentence({ message: base.text }), base.rule),
    ...(levelAfterAllFixes === level
      ? []
      : [t('With all of that remedied: {0}', consistencyLabel(levelAfterAllFixes, t))]),
    ...unknowns.map(({ question, rule }) => t('Not known: {0} ({1})', question, rule)),
  ];
}

/** Another shape than a restore point's, so that what is expected never looks like what is proven. */
export function predictionIcon({ level, certainty, outsideDisks }: PredictionDto): NodeView['icon'] {
  if (level === 'none') return { name: 'error', color: 'list.errorForeground' };
  if (certainty === 'uncertain') return { name: 'question', color: 'list.warningForeground' };
  if (level === 'crash' || outsideDisks.length > 0)
    return { name: 'warning', color: 'list.warningForeground' };
  return { name: 'shield', color: level === 'application' ? 'testing.iconPassed' : 'charts.blue' };
}

export function certaintyLabel(certainty: CertaintyDto, t: Translate): string {
  switch (certainty) {
    case 'certain':
      return t('certain');
    case 'likely':
      return t('likely');
    case 'uncertain':
      return t('uncertain');
    default:
      return never(certainty);
  }
}

function remarkLine({ text, remedy, rule }: RemarkDto): string {
  return `${sentence({ message: text, remedy })} (${rule})`;
}
