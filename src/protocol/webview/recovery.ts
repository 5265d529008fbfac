import { type Empty, notification, request } from '../message.ts';
import type { ConsistencyLevelDto, PointRef } from '../point.ts';
import type { SourceDto, VmRef } from '../vm.ts';

// What the Recovery page of a VM and the editor say to each other. The editor answers with words that are ready to be
// read, in its language and time zone; the page arranges them.

/** Never by color alone: the page has a shape for each. */
export type Tone = 'good' | 'warning' | 'bad' | 'unknown';

/** The answer to one of the four questions, in one line, and what it rests on. */
export interface AnswerView {
  readonly tone: Tone;
  readonly text: string;
}

/** Something that is said, with how certain it is and where it comes from. */
export interface StatementView {
  /** Id of the rule; empty where there is none. */
  readonly rule: string;
  readonly text: string;
  readonly remedy?: string;
  /** What the remedy buys. */
  readonly gain?: string;
  readonly certainty?: string;
  readonly source: SourceDto;
  /** The server can do what the remedy says. */
  readonly canBeApplied?: true;
}

/** Am I happy with this VM's backup? */
export interface GoalView {
  readonly answer: AnswerView;
  /** The goal in words, and where it comes from; missing where there is none. */
  readonly goal?: string;
  readonly setBy?: string;
  readonly gaps: readonly string[];
  /** Who has accepted what, until when, and those that have ended. */
  readonly acceptances: readonly string[];
  readonly canAccept: boolean;
}

/** One of the three levels that are never one word. */
export interface LevelView {
  readonly kind: 'predicted' | 'requested' | 'proven';
  readonly title: string;
  readonly level?: ConsistencyLevelDto;
  readonly text: string;
  readonly detail: string;
}

export interface DiskCoverageView {
  readonly label: string;
  readonly isIn: boolean;
  /** Why it is not. */
  readonly reason?: string;
  /** Of a restore point: how it got there. */
  readonly read?: string;
}

/** How consistent is it? */
export interface ConsistencyView {
  readonly answer: AnswerView;
  readonly levels: readonly LevelView[];
  /** Limiting rules, the strongest first; the last one may be where the ceiling comes from. */
  readonly limits: readonly StatementView[];
  readonly allRemedied?: string;
  readonly unknowns: readonly StatementView[];
  /** What does not lower the level and can be remedied. */
  readonly remarks: readonly StatementView[];
  readonly coverage: string;
  readonly disks: readonly DiskCoverageView[];
}

/** A restore point on the line of time. */
export interface TimelinePointView extends PointRef {
  readonly takenAt: string;
  readonly moment: string;
  readonly age: string;
  /** Proven; missing if nothing is known. */
  readonly level?: ConsistencyLevelDto;
  readonly levelText: string;
}

export interface RecoveryOverview {
  readonly vmName: string;
  readonly inventoryPath: string;
  /** What is not as it should be, for instance a repository that cannot be opened. */
  readonly notices: readonly string[];
  readonly goal: GoalView;
  readonly consistency: ConsistencyView;
  /** Of all repositories, the oldest first. */
  readonly points: readonly TimelinePointView[];
}

/** A row of "How can I recover?". */
export interface RecoverabilityView {
  readonly title: string;
  readonly isPossible: boolean;
  /** What is done; where it is not possible, why. */
  readonly text: string;
  readonly caveats: readonly string[];
  /** The estimate, or that there is none. */
  readonly time: string;
  readonly isTimeKnown: boolean;
  /** What the estimate rests on, or why there is none. */
  readonly timeBasis: string;
  readonly source: SourceDto;
  /** The commands that do it; none where the editor has none. */
  readonly actions: readonly RestoreKind[];
}

export type RestoreKind = 'files' | 'guest' | 'browse' | 'disk' | 'vm';

/** One finding of how consistent a restore point is. */
export interface EvidenceView {
  readonly rule: string;
  readonly text: string;
  /** Names it is about. */
  readonly items: readonly string[];
  /** What it means for the level; missing where it means nothing by itself. */
  readonly effect?: AnswerView;
  /** Where it was found. */
  readonly source: string;
}

/** A call for the snapshot. */
export interface AttemptView {
  readonly text: string;
  /** Why the server refused; missing for the one that succeeded. */
  readonly problem?: string;
}

export interface VolumeView {
  readonly name: string;
  /** Its file system, or that it was not recognized. */
  readonly content: string;
  /** Whether it was at rest, as its own bytes say; missing where nobody looked. */
  readonly atRest?: AnswerView;
  /** Id of the rule that judged that. */
  readonly rule?: string;
  /** Whether files can be had from it; missing for what holds none by itself. */
  readonly files?: AnswerView;
}

export interface ApplicationView {
  readonly name: string;
  readonly rule: string;
  readonly atRest: AnswerView;
  /** What can be recovered of it, and how. */
  readonly recovery: string;
}

/** VMs whose snapshots were taken together. */
export interface GroupView {
  readonly title: string;
  readonly text: string;
  /** In the order of their times. */
  readonly members: readonly {
    readonly name: string;
    /** The VM the page is of. */
    readonly isThis: boolean;
    /** From the first snapshot, 0, to the last, 1. */
    readonly fraction: number;
    readonly text: string;
  }[];
}

/** How can I recover, and what, from one restore point? */
export interface PointDetailsView {
  readonly how: AnswerView;
  readonly what: AnswerView;
  readonly rows: readonly RecoverabilityView[];
  /** Whether the level is shown by evidence or only claimed. */
  readonly basis: string;
  readonly evidence: readonly EvidenceView[];
  readonly attempts: readonly AttemptView[];
  readonly downgrades: readonly string[];
  readonly applications: readonly ApplicationView[];
  /** What there is to say of all applications. */
  readonly applicationsText: string;
  readonly volumes: readonly VolumeView[];
  readonly disks: readonly DiskCoverageView[];
  /** Missing for a VM that was backed up by itself. */
  readonly group?: GroupView;
  readonly problems: readonly string[];
}

/** What the page asks the editor to do; the editor asks for the rest and shows what it will do. */
export type RecoveryAction =
  | {
      readonly kind: 'backUp' | 'explain' | 'look' | 'setGoal' | 'acceptGaps' | 'glossary';
      readonly vm: VmRef;
    }
  | { readonly kind: 'applyRemedy'; readonly vm: VmRef; readonly rule: string }
  | { readonly kind: 'restore'; readonly what: RestoreKind; readonly point: PointRef }
  | { readonly kind: 'browse'; readonly point?: PointRef };

export interface RecoveryStart {
  /** Translations by English text; empty for English. */
  readonly texts: Readonly<Record<string, string>>;
  /** Of whom the page is. */
  readonly vm: VmRef;
}

/** First word of a page. */
export const startRecovery = request<Empty, RecoveryStart>('recovery/start');

export const readOverview = request<VmRef, RecoveryOverview>('recovery/overview');

export const readPointDetails = request<PointRef, PointDetailsView>('recovery/details');

/** Runs the editor's own command; answers when it has ended, whether something was done or not. */
export const runRecoveryAction = request<RecoveryAction, Empty>('recovery/run');

/** Told to the page: what it shows may be different by now. */
export const recoveryChanged = notification<Empty>('recovery/changed');
