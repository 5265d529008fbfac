import { AppError } from '../../base/errors.ts';
import type { Repository } from '../repository/repository.ts';
import type { SnapshotId } from '../repository/snapshot.ts';
import { type ConsistencyLevel, consistencyLevels } from '../consistency/level.ts';
import { type ReadKind, readKinds } from './readKind.ts';
import { shortId } from './restorePoint.ts';
import { productTag } from './restorePointLayout.ts';

/** The restore points of one VM, newest first. */
export interface BackupSet {
  readonly vmInstanceUuid: string;
  /** The VM's name in its newest restore point. */
  readonly vmName: string;
  readonly points: readonly RestorePointSummary[];
}

/** What the snapshot alone tells; the manifest is not read for it. */
export interface RestorePointSummary {
  readonly id: SnapshotId;
  readonly takenAt: Date;
  readonly vmInstanceUuid: string;
  readonly vmName: string;
  readonly serverInstanceUuid: string;
  readonly proven: ConsistencyLevel | undefined;
  /** All of the snapshot's. */
  readonly tags: readonly string[];
  /** Undefined also for restore points of programs that did not tell. */
  readonly requested: ConsistencyLevel | undefined;
  /** Reported beyond what is proven. */
  readonly claimed: ConsistencyLevel | undefined;
  /** Undefined for a VM that was backed up by itself. */
  readonly group: PointGroupSummary | undefined;
  /** Undefined for restore points of programs that did not tell. */
  readonly read: ReadKind | undefined;
}

/** VMs whose snapshots were taken together: near each other, never consistent with each other. */
export interface PointGroupSummary {
  /** The same in each member's restore point. */
  readonly id: string;
  /** From the first to the last snapshot. */
  readonly skewMs: number;
}

export interface BackupSets {
  /** By name of the VM. */
  readonly sets: readonly BackupSet[];
  /** Snapshots that cannot be read; the others are listed all the same. */
  readonly problems: readonly AppError[];
}

/** Snapshots of other programs in the same repository are passed over. */
export async function listBackupSets(repository: Repository, signal: AbortSignal): Promise<BackupSets> {
  const byVm = new Map<string, RestorePointSummary[]>();
  const problems: AppError[] = [];
  for await (const entry of repository.listSnapshots(signal)) {
    if ('problem' in entry) {
      problems.push(entry.problem);
      continue;
    }
    const { snapshot, id } = entry;
    const vmInstanceUuid = snapshot.paths[0]?.slice(1);
    if (!snapshot.tags.includes(productTag) || vmInstanceUuid === undefined) continue;
    const point: RestorePointSummary = {
      id,
      takenAt: new Date(snapshot.time),
      vmInstanceUuid,
      vmName: tagValue(snapshot.tags, 'name') ?? vmInstanceUuid,
      serverInstanceUuid: snapshot.hostname,
      tags: snapshot.tags,
      proven: levelTag(snapshot.tags, 'level'),
      requested: levelTag(snapshot.tags, 'requested'),
      claimed: levelTag(snapshot.tags, 'claimed'),
      group: groupTags(snapshot.tags),
      read: readKinds.find(kind => kind === tagValue(snapshot.tags, 'read')),
    };
    const points = byVm.get(vmInstanceUuid);
    if (points === undefined) byVm.set(vmInstanceUuid, [point]);
    else points.push(point);
  }
  const sets = [...byVm].map(([vmInstanceUuid, unsorted]) => {
    const points = unsorted.toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime());
    return { vmInstanceUuid, vmName: points[0]?.vmName ?? vmInstanceUuid, points };
  });
  return { sets: sets.toSorted((a, b) => a.vmName.localeCompare(b.vmName)), problems };
}

/** The newest restore point of a VM, by its identity. */
export async function latestRestorePoint(
  repository: Repository,
  vmInstanceUuid: string,
  signal: AbortSignal,
): Promise<RestorePointSummary | undefined> {
  const { sets } = await listBackupSets(repository, signal);
  return sets.find(set => set.vmInstanceUuid === vmInstanceUuid)?.points[0];
}

export interface FoundRestorePoint {
  readonly point: RestorePointSummary;
  /** Snapshots that cannot be read, if the newest one of a VM was asked for: a newer one may be among them. */
  readonly unreadable: readonly AppError[];
}

/**
 * Finds a restore point as people name one: the first digits of its id, or a VM's name or UUID, which stands for the
 * newest one of that VM.
 * @throws NOT_FOUND; CONFLICT if several VMs have that name or several ids begin like this
 */
export async function findRestorePoint(
  repository: Repository,
  wanted: string,
  signal: AbortSignal,
): Promise<FoundRestorePoint> {
  const { sets, problems } = await listBackupSets(repository, signal);
  const vms = sets.filter(set => set.vmName === wanted || set.vmInstanceUuid === wanted);
  const points = sets.flatMap(set => set.points).filter(point => point.id.startsWith(wanted));
  const candidates = vms.length > 0 ? vms.flatMap(set => set.points.slice(0, 1)) : points;
  const [found, another] = candidates;
  if (found === undefined) {
    await throwIfDamaged(repository, wanted, signal);
    throw new AppError('NOT_FOUND', `the repository ${repository.location} has no restore point ${wanted}`, {
      object: wanted,
      remedy: 'List what there is with "quiesce points"',
    });
  }
  if (another !== undefined) {
    const named = candidates.map(point => `${shortId(point.id)} (${point.vmName}, ${point.vmInstanceUuid})`);
    throw new AppError('CONFLICT', `"${wanted}" stands for several restore points: ${named.join(', ')}`, {
      object: wanted,
      remedy: 'Give more digits of the id, or the UUID of the VM',
    });
  }
  return { point: found, unreadable: vms.length > 0 ? problems : [] };
}

/** A restore point whose snapshot cannot be read is not missing. */
async function throwIfDamaged(repository: Repository, wanted: string, signal: AbortSignal): Promise<void> {
  for await (const entry of repository.listSnapshots(signal))
    if ('problem' in entry && entry.id.startsWith(wanted)) throw entry.problem;
}

function tagValue(tags: readonly string[], key: string): string | undefined {
  return tags.find(tag => tag.startsWith(`${key}:`))?.slice(key.length + 1);
}

function levelTag(tags: readonly string[], key: string): ConsistencyLevel | undefined {
  const level = tagValue(tags, key);
  return consistencyLevels.find(candidate => candidate === level);
}

/** Tags may be anybody's: without a skew that is a number, nothing is said of a group. */
function groupTags(tags: readonly string[]): PointGroupSummary | undefined {
  const [id, skew] = [tagValue(tags, 'group'), tagValue(tags, 'skew')];
  return id !== undefined && skew !== undefined && /^\d{1,15}$/.test(skew)
    ? { id, skewMs: Number(skew) }
    : undefined;
}
