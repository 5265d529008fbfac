import { never } from '../../base/assert.ts';
import type { ExplainedLimitDto, ExplainedRemarkDto, ExplanationDto } from '../../protocol/vm.ts';
import { consistencyLabel } from './consistency.ts';
import { sentence } from './errorText.ts';
import { sourceLink } from './glossaryText.ts';
import { markdownText } from './markdown.ts';
import type { Translate } from './nodeView.ts';
import { certaintyLabel } from './prediction.ts';
import { formatMoment } from './time.ts';

/** Everything there is to say of a VM's prediction, as a page. Whatever comes from outside is text in it, never markup. */
export function explanationMarkdown(explanation: ExplanationDto, t: Translate): string {
  const { name, inventoryPath, asOf } = explanation;
  const blocks = [
    heading(1, t('Consistency of {0}', name)),
    markdownText(inventoryPath),
    ...(asOf === undefined
      ? []
      : [strong(t('As it was at {0}; the server has not confirmed it since', formatMoment(asOf)))]),
    ...predictedBlocks(explanation, t),
    ...limitBlocks(explanation, t),
    ...ceilingBlocks(explanation, t),
    ...coverageBlocks(explanation, t),
    ...unknownBlocks(explanation, t),
    ...remarkBlocks(t('Good to know'), explanation.remarks, t),
    ...remarkBlocks(t('For the record'), explanation.notes, t),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function predictedBlocks({ level, mechanism, certainty }: ExplanationDto, t: Translate): readonly string[] {
  return [
    heading(2, t('Predicted for a backup now')),
    strong(consistencyLabel(level, t)),
    list([
      t('Mechanism: {0}', mechanismLabel(mechanism, t)),
      t('Certainty: {0}', certaintyLabel(certainty, t)),
    ]),
    markdownText(t('This is what rules expect. What a backup has reached is proven by its evidence alone.')),
  ];
}

function limitBlocks({ level, limits, levelAfterAllFixes }: ExplanationDto, t: Translate): readonly string[] {
  return [
    heading(2, t('What limits it')),
    ...(limits.length === 0
      ? [markdownText(t('No rule limits it: the level is what the guest and its host allow.'))]
      : limits.flatMap(limit => [
          heading(3, t('{0}: at most {1}', limit.rule, consistencyLabel(limit.cap, t))),
          markdownText(sentence({ message: limit.text })),
          statementList([remedyLine(limit, t), ...gainLines(limit, level, t)], limit, t),
        ])),
    ...(levelAfterAllFixes === undefined
      ? []
      : [strong(t('With all of that remedied: {0}', consistencyLabel(levelAfterAllFixes, t)))]),
  ];
}

function remedyLine({ remedy }: Pick<ExplainedRemarkDto, 'remedy'>, t: Translate): string {
  return remedy === undefined ? t('Nothing can be done about it') : t('What to do: {0}', remedy);
}

function gainLines(
  { levelAfterFix }: ExplainedLimitDto,
  level: ExplanationDto['level'],
  t: Translate,
): readonly string[] {
  if (levelAfterFix === undefined) return [];
  return [
    levelAfterFix === level
      ? t('That alone changes nothing: another limit remains')
      : t('Level after that: {0}', consistencyLabel(levelAfterFix, t)),
  ];
}

function ceilingBlocks({ ceiling, base }: ExplanationDto, t: Translate): readonly string[] {
  return [
    heading(2, t('At best')),
    strong(consistencyLabel(ceiling, t)),
    markdownText(t('{0} ({1})', sentence({ message: base.text }), base.rule)),
    statementList(
      base.vendorLevel === undefined
        ? []
        : [t('What the vendor supports: {0}', consistencyLabel(base.vendorLevel, t))],
      base,
      t,
    ),
  ];
}

function coverageBlocks({ coverage, outsideDisks }: ExplanationDto, t: Translate): readonly string[] {
  return [
    heading(2, t('Disks in the snapshot')),
    markdownText(coverageLabel(coverage, t)),
    ...(outsideDisks.length === 0
      ? []
      : [
          list(
            outsideDisks.map(({ label, reason, rule }) => t('Without {0}: {1} ({2})', label, reason, rule)),
          ),
        ]),
  ];
}

function unknownBlocks({ unknowns }: ExplanationDto, t: Translate): readonly string[] {
  return [
    heading(2, t('Not known')),
    ...(unknowns.length === 0
      ? [markdownText(t('Nothing that would change the level.'))]
      : unknowns.flatMap(unknown => [
          markdownText(t('{0} ({1})', sentence({ message: unknown.question }), unknown.rule)),
          statementList(unknown.remedy === undefined ? [] : [remedyLine(unknown, t)], unknown, t),
        ])),
  ];
}

function remarkBlocks(
  title: string,
  remarks: readonly ExplainedRemarkDto[],
  t: Translate,
): readonly string[] {
  if (remarks.length === 0) return [];
  return [
    heading(2, title),
    ...remarks.flatMap(remark => [
      markdownText(t('{0}: {1}', remark.rule, sentence({ message: remark.text }))),
      statementList(remark.remedy === undefined ? [] : [remedyLine(remark, t)], remark, t),
    ]),
  ];
}

/** What is said of a statement, with how certain it is and where it comes from. */
function statementList(
  lines: readonly string[],
  { certainty, source }: Pick<ExplainedRemarkDto, 'certainty' | 'source'>,
  t: Translate,
): string {
  return [
    list([...lines, t('Certainty: {0}', certaintyLabel(certainty, t))]),
    `- ${markdownText(t('Source:'))} ${sourceLink(source)}`,
  ].join('\n');
}

export function mechanismLabel(mechanism: string, t: Translate): string {
  const texts: Readonly<Record<string, string>> = {
    cold: t('the guest was shut down cleanly'),
    vss: t('VSS, with the writers of applications'),
    'vss-without-writers': t('VSS, without writers of applications'),
    'sync-driver': t('sync driver'),
    freeze: t('VMware Tools freeze the file systems (FIFREEZE)'),
    none: t('none: nothing brings the guest to rest'),
  };
  return texts[mechanism] ?? mechanism;
}

export function coverageLabel(coverage: ExplanationDto['coverage'], t: Translate): string {
  switch (coverage) {
    case 'whole-vm':
      return t('All disks of the VM.');
    case 'partial':
      return t('Not the whole VM: what is missing is not of the same moment.');
    case 'nothing':
      return t('No disk at all.');
    case 'unknown':
      return t('Not known, because the disks are not.');
    default:
      return never(coverage);
  }
}

function heading(depth: number, text: string): string {
  return `${'#'.repeat(depth)} ${markdownText(text)}`;
}

function strong(text: string): string {
  return `**${markdownText(text)}**`;
}

function list(lines: readonly string[]): string {
  return lines.map(line => `- ${markdownText(line)}`).join('\n');
}
