import type { Assessment } from '../core/consistency/assess.ts';
import {
  explain,
  type ExplainedLimit,
  type ExplainedRemark,
  type Explanation,
} from '../core/consistency/explanation.ts';
import type { ConsistencyLevel } from '../core/consistency/level.ts';
import type { Source } from '../core/consistency/sources.ts';

/** Everything there is to say, with where each statement comes from. */
export function describeAssessment(assessment: Assessment): string {
  const explanation = explain(assessment);
  const { level, mechanism, certainty, limits, remarks, notes, unknowns } = explanation;
  return [
    `  Predicted for a backup now: ${level}-consistent (${certainty}${mechanism === 'none' ? '' : `, by ${mechanism}`})`,
    ...describeCeiling(explanation),
    ...limits.flatMap(limit => [...describeRemark('Limit', limit), ...describeGain(limit, level)]),
    ...describeCoverage(explanation),
    ...remarks.flatMap(remark => describeRemark('Note', remark)),
    ...notes.map(({ rule, text }) => `  For the record: ${text} (${rule})`),
    ...unknowns.map(
      ({ question, rule, remedy }) =>
        `  Not known: ${question} (${rule})${remedy === undefined ? '' : `. ${remedy}`}`,
    ),
  ].join('\n');
}

function describeCeiling({ ceiling, base, levelAfterAllFixes }: Explanation): string[] {
  return [
    `  At best: ${ceiling}-consistent; ${base.text} (${base.rule})`,
    ...(base.vendorLevel === undefined
      ? []
      : [`    What the vendor supports: ${base.vendorLevel}-consistent`]),
    `    Source: ${describeSource(base.source)}`,
    ...(levelAfterAllFixes === undefined
      ? []
      : [`  With all limits remedied: ${levelAfterAllFixes}-consistent`]),
  ];
}

function describeRemark(
  kind: 'Limit' | 'Note',
  { rule, text, remedy, certainty, source }: ExplainedRemark,
): string[] {
  return [
    `  ${kind} ${rule}: ${text}`,
    ...(remedy === undefined ? [] : [`    What to do: ${remedy}`]),
    `    Source: ${describeSource(source)} (${certainty})`,
  ];
}

function describeGain({ levelAfterFix }: ExplainedLimit, level: ConsistencyLevel): string[] {
  if (levelAfterFix === undefined) return [];
  return [
    levelAfterFix === level
      ? '    That alone changes nothing: another limit remains'
      : `    Then: ${levelAfterFix}-consistent`,
  ];
}

function describeCoverage({ coverage, outside }: Explanation): string[] {
  const words = {
    'whole-vm': 'all disks of the VM',
    partial: 'not the whole VM',
    nothing: 'no disk at all',
    unknown: 'not known, because the disks are not',
  } as const;
  return [
    `  In the snapshot: ${words[coverage]}`,
    ...outside.map(({ label, reason, rule }) => `    Without ${label}: ${reason} (${rule})`),
  ];
}

function describeSource({ title, url }: Source): string {
  return url === undefined ? title : `${title}, ${url}`;
}
