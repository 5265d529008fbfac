import { parseChangeId } from './changeId.ts';
import type { FullReason } from './fullReason.ts';

/** A disk as one configuration has it: the snapshot's for the decision, the VM's for a forecast. */
export interface TrackedDisk {
  readonly uuid: string | undefined;
  readonly capacityBytes: number;
  /** The moment of the configuration. */
  readonly changeId: string | undefined;
}

/** The same disk in the previous restore point. */
export interface StoredDiskFacts extends TrackedDisk {
  readonly chunkBytes: number;
  readonly partBytes: number;
  readonly whole: WholeRead;
  /** Why what was tracked then is not believed. */
  readonly distrust: FullReason | undefined;
}

/** When a disk was last read as a whole. */
export interface WholeRead {
  readonly at: Date;
  /** Restore points since, the first one not counted. */
  readonly pointsSince: number;
}

/** When the whole disk is read again although its changes are known. */
export interface WholeReadPolicy {
  /** The user has asked for it now. */
  readonly isRequested: boolean;
  /** At the latest with so many restore points since the last time. */
  readonly everyPoints: number;
  /** Or so many days. */
  readonly everyDays: number;
}

/** Sampling cannot find a single lost block; reading everything does. */
export const defaultWholeReads: WholeReadPolicy = { isRequested: false, everyPoints: 30, everyDays: 30 };

export interface ReadFacts {
  readonly now: Date;
  readonly isTrackingEnabled: boolean;
  readonly disk: TrackedDisk;
  /** `none`: the VM has no restore point. `gone`: it had one that cannot be opened. `without`: it does not have the disk. */
  readonly previous: StoredDiskFacts | 'none' | 'gone' | 'without';
  readonly geometry: { readonly chunkBytes: number; readonly partBytes: number };
  /** The VM went back to a snapshot since the previous restore point. */
  readonly wasReverted: boolean;
  readonly policy: WholeReadPolicy;
}

/** `compare`: read whole, and compare what is said to be unchanged. */
export type ReadDecision =
  | { readonly kind: 'changed'; readonly since: string }
  | { readonly kind: 'compare'; readonly since: string; readonly reason: FullReason }
  | { readonly kind: 'whole'; readonly reason: FullReason };

const dayMs = 24 * 60 * 60_000;

/** What has to be read of a disk. Wherever the changes since the previous restore point are not certain, it is everything. */
export function decideRead(facts: ReadFacts): ReadDecision {
  const { disk, previous, geometry, policy } = facts;
  if (previous === 'none') return whole('first-backup');
  if (previous === 'gone') return whole('previous-gone');
  if (previous === 'without') return whole('disk-added');
  if (disk.uuid !== undefined && previous.uuid !== undefined && disk.uuid !== previous.uuid)
    return whole('disk-replaced');
  // Some hosts go on tracking a disk that has grown as if it had not, and lose changes from then on.
  if (disk.capacityBytes !== previous.capacityBytes)
    return whole(isTrackedAsBefore(disk, previous) ? 'tracking-not-reset' : 'capacity-changed');
  if (geometry.chunkBytes !== previous.chunkBytes || geometry.partBytes !== previous.partBytes)
    return whole('geometry-changed');
  if (!facts.isTrackingEnabled) return whole('tracking-off');
  if (disk.changeId === undefined) return whole('tracking-not-begun');
  if (previous.changeId === undefined) return whole('previous-untracked');
  const [then, now] = [parseChangeId(previous.changeId), parseChangeId(disk.changeId)];
  if (then === undefined || now?.trackingUuid !== then.trackingUuid) return whole('tracking-reset');
  if (facts.wasReverted || now.sequence < then.sequence) return whole('reverted');
  if (previous.distrust !== undefined) return whole(previous.distrust);
  const since = previous.changeId;
  if (policy.isRequested) return { kind: 'compare', since, reason: 'requested' };
  if (isDue(previous.whole, facts.now, policy)) return { kind: 'compare', since, reason: 'scheduled' };
  return { kind: 'changed', since };
}

function isTrackedAsBefore(disk: TrackedDisk, previous: TrackedDisk): boolean {
  const [then, now] = [previous, disk].map(({ changeId }) => parseChangeId(changeId ?? ''));
  return then !== undefined && then.trackingUuid === now?.trackingUuid;
}

function whole(reason: FullReason): ReadDecision {
  return { kind: 'whole', reason };
}

function isDue({ at, pointsSince }: WholeRead, now: Date, policy: WholeReadPolicy): boolean {
  return pointsSince + 1 >= policy.everyPoints || now.getTime() - at.getTime() >= policy.everyDays * dayMs;
}
