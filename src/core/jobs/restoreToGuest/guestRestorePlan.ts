import { AppError } from '../../../base/errors.ts';
import type { ErrorCode } from '../../../base/errors.ts';
import type { GuestAttributes, GuestNode } from '../../guestops/guestSession.ts';
import type { NodeStat } from '../../guestfs/guestFileSystem.ts';
import type { GuestLocation } from '../guestFiles/guestVolumes.ts';

/** What a restore into a running guest will do, before it does anything. */
export interface GuestRestorePlan {
  readonly vmName: string;
  /** The account of the guest as which it is done. */
  readonly user: string;
  /** Folders before what is in them; folders that are there are left as they are and not named. */
  readonly items: readonly GuestRestoreItem[];
  /** What will be sent. */
  readonly totalBytes: number;
  /** What cannot be restored, and why; the rest is restored all the same. */
  readonly problems: readonly GuestRestoreProblem[];
  /** What will be different from the restore point, or may fail. */
  readonly warnings: readonly string[];
}

export interface GuestRestoreProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

export type GuestRestoreItem = PlannedFolder | PlannedFile;

export interface PlannedFolder {
  readonly kind: 'folder';
  readonly guestPath: string;
  readonly attributes: GuestAttributes;
}

export interface PlannedFile {
  readonly kind: 'file';
  /** In the restore point's volume. */
  readonly pointPath: string;
  /** In the running guest. */
  readonly guestPath: string;
  readonly location: GuestLocation;
  readonly stat: NodeStat;
  /**
   * `replace`: what is there is kept aside under another name. `attributes`: the content is the same, owner,
   * permissions or time are not. `skip`: it is all there already.
   */
  readonly action: 'create' | 'replace' | 'attributes' | 'skip';
  /** What the guest has there now. */
  readonly live: GuestNode | undefined;
  /** How content was compared that has the same size. */
  readonly comparedBy: 'content' | 'time' | undefined;
  /** What will be set. */
  readonly attributes: GuestAttributes;
}

/** @throws the first problem, if it is all there is to the plan: doing nothing must not look like success */
export function assertRestorable({ items, problems, vmName }: GuestRestorePlan): void {
  const [problem] = problems;
  if (items.length > 0 || problem === undefined) return;
  throw new AppError(problem.code, `${vmName}: ${problem.message}`, { object: vmName });
}

/** Name of what a restore replaces, beside it; another one for the next restore, even within the same second. */
export function asideSuffix(now: Date): string {
  return `.quiesce-before-${now.toISOString().replace(/[-:.]/g, '')}`;
}
