import { AppError } from '../../base/errors.ts';
import { formatBytes, MiB } from '../../base/units.ts';
import type { Repository } from '../repository/repository.ts';

/**
 * Packs on their way, index files and what prune needs to make room: below that not even a small restore point should be
 * begun. How much a large one will take is not known before its chunks have been compared and compressed.
 */
const leastFreeBytes = 256 * MiB;

/**
 * Before anything is asked of a VM: a repository that is full is better told now than in the middle of the night, with a
 * snapshot open. Where the store cannot tell, as on servers, nothing is asserted.
 * @throws STORAGE_FULL
 */
export async function assertRoom(repository: Repository, signal: AbortSignal): Promise<void> {
  const freeBytes = await repository.freeBytes(signal);
  if (freeBytes === undefined || freeBytes >= leastFreeBytes) return;
  throw new AppError(
    'STORAGE_FULL',
    `${repository.location} has ${formatBytes(freeBytes)} left, at least ${formatBytes(leastFreeBytes)} are needed to begin`,
    {
      object: repository.location,
      remedy: 'Free space, or forget restore points and prune the repository',
    },
  );
}
