import { type Empty, notification, request } from './message.ts';
import type { ConsistencyLevelDto, PointRef } from './point.ts';
import type { SourceDto, VmRef } from './vm.ts';
import type { WireError } from './wireError.ts';

/** What a person wants of a VM's or a folder's backups. */
export interface RecoveryGoalDto {
  readonly minimumLevel: ConsistencyLevelDto;
  /** How old the newest restore point may be; missing where that does not matter. */
  readonly maxAgeMs?: number;
  /** How long recovering the whole VM may take; missing where that does not matter. */
  readonly maxRecoveryMs?: number;
}

/**
 * One VM, every VM in a folder of the inventory and in the folders below it, all that run on a host or in a cluster
 * (`/datacenter/host/cluster`), all that have a tag, or those that are put together under a name. A VM's own goal comes
 * first, then that of a group, of a tag, of the innermost folder, of a host or cluster.
 */
export type GoalScopeDto =
  | { readonly kind: 'vm'; readonly vm: VmRef }
  | { readonly kind: 'folder' | 'compute'; readonly vcenter: string; readonly path: string }
  | { readonly kind: 'tag'; readonly vcenter: string; readonly category: string; readonly tag: string }
  | {
      readonly kind: 'group';
      readonly vcenter: string;
      readonly group: string;
      /** Takes the place of those it had. */
      readonly vms: readonly VmRef[];
    };

/** The goal that holds for a VM. */
export interface GoalDto {
  readonly goal: RecoveryGoalDto;
  /** What it was set for, as people know it; missing where it is the VM's own. */
  readonly of?: { readonly kind: 'folder' | 'compute' | 'tag' | 'group'; readonly name: string };
  readonly setBy: string;
  readonly setAt: string;
}

export type GapKindDto =
  'no-restore-point' | 'level' | 'coverage' | 'age' | 'recovery-time' | 'recovery-time-unknown';

export interface GapDto {
  readonly kind: GapKindDto;
  /** A sentence without its full stop. */
  readonly text: string;
}

export interface AcceptanceDto {
  readonly by: string;
  readonly at: string;
  readonly reason: string;
  readonly until: string;
  readonly gaps: readonly GapKindDto[];
}

/** How a VM stands against its goal at the moment of the answer: time alone changes it. */
export interface StandingDto {
  readonly vmId: string;
  readonly goal: GoalDto;
  /** `met` alone is green. */
  readonly state: 'met' | 'accepted' | 'gap';
  readonly gaps: readonly GapDto[];
  /** Those that count now. */
  readonly acceptances: readonly AcceptanceDto[];
  /** Those that have ended while their gap is still there. */
  readonly expired: readonly AcceptanceDto[];
  readonly newest?: PointRef;
  /** Of recovering the whole VM. */
  readonly recoveryTime: TimeEstimateDto;
}

/** Never a guess: without measurements it is unknown. */
export type TimeEstimateDto =
  | { readonly kind: 'unknown'; readonly why: string }
  | {
      readonly kind: 'estimated';
      readonly durationMs: number;
      readonly bytesPerSecond: number;
      readonly basis: { readonly transferCount: number; readonly bytes: number };
    };

export const setGoal = request<{ readonly scope: GoalScopeDto; readonly goal: RecoveryGoalDto }, Empty>(
  'goal/set',
);

/** The VMs of the scope have the goal of a folder around it from then on, if there is one. */
export const removeGoal = request<{ readonly scope: GoalScopeDto }, Empty>('goal/remove');

/** Accepts the gaps that a VM has now, in the name of whom the worker runs for; anything worse is a gap again. */
export const acceptGaps = request<
  { readonly vm: VmRef; readonly reason: string; readonly until: string },
  Empty
>('goal/accept');

/**
 * How the VMs of a vCenter stand that have a goal, or one of them, against what is in the repositories that are open.
 * Problems are records of goals and snapshots that cannot be read.
 */
export const listStandings = request<
  { readonly vcenter: string; readonly vmId?: string },
  { readonly standings: readonly StandingDto[]; readonly problems: readonly WireError[] }
>('goal/standings');

/** Goals or acceptances are others now; told to every client. */
export const goalsChanged = notification<Empty>('goal/changed');

export type GranularityDto = 'transaction' | 'guest-file' | 'disk' | 'vm' | 'datastore' | 'site';

/** What can be recovered from a restore point at one granularity. */
export interface RecoverabilityDto {
  readonly granularity: GranularityDto;
  readonly isPossible: boolean;
  /** Missing where nothing is possible. */
  readonly operation?: string;
  /** Where it is not possible: why. */
  readonly caveats: readonly string[];
  readonly source: SourceDto;
  readonly time: TimeEstimateDto;
}

export interface RecoveryVolumeDto {
  readonly deviceKey: number;
  readonly volumeIndex: number;
  readonly name: string;
  /** As it was recognized; missing where it was not. */
  readonly fileSystem?: string;
  readonly isReadable: boolean;
}

export interface PointRecoveryDto {
  readonly rows: readonly RecoverabilityDto[];
  readonly volumes: readonly RecoveryVolumeDto[];
  /** Disks whose volumes could not be listed, and why. */
  readonly problems: readonly string[];
}

/** What can be recovered from a restore point, a row for each granularity; it looks at the volumes of all its disks. */
export const readPointRecovery = request<PointRef, PointRecoveryDto>('recovery/point');
