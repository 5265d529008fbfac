import type { Repository } from '../core/repository/repository.ts';
import { underReadLock } from '../core/repository/underLock.ts';
import type { JobContext } from './runningJob.ts';
import type { WorkerParts } from './workerParts.ts';

/** The part of a job that reads a repository: nobody prunes it meanwhile, and who does so now is waited for. Why it could not be locked is said in the job's log. */
export async function whileReading<T>(
  { leftovers, clock }: Pick<WorkerParts, 'leftovers' | 'clock'>,
  repository: Repository,
  { signal, logger, onProgress }: Pick<JobContext, 'signal' | 'logger' | 'onProgress'>,
  work: (held: AbortSignal) => Promise<T>,
): Promise<T> {
  using journal = leftovers.journalOfJob(() => clock.now());
  const patience = { clock, onProgress };
  const reading = { journal, patience, onUnlocked: (reason: string) => logger.warn(reason) };
  return await underReadLock(repository, reading, signal, work);
}
