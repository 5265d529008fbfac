import type { AssessmentFacts } from '../inventory/assessmentFacts.ts';
import { baseOf } from './base.ts';
import { disksOutside, type OutsideDisk } from './disksOutside.ts';
import { compareLevels, type ConsistencyLevel, strongest, weakest } from './level.ts';
import { type Base, type Certainty, leastCertain, type Mechanism, mostCertain, type Rule } from './rule.ts';
import { applicationRules } from './rules/applicationRules.ts';
import { deviceRules } from './rules/deviceRules.ts';
import { diskRules } from './rules/diskRules.ts';
import { guestRules } from './rules/guestRules.ts';
import { powerRules } from './rules/powerRules.ts';
import { snapshotRules } from './rules/snapshotRules.ts';
import { toolsConfigRules } from './rules/toolsConfigRules.ts';
import { toolsRules } from './rules/toolsRules.ts';
import type { SourceId } from './sources.ts';
import { all, known, type Truth } from './truth.ts';

/** What a backup of a VM can be expected to reach. A prediction: nothing of it is proven. */
export interface Assessment {
  readonly level: ConsistencyLevel;
  readonly mechanism: Mechanism;
  readonly certainty: Certainty;
  /** What the guest and the host allow at best, whatever is fixed. */
  readonly ceiling: ConsistencyLevel;
  /** Where the ceiling comes from. */
  readonly base: Pick<
    Base,
    'rule' | 'level' | 'reason' | 'text' | 'certainty' | 'source' | 'conditions' | 'vendorLevel'
  >;
  /** What keeps the level below `application`, the strongest limit first. */
  readonly limits: readonly Limit[];
  /** What does not lower the level but should be known. */
  readonly remarks: readonly Remark[];
  /** What would have to be known for more certainty. */
  readonly unknowns: readonly Unknown[];
  /** What is good to know where nothing is to be done. */
  readonly notes: readonly Remark[];
  /** Whether the snapshot holds the whole VM; unknown while its disks are. */
  readonly coverage: Coverage;
  /** Disks that are not part of a snapshot: with any of them, the restore point is not of one moment. */
  readonly outside: readonly OutsideDisk[];
  /** The level once every limit that has a remedy is gone. */
  readonly levelAfterAllFixes: ConsistencyLevel;
}

export type Coverage = 'whole-vm' | 'partial' | 'nothing' | 'unknown';

export interface Remark {
  readonly rule: string;
  readonly reason: string;
  readonly text: string;
  readonly remedy: string | undefined;
  readonly certainty: Certainty;
  readonly source: SourceId;
}

export interface Limit extends Remark {
  readonly cap: ConsistencyLevel;
  /** The level once this limit alone is gone. */
  readonly levelAfterFix: ConsistencyLevel;
}

export interface Unknown {
  readonly rule: string;
  readonly question: string;
  /** Of the rule that asks. */
  readonly certainty: Certainty;
  readonly source: SourceId;
  /** How one would find out, where there is a way. */
  readonly remedy?: string;
}

/** Every rule, one family after the other. Their order does not matter to the level. */
export const rules: readonly Rule[] = [
  ...powerRules,
  ...snapshotRules,
  ...toolsRules,
  ...toolsConfigRules,
  ...guestRules,
  ...diskRules,
  ...deviceRules,
  ...applicationRules,
];

export function assess(facts: AssessmentFacts, table: readonly Rule[] = rules): Assessment {
  const judgement = judge(facts, table);
  const { base } = judgement;
  const { level, hits } = judgement;
  const limiting = hits
    .flatMap(rule => (rule.cap === undefined ? [] : [{ rule, cap: rule.cap }]))
    .toSorted((one, other) => compareLevels(one.cap, other.cap));
  const levelAfterAllFixes = levelWithout(
    facts,
    table,
    judgement,
    limiting.map(({ rule }) => rule).filter(({ remedy }) => remedy !== undefined),
  );
  return {
    level,
    mechanism: mechanismAt(level, base),
    certainty: judgement.certainty,
    ceiling: strongest([base.level, levelAfterAllFixes]),
    base: summaryOf(base),
    limits: limiting.map(({ rule, cap }) => ({
      ...remarkOf(rule, facts),
      cap,
      levelAfterFix: levelWithout(facts, table, judgement, [rule]),
    })),
    remarks: hits
      .filter(({ cap, weight }) => cap === undefined && weight === undefined)
      .map(rule => remarkOf(rule, facts)),
    notes: hits.filter(({ weight }) => weight === 'note').map(rule => remarkOf(rule, facts)),
    unknowns: judgement.unknowns,
    ...coverageOf(facts),
    levelAfterAllFixes,
  };
}

function summaryOf({
  rule,
  level,
  reason,
  text,
  certainty,
  source,
  conditions,
  vendorLevel,
}: Base): Assessment['base'] {
  return {
    ...{ rule, level, reason, text, certainty, source, conditions },
    ...(vendorLevel !== undefined && { vendorLevel }),
  };
}

function coverageOf({ disks, guestLook }: AssessmentFacts): Pick<Assessment, 'coverage' | 'outside'> {
  if (disks === undefined) return { coverage: 'unknown', outside: [] };
  const outside = disksOutside(disks);
  if (disks.length > 0 && outside.length === disks.length) return { coverage: 'nothing', outside };
  const isPartial = outside.length > 0 || (guestLook?.ownStorage ?? []).length > 0;
  return { coverage: isPartial ? 'partial' : 'whole-vm', outside };
}

/** Rules do not look at each other: what is left of the limits decides, unless a fix gives more than their absence. */
function levelWithout(
  facts: AssessmentFacts,
  table: readonly Rule[],
  { base, hits }: Judgement,
  fixed: readonly Rule[],
): ConsistencyLevel {
  const gone = new Set(fixed.map(({ id }) => id));
  if (fixed.every(({ remedied }) => remedied === undefined)) return levelOf(base, hits, gone);
  const remedied = fixed.reduce((now, rule) => rule.remedied?.(now) ?? now, facts);
  const after = judge(remedied, table);
  return levelOf(after.base, after.hits, gone);
}

function levelOf(
  { level }: Base,
  hits: readonly Rule[],
  ignored: ReadonlySet<string> = new Set(),
): ConsistencyLevel {
  return weakest([level, ...hits.flatMap(({ id, cap }) => (ignored.has(id) ? [] : (cap ?? [])))]);
}

interface Judgement {
  readonly base: Base;
  readonly level: ConsistencyLevel;
  readonly certainty: Certainty;
  readonly hits: readonly Rule[];
  readonly unknowns: readonly Unknown[];
}

/** All rules are looked at, none ends the search. */
function judge(facts: AssessmentFacts, table: readonly Rule[]): Judgement {
  const base = baseOf(facts);
  const found = table.map(rule => ({ rule, applies: verdict(rule, facts, base) }));
  const hits = found.filter(({ applies }) => applies === true).map(({ rule }) => rule);
  const level = levelOf(base, hits);
  // What could not lower it any further need not be known.
  const open = found
    .filter(
      ({ rule: { cap, doubtsAbove = cap }, applies }) =>
        applies === undefined && doubtsAbove !== undefined && compareLevels(doubtsAbove, level) < 0,
    )
    .map(({ rule }) => rule);
  const grounds: readonly Certainty[] = [
    ...(base.level === level ? [base.certainty] : []),
    ...hits.filter(({ cap }) => cap === level).map(({ certainty }) => certainty),
  ];
  return {
    base,
    level,
    certainty: leastCertain([
      mostCertain(grounds),
      ...open.flatMap(({ certainty, certaintyIfUnknown = 'likely' }) => [certainty, certaintyIfUnknown]),
    ]),
    hits,
    unknowns: unknownsOf(base, open),
  };
}

/** Rules about quiescing have nothing to say of a VM that does not run. */
function verdict(rule: Rule, facts: AssessmentFacts, base: Base): Truth {
  const applies = rule.applies(facts, base);
  if (rule.concerns === 'every-snapshot') return applies;
  return all(
    known(facts.powerState, state => state === 'poweredOn'),
    applies,
  );
}

/** One question may be asked by several rules. */
function unknownsOf({ rule, question, certainty, source }: Base, open: readonly Rule[]): readonly Unknown[] {
  const all = [
    ...(question === undefined ? [] : [{ rule, question, certainty, source }]),
    ...open.map(({ id, question: asked, remedy, cap, ...asking }) => ({
      ...{ rule: id, question: asked, certainty: asking.certainty, source: asking.source },
      // The remedy of a limit would be for the limit; that of a doubt is how to end it.
      ...(cap === undefined && remedy !== undefined && { remedy }),
    })),
  ];
  return [...new Map(all.toReversed().map(unknown => [unknown.question, unknown])).values()].toReversed();
}

function mechanismAt(level: ConsistencyLevel, { level: best, mechanism }: Base): Mechanism {
  if (level === best) return mechanism;
  return level === 'filesystem' ? 'vss-without-writers' : 'none';
}

function remarkOf(
  { id, reason, text, objects, remedy, certainty, source }: Rule,
  facts: AssessmentFacts,
): Remark {
  const labels = objects?.(facts) ?? [];
  return {
    rule: id,
    reason,
    text: labels.length === 0 ? text : `${text} (${labels.join(', ')})`,
    remedy,
    certainty,
    source,
  };
}
