import type { Coverage } from '../assess.ts';
import { compareLevels, type ConsistencyLevel } from '../level.ts';
import type { TimeEstimate } from './timeEstimate.ts';

/** What a person wants of a VM's or a group's backups. */
export interface RecoveryGoal {
  readonly minimumLevel: ConsistencyLevel;
  /** How much work may be lost: the newest restore point is no older than this. */
  readonly maxAgeMs: number | undefined;
  /** How long recovering it may take. */
  readonly maxRecoveryMs: number | undefined;
}

/** What there is, of the newest restore point. */
export interface GoalFacts {
  readonly newest:
    { readonly takenAt: Date; readonly proven: ConsistencyLevel; readonly coverage: Coverage } | undefined;
  readonly recoveryTime: TimeEstimate;
}

export const gapKinds = [
  'no-restore-point',
  'level',
  'coverage',
  'age',
  'recovery-time',
  'recovery-time-unknown',
] as const;
export type GapKind = (typeof gapKinds)[number];

export interface Gap {
  readonly kind: GapKind;
  readonly text: string;
}

/** Somebody has said that a gap is good enough, for a time. */
export interface Acceptance {
  readonly by: string;
  readonly at: Date;
  readonly reason: string;
  readonly until: Date;
  readonly gaps: readonly GapKind[];
  /** What was proven when it was accepted: anything worse is a new gap. */
  readonly level: ConsistencyLevel | undefined;
}

export interface Standing {
  /** Green is `met` alone. */
  readonly state: 'met' | 'accepted' | 'gap';
  readonly gaps: readonly Gap[];
  /** The acceptances that count now. */
  readonly acceptances: readonly Acceptance[];
  /** Acceptances that have ended while their gap is still there. */
  readonly expired: readonly Acceptance[];
}

/** What is missing between the goal and what is proven now. */
export function gapsOf(goal: RecoveryGoal, { newest, recoveryTime }: GoalFacts, now: Date): readonly Gap[] {
  if (newest === undefined) return [{ kind: 'no-restore-point', text: 'There is no restore point' }];
  return [
    ...(compareLevels(newest.proven, goal.minimumLevel) < 0
      ? [gap('level', `Proven is ${newest.proven}, wanted is ${goal.minimumLevel} at least`)]
      : []),
    ...(newest.coverage === 'whole-vm'
      ? []
      : [gap('coverage', 'The newest restore point is not known to hold all disks of the VM')]),
    ...ageGaps(goal, newest.takenAt, now),
    ...recoveryTimeGaps(goal, recoveryTime),
  ];
}

function ageGaps({ maxAgeMs }: RecoveryGoal, takenAt: Date, now: Date): readonly Gap[] {
  const ageMs = now.getTime() - takenAt.getTime();
  if (maxAgeMs === undefined || ageMs <= maxAgeMs) return [];
  return [gap('age', `The newest restore point is ${hours(ageMs)} old, ${hours(maxAgeMs)} are allowed`)];
}

function recoveryTimeGaps({ maxRecoveryMs }: RecoveryGoal, time: TimeEstimate): readonly Gap[] {
  if (maxRecoveryMs === undefined) return [];
  if (time.kind === 'unknown')
    return [gap('recovery-time-unknown', `How long recovery takes is not known: ${time.why}`)];
  if (time.durationMs <= maxRecoveryMs) return [];
  return [
    gap(
      'recovery-time',
      `Recovery is estimated to take ${hours(time.durationMs)}, ${hours(maxRecoveryMs)} are allowed`,
    ),
  ];
}

function gap(kind: GapKind, text: string): Gap {
  return { kind, text };
}

/** Every gap has to be accepted, by somebody, until a time that has not come. */
export function standingOf(
  goal: RecoveryGoal,
  facts: GoalFacts,
  acceptances: readonly Acceptance[],
  now: Date,
): Standing {
  const gaps = gapsOf(goal, facts, now);
  const kinds = new Set(gaps.map(({ kind }) => kind));
  const concerning = acceptances.filter(acceptance => acceptance.gaps.some(kind => kinds.has(kind)));
  const counting = concerning.filter(
    acceptance => acceptance.at <= now && now < acceptance.until && isNoWorse(facts, acceptance),
  );
  const accepted = new Set(counting.flatMap(acceptance => acceptance.gaps));
  const isAccepted = gaps.every(({ kind }) => accepted.has(kind));
  return {
    state: gaps.length === 0 ? 'met' : isAccepted ? 'accepted' : 'gap',
    gaps,
    acceptances: counting,
    expired: concerning.filter(({ until }) => until <= now),
  };
}

function isNoWorse({ newest }: GoalFacts, { level }: Acceptance): boolean {
  if (newest === undefined) return level === undefined;
  return level === undefined || compareLevels(newest.proven, level) >= 0;
}

function hours(durationMs: number): string {
  const minutes = Math.round(durationMs / 60_000);
  const [whole, rest] = [Math.floor(minutes / 60), minutes % 60];
  return whole === 0 ? `${rest} min` : `${whole} h ${rest} min`;
}
