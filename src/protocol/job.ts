import { type Empty, notification, request } from './message.ts';
import type {
  BackupParams,
  ConsistencyPolicyDto,
  DiskRestoreParams,
  FileRestoreParams,
  GroupBackupParams,
  GuestRestoreParams,
  RemedyParams,
  VmRestoreParams,
} from './plan.ts';
import type { ConsistencyLevelDto, DowngradeDto, PointGroupDto, StoredDiskDto } from './point.ts';
import type { VmRef } from './vm.ts';
import type { WireError } from './wireError.ts';

/**
 * `paused`: it was told to stand still, or does; `phase` says what it still holds. `cancelling`: it was told to stop and gives
 * back what it took. The last three are final.
 */
export type JobState = 'running' | 'paused' | 'cancelling' | 'succeeded' | 'failed' | 'cancelled';

export type JobKind =
  | 'backup'
  | 'backupGroup'
  | 'snapshot'
  | 'restoreFiles'
  | 'restoreToGuest'
  | 'restoreDisk'
  | 'restoreVm'
  | 'check'
  | 'forget'
  | 'prune'
  | 'guard'
  | 'remedy';

export interface JobDto {
  readonly id: string;
  readonly kind: JobKind;
  /** What it works on, as the user knows it: a VM's name, a file, the name of a group. */
  readonly object: string;
  readonly state: JobState;
  /** The step as the user reads it. */
  readonly phase: string;
  /** Of the phase. */
  readonly doneBytes: number;
  /** Missing while unknown. */
  readonly totalBytes?: number;
  /** Of the last seconds; missing until it can be told. */
  readonly bytesPerSecond?: number;
  readonly remainingMs?: number;
  /** What keeps it from being faster, by what was waited for in the last seconds; missing where nothing does. */
  readonly bottleneck?: BottleneckDto;
  readonly startedAt: string;
  readonly finishedAt?: string;
  /** It takes `job/pause`, or is paused. */
  readonly canPause?: true;
  /** It takes `job/retry`: it has failed, all of it or some of its VMs. */
  readonly canRetry?: true;
  /** The VMs of a job that works on several; missing for others. */
  readonly members?: readonly JobMemberDto[];
  /** It waits for an answer by `job/answer`; missing once there is one. */
  readonly question?: JobQuestionDto;
  /** Why it failed. */
  readonly error?: WireError;
  /** What came of it. */
  readonly result?: JobResult;
}

/** What is read, with unpacking it; hashing, compressing and sealing; room on the way to the repository. */
export type BottleneckDto = 'source' | 'cpu' | 'target';

/** How far a job is with one of its VMs. */
export interface JobMemberDto {
  /** Name of the VM. */
  readonly object: string;
  readonly state: 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** As the job's own, of this VM. */
  readonly phase: string;
  readonly doneBytes: number;
  readonly totalBytes?: number;
}

/** Whether a snapshot of a lower level is good enough, as the policy wants it asked. */
export interface JobQuestionDto extends DowngradeDto {
  /** Name of the VM it is about. */
  readonly object: string;
  /** Tells this question of the job from its others. */
  readonly id: string;
}

export interface JobAnswer extends JobRef {
  readonly questionId: string;
  /** Whether the lower level is taken; else the job fails. */
  readonly accept: boolean;
}

export type JobResult =
  | BackupResultDto
  | GroupBackupResultDto
  | SnapshotResultDto
  | FileRestoreResultDto
  | GuestRestoreResultDto
  | DiskRestoreResultDto
  | VmRestoreResultDto
  | CheckResultDto
  | ForgetResultDto
  | PruneResultDto
  | GuardResultDto
  | RemedyResultDto;

export interface BackupResultDto {
  readonly kind: 'backup';
  readonly point: string;
  readonly requested: ConsistencyLevelDto;
  readonly proven: ConsistencyLevelDto;
  /** Reported beyond what is proven: claimed, unproven. */
  readonly claimed?: ConsistencyLevelDto;
  /** Each step from requested to a lower level, in order. */
  readonly downgrades: readonly DowngradeDto[];
  /** What crossed the network. */
  readonly receivedBytes: number;
  /** What the repository grew by. */
  readonly storedBytes: number;
  readonly disks: readonly StoredDiskDto[];
  /** The restore point is good, but something was left that the guard will try again. */
  readonly problems: readonly WireError[];
  /** Something was wrong that this restore point is free of; earlier ones may not be. */
  readonly warnings: readonly WireError[];
}

/** A job of which no VM has a restore point has failed. */
export interface GroupBackupResultDto {
  readonly kind: 'backupGroup';
  /** Of all that are stored, also where a long pause has made more than one group of them. */
  readonly group: PointGroupDto;
  /** In the order in which they were given. */
  readonly members: readonly GroupMemberResultDto[];
}

export interface GroupMemberResultDto {
  readonly vm: VmRef;
  /** Missing where it failed. */
  readonly backup?: BackupResultDto;
  readonly error?: WireError;
}

export interface SnapshotResultDto {
  readonly kind: 'snapshot';
  readonly snapshotId: string;
  readonly name: string;
  /** The level that was asked for. */
  readonly requested: ConsistencyLevelDto;
  /** Each step from requested to a lower level, in order. */
  readonly downgrades: readonly DowngradeDto[];
  /** As the server reports it: a claim, no proof. */
  readonly isQuiesced: boolean;
}

export interface FileRestoreResultDto {
  readonly kind: 'restoreFiles';
  readonly targetFolder: string;
  /** The zip in it that everything went into. */
  readonly zipName?: string;
  readonly itemCount: number;
  readonly totalBytes: number;
  /** What could not be restored, and why. */
  readonly problems: readonly string[];
}

export interface GuestRestoreResultDto {
  readonly kind: 'restoreToGuest';
  readonly vm: VmRef;
  /** Files that were sent, or whose owner, permissions or time were set. */
  readonly restoredCount: number;
  readonly skippedCount: number;
  readonly sentBytes: number;
  /** What was replaced, and under which name it still is; the first `maxKeptAside`. */
  readonly keptAside: readonly { readonly guestPath: string; readonly asidePath: string }[];
  readonly keptAsideCount: number;
  /** What could not be restored or set, and why. */
  readonly problems: readonly string[];
}

export const maxKeptAside = 1000;

export interface DiskRestoreResultDto {
  readonly kind: 'restoreDisk';
  readonly targetPath: string;
  readonly capacityBytes: number;
}

/** The new VM is powered off. */
export interface VmRestoreResultDto {
  readonly kind: 'restoreVm';
  readonly vm: VmRef;
}

/** The whole report is in the job's log. */
export interface CheckResultDto {
  readonly kind: 'check';
  readonly readData: boolean;
  /** Restore points are damaged, or cannot be trusted: the first `maxListedFindings`. */
  readonly errors: readonly CheckFindingDto[];
  readonly errorCount: number;
  /** Nothing is lost by it, but somebody should know: the first `maxListedFindings`. */
  readonly warnings: readonly CheckFindingDto[];
  readonly warningCount: number;
  /** Ids of those that refer to something that is missing or damaged. */
  readonly damagedPoints: readonly string[];
  readonly snapshotCount: number;
  readonly packCount: number;
  readonly packBytes: number;
  readonly blobCount: number;
  /** Of packs that were read as a whole. */
  readonly readBytes: number;
}

export interface CheckFindingDto {
  /** The file or blob, for instance `pack 5f3c…`. */
  readonly object: string;
  readonly message: string;
}

export const maxListedFindings = 100;

/** Forgotten restore points stay in the repository's bytes until a prune. */
export interface ForgetResultDto {
  readonly kind: 'forget';
  /** Those that were gone already are not counted. */
  readonly removedCount: number;
}

export interface PruneResultDto {
  readonly kind: 'prune';
  readonly removedPackCount: number;
  /** What the repository has shrunk by. */
  readonly freedBytes: number;
  /** For how long nobody else could begin to use the repository. */
  readonly exclusiveMs: number;
}

export interface GuardResultDto {
  readonly kind: 'guard';
  readonly leftovers: readonly LeftoverDto[];
  /** Records of dead processes that cannot be read, each with its file and what to do. */
  readonly problems: readonly WireError[];
}

/** What a rule asked for was done to a VM. */
export interface RemedyResultDto {
  readonly kind: 'remedy';
  readonly rule: string;
  /** Looked at again: the rule finds nothing any more. */
  readonly isGone: boolean;
}

/** What a dead process, or a job that could not, did not give back. */
export interface LeftoverDto {
  /** In words: `snapshot of web-1`. */
  readonly description: string;
  readonly recordedAt: string;
  /**
   * `waiting`: its server or repository is not open, or the password of the guest's account is not known. `failed`: it
   * will be tried again.
   */
  readonly outcome: 'removed' | 'waiting' | 'failed';
  readonly problem?: WireError;
}

export interface SnapshotParams {
  readonly vm: VmRef;
  /** As the vSphere client shows it. */
  readonly name: string;
  readonly description: string;
  readonly policy: ConsistencyPolicyDto;
}

/** Names a job in later requests, also those of other clients. */
export interface JobRef {
  readonly jobId: string;
}

export interface JobLogResult {
  /** Oldest first. */
  readonly lines: readonly JobLogLine[];
  /** Older lines that were let go. */
  readonly droppedCount: number;
}

export interface JobLogLine {
  readonly at: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}

/**
 * Each starts a job and answers at once. Fails with NOT_FOUND if a vCenter or repository is not open, with CONFLICT if
 * a job works on the same thing already: one backup or snapshot per VM, one restore per target,
 * one restore per guest.
 */
export const startBackup = request<BackupParams, JobRef>('job/backup');
/**
 * Backs up VMs whose snapshots are taken as near together as possible; the skew is measured and kept, and they are never
 * consistent with each other. A VM that fails does not keep the others from being backed up. Fails with INVALID_INPUT
 * for VMs of several vCenters.
 */
export const startGroupBackup = request<GroupBackupParams, JobRef>('job/backupGroup');
/** Takes a snapshot that stays: nobody but the user removes it. */
export const startSnapshot = request<SnapshotParams, JobRef>('job/snapshot');
export const startFileRestore = request<FileRestoreParams, JobRef>('job/restoreFiles');
export const startGuestRestore = request<GuestRestoreParams, JobRef>('job/restoreToGuest');
export const startDiskRestore = request<DiskRestoreParams, JobRef>('job/restoreDisk');
export const startVmRestore = request<VmRestoreParams, JobRef>('job/restoreVm');
/** Looks at every index file, pack, snapshot and tree of a repository; with `readData` every blob is read and hashed. */
export const startCheck = request<{ readonly repository: string; readonly readData: boolean }, JobRef>(
  'job/check',
);
/**
 * Gives back what dead processes left on every server and repository that is open, removes snapshots of this installation
 * that nobody answers for, and those of others that somebody agrees to.
 */
export const startGuard = request<GuardParams, JobRef>('job/guard');

export interface GuardParams {
  /** Tokens of snapshots of other installations (`snapshot/report`); one that has not expired stays all the same. */
  readonly expired?: readonly string[];
}

/** Does to a VM what a rule asks for, as planned by `plan/remedy`. */
export const startRemedy = request<RemedyParams, JobRef>('job/remedy');

/** Running jobs and the last finished ones, newest first. */
export const listJobs = request<Empty, { readonly jobs: readonly JobDto[] }>('job/list');

/** One of the VMs of a job by its place in `members`, or all of it. */
export interface JobPartRef extends JobRef {
  readonly member?: number;
}

/** Answers at once with the state it is in then; a job that has ended stays as it is, and so does a VM that is done. */
export const cancelJob = request<JobPartRef, { readonly state: JobState }>('job/cancel');

/**
 * Lets a backup stand still: what is read ends with the chunk it is at, and its turn goes to others. Its snapshot is kept for a
 * while and then removed. Fails with CONFLICT for a job that cannot.
 */
export const pauseJob = request<JobRef, { readonly state: JobState }>('job/pause');

/** Goes on with the snapshot if that is still there, else with a new one; nothing is stored again. */
export const resumeJob = request<JobRef, { readonly state: JobState }>('job/resume');

/** Starts a new job for what has failed, or for one VM that has. Fails with CONFLICT if nothing has. */
export const retryJob = request<JobPartRef, JobRef>('job/retry');

/** The first answer counts. Fails with NOT_FOUND if the job does not, or no longer, wait for this one. */
export const answerJob = request<JobAnswer, Empty>('job/answer');

export const readJobLog = request<JobRef, JobLogResult>('job/log');

/** A job began, went on or ended; at most five a second per job, the final state always among them. */
export const jobChanged = notification<JobDto>('job/changed');
