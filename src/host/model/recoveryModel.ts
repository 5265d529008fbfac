import type { ConsistencyDto, PointDto } from '../../protocol/point.ts';
import type { StandingDto } from '../../protocol/recovery.ts';
import type { ExplainedLimitDto, ExplainedRemarkDto, ExplanationDto, VmDiskDto } from '../../protocol/vm.ts';
import type {
  AnswerView,
  ConsistencyView,
  DiskCoverageView,
  LevelView,
  RecoveryOverview,
  StatementView,
  TimelinePointView,
} from '../../protocol/webview/recovery.ts';
import { consistencyLabel, isWeaker, reachedText } from './consistency.ts';
import { sentence } from './errorText.ts';
import { coverageLabel, mechanismLabel } from './explanationText.ts';
import { goalView } from './goalText.ts';
import type { Translate } from './nodeView.ts';
import { certaintyLabel } from './prediction.ts';
import { formatAge, formatMoment } from './time.ts';
import type { NewestPoint } from './vmTreeModel.ts';

/** What the page of a VM is made of. */
export interface RecoveryFacts {
  readonly explanation: ExplanationDto;
  /** Undefined where the server could not be asked. */
  readonly disks: readonly VmDiskDto[] | undefined;
  /** Undefined without a goal. */
  readonly standing: StandingDto | undefined;
  /** Restore points over all repositories that could be opened. */
  readonly points: readonly NewestPoint[];
  /** Of the newest one. */
  readonly newest: PointDto | undefined;
  readonly notices: readonly string[];
}

export function recoveryOverview(facts: RecoveryFacts, now: Date, t: Translate): RecoveryOverview {
  const { explanation, standing, newest, points, notices } = facts;
  const { name, inventoryPath, asOf } = explanation;
  return {
    vmName: name,
    inventoryPath,
    notices: [
      ...(asOf === undefined
        ? []
        : [t('As it was at {0}; the server has not confirmed it since', formatMoment(asOf))]),
      ...notices,
    ],
    goal: goalView(standing, newest, now, t),
    consistency: consistencyView(facts, now, t),
    points: points
      .map(point => timelinePoint(point, now, t))
      .toSorted((one, other) => one.takenAt.localeCompare(other.takenAt)),
  };
}

function timelinePoint({ repository, point }: NewestPoint, now: Date, t: Translate): TimelinePointView {
  const { id, takenAt, proven } = point;
  return {
    ...{ repository, point: id, takenAt },
    moment: formatMoment(takenAt),
    age: formatAge(takenAt, now, t),
    ...(proven !== undefined && { level: proven }),
    levelText: t('proven: {0}', reachedText(point, t)),
  };
}

function consistencyView(facts: RecoveryFacts, now: Date, t: Translate): ConsistencyView {
  const { explanation, newest } = facts;
  const { level, limits, levelAfterAllFixes, unknowns, remarks, coverage } = explanation;
  const all = levelAfterAllFixes;
  return {
    answer: consistencyAnswer(facts, t),
    levels: [predictedLevel(explanation, t), ...levelsOf(newest, now, t)],
    limits: [...limits.map(limit => limitView(limit, level, t)), baseView(explanation, t)],
    ...(all !== undefined && {
      allRemedied: t('With all of that remedied: {0}', consistencyLabel(all, t)),
    }),
    unknowns: unknowns.map(({ rule, question, remedy, certainty, source }) => ({
      ...{ rule, source, text: sentence({ message: question }) },
      certainty: certaintyText(certainty, t),
      ...(remedy !== undefined && { remedy }),
    })),
    remarks: remarks.flatMap(remark => (remark.remedy === undefined ? [] : [remarkView(remark, t)])),
    coverage: coverageLabel(coverage, t),
    disks: diskCoverage(facts),
  };
}

/** By what is proven; less than what was asked for is never good, and a prediction alone is never more than unknown. */
function consistencyAnswer({ explanation, newest }: RecoveryFacts, t: Translate): AnswerView {
  if (newest === undefined) {
    const text = t('Nothing is proven yet; predicted is {0}', consistencyLabel(explanation.level, t));
    return { tone: 'unknown', text };
  }
  const { proven, claimed, requested } = newest.consistency;
  const label = consistencyLabel(proven, t);
  return {
    tone: proven === 'none' ? 'bad' : proven === 'crash' || isWeaker(proven, requested) ? 'warning' : 'good',
    text:
      claimed === undefined
        ? t('Proven: {0}', label)
        : t('Proven: {0}. Claimed, not proven: {1}', label, consistencyLabel(claimed, t)),
  };
}

function predictedLevel({ level, mechanism, certainty }: ExplanationDto, t: Translate): LevelView {
  return {
    ...{ kind: 'predicted', title: t('Predicted'), level },
    text: consistencyLabel(level, t),
    detail: t('for a backup now: {0} ({1})', mechanismLabel(mechanism, t), certaintyLabel(certainty, t)),
  };
}

function levelsOf(newest: PointDto | undefined, now: Date, t: Translate): readonly LevelView[] {
  const [requestedTitle, provenTitle] = [t('Requested'), t('Proven')];
  if (newest === undefined) {
    const nothing = { text: t('nothing yet'), detail: t('there is no restore point') };
    return [
      { kind: 'requested', title: requestedTitle, ...nothing },
      { kind: 'proven', title: provenTitle, ...nothing },
    ];
  }
  const { consistency, takenAt } = newest;
  const { requested, proven } = consistency;
  const age = t('newest restore point, {0}', formatAge(takenAt, now, t));
  return [
    {
      ...{ kind: 'requested', title: requestedTitle, level: requested },
      ...{ text: consistencyLabel(requested, t), detail: age },
    },
    {
      ...{ kind: 'proven', title: provenTitle, level: proven },
      ...{ text: consistencyLabel(proven, t), detail: shortBasis(consistency, t) },
    },
  ];
}

/** Which evidence it is stands below. */
function shortBasis({ claimed }: ConsistencyDto, t: Translate): string {
  return claimed === undefined
    ? t('by evidence')
    : t('by evidence; {0} is claimed only', consistencyLabel(claimed, t));
}

/** Whether the level rests on evidence, or something was claimed beyond it. */
export function basisText({ claimed, evidence }: ConsistencyDto, t: Translate): string {
  const rules = [...new Set(evidence.map(({ rule }) => rule))].join(', ');
  return claimed === undefined
    ? t('by evidence: {0}', rules)
    : t('by evidence: {0}; {1} is claimed only', rules, consistencyLabel(claimed, t));
}

function limitView(limit: ExplainedLimitDto, level: ExplanationDto['level'], t: Translate): StatementView {
  const { cap, text, levelAfterFix } = limit;
  return {
    ...remarkView(limit, t),
    text: t('At most {0}: {1}', consistencyLabel(cap, t), sentence({ message: text })),
    ...(levelAfterFix !== undefined && {
      gain:
        levelAfterFix === level
          ? t('That alone changes nothing: another limit remains')
          : t('Level after that: {0}', consistencyLabel(levelAfterFix, t)),
    }),
  };
}

function remarkView(remark: ExplainedRemarkDto, t: Translate): StatementView {
  const { rule, text, remedy, certainty, source, canBeApplied } = remark;
  return {
    ...{ rule, source, text: sentence({ message: text }), certainty: certaintyText(certainty, t) },
    ...(remedy !== undefined && { remedy }),
    ...(canBeApplied === true && { canBeApplied }),
  };
}

function baseView({ base, ceiling }: ExplanationDto, t: Translate): StatementView {
  return {
    ...{ rule: base.rule, source: base.source },
    text: t('At best {0}: {1}', consistencyLabel(ceiling, t), sentence({ message: base.text })),
    ...(base.vendorLevel !== undefined && {
      gain: t('What the vendor supports: {0}', consistencyLabel(base.vendorLevel, t)),
    }),
    certainty: certaintyText(base.certainty, t),
  };
}

export function certaintyText(certainty: Parameters<typeof certaintyLabel>[0], t: Translate): string {
  return t('Certainty: {0}', certaintyLabel(certainty, t));
}

/** Without the server's word, only the disks that are left out are known. */
function diskCoverage({ explanation, disks }: RecoveryFacts): readonly DiskCoverageView[] {
  const outside = new Map(explanation.outsideDisks.map(disk => [disk.deviceKey, disk]));
  const inside = (disks ?? []).filter(({ deviceKey }) => !outside.has(deviceKey));
  return [
    ...inside.map(({ label }) => ({ label, isIn: true })),
    ...[...outside.values()].map(({ label, reason }) => ({ label, isIn: false, reason })),
  ];
}
