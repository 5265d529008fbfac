import type { Repository } from '../core/repository/repository.ts';
import { underReadLock } from '../core/repository/underLock.ts';
import type { JobContext } from './runningJob.ts';
import type { WorkerParts } from './workerParts.ts';

/** The part of a job that reads a repository: nobody prunes it meanwhile. Why it could not be locked is said in the job's log. */
export async function whileReading<T>(
  { leftovers, clock }: Pick<WorkerParts, 'leftovers' | 'clock'>,
  repository: Repository,
  { signal, logger }: Pick<JobContext, 'signal' | 'logger'>,
  work: (held: AbortSignal) => Promise<T>,
): Promise<T> {
  using journal = leftovers.journalOfJob(() => clock.now());
  const reading = { journal, onUnlocked: (reason: string) => logger.warn(reason) };
  return await underReadLock(repository, reading, signal, work);
}
