import type { JobRef } from './job.ts';
import { type Empty, request } from './message.ts';
import type { WireError } from './wireError.ts';

/** How many restore points of each VM stay: what none of them keeps goes. At least one is more than 0. */
export interface ForgetRulesDto {
  /** The newest ones. */
  readonly last: number;
  /** The newest one of each of so many newest days (weeks, …) that have any, in UTC. */
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
}

export interface ForgetPlanParams {
  readonly repository: string;
  readonly rules: ForgetRulesDto;
  /** Instance UUID of the VM it is about; without one, all. */
  readonly vm?: string;
}

export interface ForgetPlanDto {
  readonly vms: readonly ForgottenOfVmDto[];
  /** Snapshots that cannot be read: nobody knows whose they are, and they stay. */
  readonly problems: readonly WireError[];
}

export interface ForgottenOfVmDto {
  /** In its newest restore point. */
  readonly vmName: string;
  readonly keptCount: number;
  /** Newest first. */
  readonly forgotten: readonly { readonly id: string; readonly takenAt: string }[];
}

export interface UnlockResult {
  /** Locks of holders proven gone. */
  readonly removedCount: number;
  /** Those that stay: their holders live, or nobody can tell. */
  readonly held: readonly LockHolderDto[];
}

export interface LockHolderDto {
  readonly exclusive: boolean;
  readonly username: string;
  readonly hostname: string;
  readonly pid: number;
  /** Written or last refreshed. */
  readonly time: string;
}

/** What rules would forget, before anything is. Fails with INVALID_INPUT if no rule keeps anything. */
export const planForget = request<ForgetPlanParams, ForgetPlanDto>('plan/forget');

/**
 * Forgets exactly the restore points that were shown. Fails, before anything is removed, with CONFLICT if the repository is
 * in use, a restore point is pinned, or nothing of a VM would be left; with NOT_FOUND if there is one no more.
 */
export const startForget = request<
  { readonly repository: string; readonly points: readonly string[] },
  JobRef
>('job/forget');

/** Gives back the space of what no restore point needs; waits some minutes for backups that are running. */
export const startPrune = request<{ readonly repository: string }, JobRef>('job/prune');

/** Removes the locks of holders that are proven gone, and tells the others. */
export const unlockRepository = request<{ readonly repository: string }, UnlockResult>('repository/unlock');

/** A password that opens a repository, as far as its key tells without it. */
export interface KeyDto {
  readonly id: string;
  /** Who made it, where and when. */
  readonly username: string;
  readonly hostname: string;
  readonly createdAt?: string;
  /** It is the one on the printed recovery kit. */
  readonly isRecoveryKit: boolean;
  /** The worker has opened the repository with it. */
  readonly isCurrent: boolean;
}

export const listKeys = request<{ readonly repository: string }, { readonly keys: readonly KeyDto[] }>(
  'repository/keys',
);

/** Lets another password open the repository. Kept nowhere but in its key. */
export const addKey = request<
  { readonly repository: string; readonly password: string },
  { readonly keyId: string }
>('repository/addKey');

/** Fails with CONFLICT for the current one, and while others use the repository. */
export const removeKey = request<{ readonly repository: string; readonly keyId: string }, Empty>(
  'repository/removeKey',
);

/**
 * Puts another password in the place of the current one; the client opens the repository with it the next time. Fails with
 * CONFLICT while others use the repository.
 */
export const changeRepositoryPassword = request<
  { readonly repository: string; readonly password: string },
  { readonly keyId: string }
>('repository/changePassword');

export interface KitState {
  /** Somebody has entered a recovery kit or said that there is to be none, or there are restore points already. */
  readonly isDecided: boolean;
  /** There is one, whether or not it was entered. */
  readonly hasKit: boolean;
}

/** Until it is decided, backups into the repository fail with INVALID_INPUT. */
export const readKitState = request<{ readonly repository: string }, KitState>('repository/kitState');

/** Writes down that a recovery kit was entered as it is on paper. Fails with AUTHENTICATION if it is none of this repository. */
export const confirmRecoveryKit = request<{ readonly repository: string; readonly password: string }, Empty>(
  'repository/confirmKit',
);

/** Writes down that no recovery kit is wanted. */
export const declineRecoveryKit = request<{ readonly repository: string }, Empty>('repository/declineKit');

/** Makes a key that is on paper alone and writes its page to a file that must not exist; absolute path. */
export const makeRecoveryKit = request<
  { readonly repository: string; readonly path: string },
  { readonly keyId: string }
>('repository/kit');
