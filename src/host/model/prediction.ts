import { never } from '../../base/assert.ts';
import type { CertaintyDto, PredictionDto, RemarkDto } from '../../protocol/vm.ts';
import { consistencyLabel, isWeaker, shortConsistencyLabel } from './consistency.ts';
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

/**
 * The same where every letter counts and nothing else is expected: `application · VSS`, `filesystem · 1 fix available`,
 * `crash · Tools not running`.
 */
export function predictionRowText(prediction: PredictionDto, t: Translate): string {
  const { level, certainty } = prediction;
  const label = shortConsistencyLabel(level, t);
  const shown = certainty === 'uncertain' ? t('{0} (uncertain)', label) : label;
  return `${shown} · ${rowReason(prediction, t)}`;
}

/** What is to be done first: below file-system consistency what is wrong, above it whether more can be had. */
function rowReason(prediction: PredictionDto, t: Translate): string {
  const { level, limits, mechanism, base, outsideDisks, levelAfterAllFixes } = prediction;
  const limit = limits.find(({ cap }) => cap === level);
  if (limit !== undefined && isWeaker(level, 'filesystem')) return limit.reason;
  if (isWeaker(level, levelAfterAllFixes)) {
    const fixCount = limits.filter(({ remedy }) => remedy !== undefined).length;
    return fixCount === 1 ? t('1 fix available') : t('{0} fixes available', fixCount);
  }
  if (outsideDisks.length > 0)
    return outsideDisks.length === 1
      ? t('1 disk outside the snapshot')
      : t('{0} disks outside the snapshot', outsideDisks.length);
  return limit?.reason ?? shortMechanismLabel(mechanism, t) ?? base.reason;
}

/** Undefined where nothing brings the guest to rest. */
function shortMechanismLabel(mechanism: string, t: Translate): string | undefined {
  const texts: Readonly<Record<string, string>> = {
    cold: t('clean shutdown'),
    vss: t('VSS'),
    'vss-without-writers': t('VSS without writers'),
    'sync-driver': t('sync driver'),
    freeze: t('FIFREEZE'),
  };
  return texts[mechanism];
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
        ? remarkLine(limit, t)
        : t('{0} Then: {1}.', remarkLine(limit, t), consistencyLabel(limit.levelAfterFix, t)),
    ),
    ...remarks.map(remark => remarkLine(remark, t)),
    t('At best: {0}', consistencyLabel(ceiling, t)),
    t('Basis: {0} ({1})', sentence({ message: base.text }), base.rule),
    ...(levelAfterAllFixes === level
      ? []
      : [t('With all of that remedied: {0}', consistencyLabel(levelAfterAllFixes, t))]),
    ...unknowns.map(({ question, rule }) => t('Not known: {0} ({1})', question, rule)),
  ];
}

/** Another shape than a restore point's, and never green: what is expected must not look like what is proven. */
export function predictionIcon({ level, certainty, outsideDisks }: PredictionDto): NodeView['icon'] {
  if (level === 'none') return { name: 'error', color: 'list.errorForeground' };
  if (certainty === 'uncertain') return { name: 'question', color: 'list.warningForeground' };
  if (level === 'crash' || outsideDisks.length > 0)
    return { name: 'warning', color: 'list.warningForeground' };
  return { name: 'shield', color: 'charts.blue' };
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

/** What is wrong, what to do, by which rule, how certain that is, and who says so. */
function remarkLine({ text, remedy, rule, certainty, source }: RemarkDto, t: Translate): string {
  const what = sentence({ message: text, remedy });
  return t('{0} ({1}, {2}. Source: {3})', what, rule, certaintyLabel(certainty, t), source);
}
