import type { AssessmentFacts } from '../inventory/assessmentFacts.ts';
import type { ConsistencyLevel } from './level.ts';
import type { SourceId } from './sources.ts';
import type { Truth } from './truth.ts';

/** `certain`: documented, or read in source. `likely`: observed or inferred. `uncertain`: it may well be otherwise. */
export type Certainty = 'certain' | 'likely' | 'uncertain';

const certainties = ['uncertain', 'likely', 'certain'] as const satisfies readonly Certainty[];

export function leastCertain(all: readonly Certainty[]): Certainty {
  return certainties.find(certainty => all.includes(certainty)) ?? 'certain';
}

export function mostCertain(all: readonly Certainty[]): Certainty {
  return certainties.findLast(certainty => all.includes(certainty)) ?? 'uncertain';
}

/** What the guest's operating system and the host allow, before any rule. */
export interface Base {
  /** Id of the cell of the matrix. */
  readonly rule: string;
  readonly level: ConsistencyLevel;
  readonly mechanism: Mechanism;
  readonly certainty: Certainty;
  readonly source: SourceId;
  /** Ids of the rules that check what it takes. */
  readonly conditions: readonly string[];
  /** What the vendor supports, where that is less than what the technology gives. */
  readonly vendorLevel?: ConsistencyLevel;
  readonly guest: GuestTraits;
  /** In a few words, for a row. */
  readonly reason: string;
  readonly text: string;
  /** What is not known of it. */
  readonly question?: string;
}

export interface GuestTraits {
  readonly family: 'windows' | 'linux' | 'other' | undefined;
  /** Windows since 2016, whose quiescing asks for newer Tools. */
  readonly needsNewTools: boolean;
  /** Application quiescing goes through the hardware snapshot provider, which is particular about disks. */
  readonly usesHardwareProvider: boolean;
}

/** What brings the bytes to rest. */
export type Mechanism = 'cold' | 'vss' | 'vss-without-writers' | 'sync-driver' | 'freeze' | 'none';

/**
 * A row of the table of rules. The id is a stable name for code, messages and tests; rows of one id are cases of one
 * rule.
 */
export interface Rule {
  readonly id: string;
  /** Of the rule itself. */
  readonly certainty: Certainty;
  readonly source: SourceId;
  /** Where it applies, the level is this at most; without a cap it is only told. */
  readonly cap?: ConsistencyLevel;
  /** Of a rule without cap: a remark asks for attention, a note is for who wants to know everything. */
  readonly weight?: 'note';
  /** `quiescing`: matters only where a running guest is brought to rest. */
  readonly concerns: 'every-snapshot' | 'quiescing';
  readonly applies: (facts: AssessmentFacts, base: Base) => Truth;
  /** In a few words, for a row. */
  readonly reason: string;
  readonly text: string;
  /** What it is about, by its labels. */
  readonly objects?: (facts: AssessmentFacts) => readonly string[];
  /** Missing where nothing can be done. */
  readonly remedy?: string;
  /** The facts once that is done, where it gives more than the rule's absence. */
  readonly remedied?: (facts: AssessmentFacts) => AssessmentFacts;
  /** What one would have to know to tell whether it applies. */
  readonly question: string;
  /** How certain the level can be at most while that is not known; `likely` without it. */
  readonly certaintyIfUnknown?: Certainty;
  /** Levels above this one are in doubt while it is not known; the cap, where this is not given. */
  readonly doubtsAbove?: ConsistencyLevel;
}
