import type { ConsistencyRecord } from '../core/catalog/manifest.ts';

/** The proven level first; what is only claimed is said as such. */
export function provenText({ proven, claimed }: Pick<ConsistencyRecord, 'proven' | 'claimed'>): string {
  return claimed === undefined
    ? `${proven}-consistent`
    : `${proven}-consistent (${claimed} claimed, unproven)`;
}

/** What was expected, asked for and proven, and every step between them with its reason. */
export function describeConsistency(record: ConsistencyRecord): readonly string[] {
  const { predicted, requested, proven, downgrades, attempts = [], applications = [], volumes = [] } = record;
  const refused = attempts.filter(({ problem }) => problem !== undefined);
  return [
    `  Predicted ${predicted ?? 'unknown'}, requested ${requested}, proven ${proven}`,
    ...refused.map(({ call, problem }) => `  Refused: ${call}: ${problem ?? ''}`),
    ...downgrades.map(({ from, to, reason }) => `  Stepped down from ${from} to ${to}: ${reason}`),
    ...applications.map(
      ({ name, rule, isProven }) =>
        `  ${name}: ${isProven ? 'at rest' : 'not proven to be at rest'} (${rule})`,
    ),
    ...volumes.map(({ statement, rule }) => `  ${statement} (${rule})`),
  ];
}
