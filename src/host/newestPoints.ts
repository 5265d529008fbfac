import type { Logger } from '../base/logger.ts';
import { toAppError } from '../base/errors.ts';
import { listPoints } from '../protocol/point.ts';
import type { KnownPlaces } from './knownPlaces.ts';
import type { NewestPoint } from './model/vmTreeModel.ts';
import type { OpenPlaces } from './openPlaces.ts';
import type { Worker } from './workerLink.ts';

/** The newest restore point of each VM, by instance UUID. A repository that cannot be opened now is left out. */
export async function newestPoints(
  worker: Worker,
  places: OpenPlaces,
  known: KnownPlaces,
  logger: Logger,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NewestPoint>> {
  const newest = new Map<string, NewestPoint>();
  for (const { name: repository } of known.repositories()) {
    try {
      await places.repository(repository, signal);
      const { sets } = await worker.request(listPoints, { repository }, signal);
      for (const { vmInstanceUuid, points } of sets) {
        const [point] = points;
        const other = newest.get(vmInstanceUuid);
        if (point === undefined || (other !== undefined && other.point.takenAt >= point.takenAt)) continue;
        newest.set(vmInstanceUuid, { repository, point });
      }
    } catch (error) {
      signal.throwIfAborted();
      logger.warn(`restore points of ${repository} are not known: ${toAppError(error).message}`);
    }
  }
  return newest;
}
