import { AppError } from '../../../base/errors.ts';
import type { RestorePointSummary } from '../../catalog/backupSet.ts';
import type { ManifestDisk } from '../../catalog/manifest.ts';
import { openRestorePoint, type RestorePoint } from '../../catalog/restorePoint.ts';
import type { FullReason } from '../../changes/fullReason.ts';
import type { StoredDiskFacts } from '../../changes/readDecision.ts';
import type { Repository } from '../../repository/repository.ts';
import type { SnapshotId } from '../../repository/snapshot.ts';

/** The newest restore point of a VM, whose chunks are not stored again. */
export type PreviousPoint =
  | { readonly kind: 'none' }
  | { readonly kind: 'gone'; readonly id: SnapshotId; readonly problem: string }
  | { readonly kind: 'open'; readonly id: SnapshotId; readonly point: RestorePoint };

/** A restore point that is not there any more, or cannot be read, is no reason not to make another one. */
export async function openPreviousPoint(
  repository: Repository,
  summary: Pick<RestorePointSummary, 'id'> | undefined,
  signal: AbortSignal,
): Promise<PreviousPoint> {
  if (summary === undefined) return { kind: 'none' };
  const { id } = summary;
  try {
    return { kind: 'open', id, point: await openRestorePoint(repository, id, signal) };
  } catch (error) {
    if (!AppError.is(error, 'NOT_FOUND', 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
    return { kind: 'gone', id, problem: error.message };
  }
}

/** What a disk was in the previous restore point. */
export function previousDisk(
  previous: PreviousPoint,
  deviceKey: number,
): StoredDiskFacts | 'none' | 'gone' | 'without' {
  if (previous.kind !== 'open') return previous.kind;
  const { manifest } = previous.point;
  const disk = manifest.disks.find(({ key }) => key === deviceKey);
  return disk === undefined ? 'without' : storedFacts(disk, manifest.takenAt);
}

/** What stays wrong until tracking begins anew. */
const lastingReasons: ReadonlySet<FullReason> = new Set(['verification-failed', 'tracking-not-reset']);

function storedFacts(
  { backing, capacityBytes, changeId, chunkBytes, partBytes, transport }: ManifestDisk,
  takenAt: string,
): StoredDiskFacts {
  const { whole, fullReason } = transport;
  return {
    uuid: backing.uuid,
    ...{ capacityBytes, changeId, chunkBytes, partBytes },
    whole: { at: new Date(whole?.at ?? takenAt), pointsSince: whole?.pointsSince ?? 0 },
    distrust: fullReason !== undefined && lastingReasons.has(fullReason) ? fullReason : undefined,
  };
}
