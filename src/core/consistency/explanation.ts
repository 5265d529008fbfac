import type { Assessment, Coverage, Limit, Remark, Unknown } from './assess.ts';
import type { OutsideDisk } from './disksOutside.ts';
import type { ConsistencyLevel } from './level.ts';
import type { Certainty, Mechanism } from './rule.ts';
import { type Source, sources } from './sources.ts';

/**
 * Everything there is to say of an assessment, section by section, each statement with where it comes from. Plain values;
 * texts are sentences without their full stop.
 */
export interface Explanation {
  readonly level: ConsistencyLevel;
  readonly mechanism: Mechanism;
  readonly certainty: Certainty;
  /** What the guest and the host allow at best, whatever is fixed. */
  readonly ceiling: ConsistencyLevel;
  /** Where the ceiling comes from. */
  readonly base: {
    readonly rule: string;
    readonly text: string;
    readonly certainty: Certainty;
    readonly source: Source;
    /** What the vendor supports, where that is less than what the technology gives. */
    readonly vendorLevel?: ConsistencyLevel;
  };
  /** The strongest limit first. */
  readonly limits: readonly ExplainedLimit[];
  /** Missing where it says nothing new: all fixes change nothing, or there is only one to make. */
  readonly levelAfterAllFixes?: ConsistencyLevel;
  readonly coverage: Coverage;
  readonly outside: readonly OutsideDisk[];
  /** What does not lower the level but should be known. */
  readonly remarks: readonly ExplainedRemark[];
  /** What is good to know where nothing is to be done. */
  readonly notes: readonly ExplainedRemark[];
  readonly unknowns: readonly ExplainedUnknown[];
}

export interface ExplainedUnknown extends Omit<Unknown, 'source'> {
  readonly source: Source;
}

export interface ExplainedRemark {
  readonly rule: string;
  readonly text: string;
  /** Missing where nothing can be done. */
  readonly remedy?: string;
  readonly certainty: Certainty;
  readonly source: Source;
}

export interface ExplainedLimit extends ExplainedRemark {
  /** The level is this at most. */
  readonly cap: ConsistencyLevel;
  /** The level once this limit alone is gone: the same as now where another remains. Missing without a remedy. */
  readonly levelAfterFix?: ConsistencyLevel;
}

export function explain(assessment: Assessment): Explanation {
  const { level, mechanism, certainty, ceiling, base, limits, levelAfterAllFixes } = assessment;
  const { coverage, outside, remarks, notes, unknowns } = assessment;
  return {
    ...{ level, mechanism, certainty, ceiling },
    base: {
      ...{ rule: base.rule, text: base.text, certainty: base.certainty, source: sources[base.source] },
      ...(base.vendorLevel !== undefined && { vendorLevel: base.vendorLevel }),
    },
    limits: limits.map(explainLimit),
    ...(levelAfterAllFixes !== level && limits.length > 1 && { levelAfterAllFixes }),
    ...{ coverage, outside },
    remarks: remarks.map(explainRemark),
    notes: notes.map(explainRemark),
    unknowns: unknowns.map(unknown => ({ ...unknown, source: sources[unknown.source] })),
  };
}

function explainLimit(limit: Limit): ExplainedLimit {
  const { cap, levelAfterFix, remedy } = limit;
  return { ...explainRemark(limit), cap, ...(remedy !== undefined && { levelAfterFix }) };
}

function explainRemark({ rule, text, remedy, certainty, source }: Remark): ExplainedRemark {
  return { rule, text, ...(remedy !== undefined && { remedy }), certainty, source: sources[source] };
}
