import type { EvidenceDto } from '../../protocol/point.ts';
import type { AnswerView, EvidenceView } from '../../protocol/webview/recovery.ts';
import { consistencyLabel } from './consistency.ts';
import { sentence } from './errorText.ts';
import type { Translate } from './nodeView.ts';

/** A finding with what it means for the level, and where it was found. All of it is kept in the restore point. */
export function evidenceView(evidence: EvidenceDto, t: Translate): EvidenceView {
  const { rule, statement, items = [] } = evidence;
  const effect = effectOf(evidence, t);
  return {
    ...{ rule, items, text: sentence({ message: statement }) },
    ...(effect !== undefined && { effect }),
    source: sourceOf(rule, t),
  };
}

/** A limit is what a person has to see first; a claim proves nothing. */
function effectOf({ proves, limits, claims }: EvidenceDto, t: Translate): AnswerView | undefined {
  const texts = [
    ...(proves === undefined ? [] : [t('at least {0}', consistencyLabel(proves, t))]),
    ...(limits === undefined ? [] : [t('at most {0}', consistencyLabel(limits, t))]),
    ...(claims === undefined ? [] : [t('claimed, not proven: {0}', consistencyLabel(claims, t))]),
  ];
  if (texts.length === 0) return undefined;
  const tone = limits !== undefined ? 'warning' : proves !== undefined ? 'good' : 'unknown';
  return { tone, text: texts.join(', ') };
}

/** By the id of the rule; ids are stable, for they are in restore points. */
function sourceOf(rule: string, t: Translate): string {
  if (/^E[237]$|^E1$/.test(rule)) return t('the server: the snapshot as it lists it');
  if (/^E[456]$/.test(rule)) return t('the manifest that the guest left beside the snapshot');
  if (rule === 'E8') return t('the server: events of the VM');
  if (rule === 'E9') return t('the token of a freeze script, read from the stored disks');
  if (rule === 'E10') return t('writers that were seen in the guest before');
  if (/^(PWR-|POWER-)/.test(rule)) return t('the server: power state of the VM');
  if (rule.startsWith('IMG-')) return t('the stored disks: bytes of this restore point');
  return t('the manifest of the restore point');
}
