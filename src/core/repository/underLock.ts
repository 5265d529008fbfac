import { AppError } from '../../base/errors.ts';
import type { LockRequest, RepositoryLock } from './locks.ts';
import type { Repository } from './repository.ts';

/**
 * Does something while a lock is held. `work` gets a signal that is aborted with the job's own, and when the lock is
 * lost; then the error says that and why, and not that somebody had cancelled.
 * @throws CONFLICT naming who holds the repository, or what became of the lock
 */
export async function underLock<T>(
  repository: Repository,
  request: LockRequest,
  signal: AbortSignal,
  work: (lock: RepositoryLock, held: AbortSignal) => Promise<T>,
): Promise<T> {
  await using lock = await repository.lock(request, signal);
  try {
    return await work(lock, AbortSignal.any([signal, lock.lost]));
  } catch (error) {
    const isCancelled = signal.aborted || (AppError.is(error) && !AppError.is(error, 'CANCELLED'));
    throw lock.lost.aborted && !isCancelled ? lock.lost.reason : error;
  }
}
