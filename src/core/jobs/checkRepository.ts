import type { ProgressListener } from '../../base/progress.ts';
import type { LeaseJournal } from '../journal/leaseJournal.ts';
import type { CheckOptions, CheckResult } from '../repository/check.ts';
import type { Repository } from '../repository/repository.ts';
import { underLock } from '../repository/underLock.ts';

/** Checks a repository under a shared lock: backups go on beside it, nothing is removed. */
export async function checkRepository(
  repository: Repository,
  journal: LeaseJournal,
  options: CheckOptions,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<CheckResult> {
  return await underLock(
    repository,
    { mode: 'shared', journal, isEarly: true },
    signal,
    async (lock, held) => {
      return await repository.check(options, lock, onProgress, held);
    },
  );
}
