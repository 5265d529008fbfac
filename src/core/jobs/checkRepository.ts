import type { ProgressListener } from '../../base/progress.ts';
import type { LeaseJournal } from '../journal/leaseJournal.ts';
import type { CheckOptions, CheckResult } from '../repository/check.ts';
import type { Repository } from '../repository/repository.ts';

/** Checks a repository under a shared lock: backups go on beside it, nothing is removed. */
export async function checkRepository(
  repository: Repository,
  journal: LeaseJournal,
  options: CheckOptions,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<CheckResult> {
  await using lock = await repository.lock({ mode: 'shared', journal }, signal);
  return await repository.check(options, lock, onProgress, AbortSignal.any([signal, lock.lost]));
}
