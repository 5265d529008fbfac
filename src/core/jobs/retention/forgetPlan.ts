import { AppError } from '../../../base/errors.ts';
import { listBackupSets, type RestorePointSummary } from '../../catalog/backupSet.ts';
import { shortId } from '../../catalog/restorePoint.ts';
import { pinTag } from '../../catalog/restorePointLayout.ts';
import {
  applyRetention,
  isEmptyPolicy,
  type RetentionPolicy,
  type RetentionVerdict,
} from '../../catalog/retention.ts';
import type { Repository } from '../../repository/repository.ts';
import type { SnapshotId } from '../../repository/snapshot.ts';

/** Which restore points will be forgotten, and why each other one stays, before anything is. */
export interface ForgetPlan {
  readonly groups: readonly ForgetGroup[];
  /** Snapshots that cannot be read: nobody knows whose they are, and they stay. */
  readonly problems: readonly AppError[];
}

/**
 * Restore points that the rules are applied to as one. As restic groups them, by host and path: a VM of a server by its
 * identity, whatever it is called, and never together with another one that has its name.
 */
export interface ForgetGroup {
  readonly vmInstanceUuid: string;
  readonly serverInstanceUuid: string;
  /** In its newest restore point. */
  readonly vmName: string;
  /** Newest first. */
  readonly verdicts: readonly RetentionVerdict[];
}

export interface ForgetRules {
  readonly policy: RetentionPolicy;
  /** Name or instance UUID of the VM it is about; without one, all. */
  readonly vm?: string | undefined;
}

/** @throws INVALID_INPUT for a policy without a rule, which would keep nothing; NOT_FOUND if there is no such VM */
export async function planForget(
  repository: Repository,
  { policy, vm }: ForgetRules,
  now: Date,
  signal: AbortSignal,
): Promise<ForgetPlan> {
  if (isEmptyPolicy(policy)) {
    throw new AppError('INVALID_INPUT', 'no rule says which restore points to keep', {
      remedy: 'Give at least one of --keep-last, --keep-daily and the like, or name restore points',
    });
  }
  const { groups, problems } = await groupsOf(repository, signal);
  const chosen = groups.filter(
    ({ vmName, vmInstanceUuid }) => vm === undefined || vm === vmName || vm === vmInstanceUuid,
  );
  if (vm !== undefined && chosen.length === 0) {
    throw new AppError('NOT_FOUND', `${repository.location}: there are no restore points of ${vm}`, {
      object: vm,
      remedy: 'List what there is with "quiesce points"',
    });
  }
  const judged = chosen.map(({ points, ...group }) => ({
    ...group,
    verdicts: applyRetention(points, policy, now),
  }));
  return { groups: judged, problems };
}

/**
 * The plan that forgets certain restore points and keeps all others.
 * @throws NOT_FOUND if one is none of ours; CONFLICT if one is pinned
 */
export async function planForgetPoints(
  repository: Repository,
  ids: readonly SnapshotId[],
  signal: AbortSignal,
): Promise<ForgetPlan> {
  const { groups, problems } = await groupsOf(repository, signal);
  const points = groups.flatMap(group => group.points);
  for (const id of ids) assertMayGo(points, id, repository.location);
  const named = groups
    .filter(group => group.points.some(point => ids.includes(point.id)))
    .map(({ points: members, ...group }) => ({
      ...group,
      verdicts: members.map(point => ({ point, reasons: ids.includes(point.id) ? [] : ['not named'] })),
    }));
  return { groups: named, problems };
}

/** Those that the plan forgets. */
export function forgottenPoints({ groups }: ForgetPlan): readonly RestorePointSummary[] {
  return groups.flatMap(({ verdicts }) => verdicts.filter(goes).map(({ point }) => point));
}

/** Groups of which the plan leaves nothing: the last backup of a VM. */
export function emptiedGroups({ groups }: ForgetPlan): readonly ForgetGroup[] {
  return groups.filter(({ verdicts }) => verdicts.every(goes));
}

function goes({ reasons }: RetentionVerdict): boolean {
  return reasons.length === 0;
}

interface PointGroup extends Omit<ForgetGroup, 'verdicts'> {
  /** Newest first. */
  readonly points: readonly RestorePointSummary[];
}

async function groupsOf(
  repository: Repository,
  signal: AbortSignal,
): Promise<{ readonly groups: readonly PointGroup[]; readonly problems: readonly AppError[] }> {
  const { sets, problems } = await listBackupSets(repository, signal);
  const groups = sets.flatMap(({ vmInstanceUuid, points }) => {
    const servers = [...new Set(points.map(point => point.serverInstanceUuid))];
    return servers.map(serverInstanceUuid => {
      const ofServer = points.filter(point => point.serverInstanceUuid === serverInstanceUuid);
      const vmName = ofServer[0]?.vmName ?? vmInstanceUuid;
      return { vmInstanceUuid, serverInstanceUuid, vmName, points: ofServer };
    });
  });
  return { groups, problems };
}

function assertMayGo(points: readonly RestorePointSummary[], id: SnapshotId, location: string): void {
  const point = points.find(candidate => candidate.id === id);
  if (point === undefined) {
    throw new AppError('NOT_FOUND', `${location}: there is no restore point ${shortId(id)}`, {
      object: shortId(id),
    });
  }
  if (!point.tags.includes(pinTag)) return;
  throw new AppError('CONFLICT', `restore point ${shortId(id)} of ${point.vmName} is pinned`, {
    object: shortId(id),
    remedy: 'Unpin it first',
  });
}
