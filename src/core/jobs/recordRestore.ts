import { AppError } from '../../base/errors.ts';
import type { Repository } from '../repository/repository.ts';

/**
 * Writes down that something is about to be restored. From a repository that cannot be written to it is restored all the
 * same: recovery comes first.
 * @param point    its id
 * @param subject  what, and where to
 */
export async function recordRestore(
  repository: Repository,
  point: string,
  subject: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await repository.record({ action: 'restore', subject, ids: [point] }, signal);
  } catch (error) {
    if (!AppError.is(error, 'PERMISSION', 'STORAGE_FULL')) throw error;
  }
}
