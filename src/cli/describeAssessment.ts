import { counted } from '../base/units.ts';
import type { Assessment, Remark } from '../core/consistency/assess.ts';

/** The strongest reason why it is no more, in a few words. */
export function limitingReason({ level, limits, base, outside }: Assessment): string | undefined {
  const limit = limits.find(({ cap }) => cap === level);
  if (limit !== undefined) return limit.reason;
  if (outside.length > 0) return `${counted(outside.length, 'disk')} outside the snapshot`;
  return level === 'application' ? undefined : base.reason;
}

/** Everything there is to say, a line each. */
export function describeAssessment(assessment: Assessment): string {
  const { level, certainty, ceiling, base, limits, remarks, unknowns, levelAfterAllFixes } = assessment;
  return [
    `  Predicted for a backup now: ${level}-consistent (${certainty})`,
    ...limits.map(
      limit =>
        `  Limit ${describeRemark(limit)}${limit.levelAfterFix === level ? '' : `; then ${limit.levelAfterFix}-consistent`}`,
    ),
    ...remarks.map(remark => `  Note ${describeRemark(remark)}`),
    `  At best: ${ceiling}-consistent; ${base.text} (${base.rule})`,
    ...(levelAfterAllFixes === level
      ? []
      : [`  With all of that remedied: ${levelAfterAllFixes}-consistent`]),
    ...unknowns.map(({ question, rule }) => `  Not known: ${question} (${rule})`),
  ].join('\n');
}

function describeRemark({ rule, text, remedy }: Remark): string {
  return `${rule}: ${text}${remedy === undefined ? '' : `. What to do: ${remedy}`}`;
}
