import { AppError } from '../../../base/errors.ts';
import type { Secret } from '../../../base/secret.ts';
import type { Repository } from '../../repository/repository.ts';
import { recoveryPasswordIn } from './recoveryPassword.ts';

/**
 * Whether the question has been answered that stands before the first backup into a repository: somebody has entered
 * its recovery kit, which proves that there is one and that it can be read, or has said that there is to be none. A
 * repository that has snapshots is past its first backup.
 */
export async function isKitDecided(repository: Repository, signal: AbortSignal): Promise<boolean> {
  for await (const _ of repository.listSnapshots(signal)) return true;
  for await (const entry of repository.listAudit(signal))
    if (!('problem' in entry) && ['confirm-kit', 'decline-kit'].includes(entry.action)) return true;
  return false;
}

/** For whoever cannot ask. @throws INVALID_INPUT as long as the question has no answer */
export async function assertKitDecided(
  repository: Repository,
  remedy: string,
  signal: AbortSignal,
): Promise<void> {
  if (await isKitDecided(repository, signal)) return;
  throw new AppError(
    'INVALID_INPUT',
    `${repository.location}: its recovery kit has to be entered before the first backup`,
    { object: repository.location, remedy },
  );
}

/**
 * Proves that what was read from paper opens the repository, and writes that down.
 * @param typed  as people type: in small letters, without hyphens, with spaces
 * @throws AUTHENTICATION if it is not the password of a recovery kit of this repository
 */
export async function confirmKit(repository: Repository, typed: Secret, signal: AbortSignal): Promise<void> {
  const key = await repository.findKey(recoveryPasswordIn(typed), signal);
  if (key?.isRecoveryKit !== true) {
    throw new AppError('AUTHENTICATION', `${repository.location}: this is not on its recovery kit`, {
      object: repository.location,
      remedy: 'Enter the eight groups of letters and digits from the page',
    });
  }
  await repository.record({ action: 'confirm-kit', subject: 'recovery kit', ids: [key.id] }, signal);
}

/** Writes down that somebody wants the repository without a recovery kit; what was decided before stays decided. */
export async function declineKit(repository: Repository, signal: AbortSignal): Promise<void> {
  if (await isKitDecided(repository, signal)) return;
  await repository.record({ action: 'decline-kit', subject: 'recovery kit', ids: [] }, signal);
}
