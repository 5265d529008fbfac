import type { Secret } from '../../base/secret.ts';
import type { LeaseJournal } from '../journal/leaseJournal.ts';
import type { KeyId } from '../repository/keys.ts';
import type { NewKey, Repository } from '../repository/repository.ts';
import { underLock } from '../repository/underLock.ts';

/** Lets another password open the repository; backups go on beside it. */
export async function addKey(
  repository: Repository,
  journal: LeaseJournal,
  key: NewKey,
  signal: AbortSignal,
): Promise<KeyId> {
  return await underLock(repository, { mode: 'shared', journal }, signal, async (lock, held) => {
    const id = await repository.addKey(key, lock, held);
    const subject = key.isRecoveryKit ? 'recovery kit' : 'password';
    await repository.record({ action: 'add-key', subject, ids: [id] }, held);
    return id;
  });
}

/** @throws CONFLICT if the repository is in use, or the key is the one it was opened with; NOT_FOUND */
export async function removeKey(
  repository: Repository,
  journal: LeaseJournal,
  prefix: string,
  signal: AbortSignal,
): Promise<KeyId> {
  return await underLock(repository, { mode: 'exclusive', journal }, signal, async (lock, held) => {
    const id = await repository.removeKey(prefix, lock, held);
    await repository.record({ action: 'remove-key', subject: 'password', ids: [id] }, held);
    return id;
  });
}

/** Puts another password in the place of the one the repository was opened with. @throws CONFLICT if it is in use */
export async function changePassword(
  repository: Repository,
  journal: LeaseJournal,
  password: Secret,
  signal: AbortSignal,
): Promise<KeyId> {
  return await underLock(repository, { mode: 'exclusive', journal }, signal, async (lock, held) => {
    const id = await repository.changePassword(password, lock, held);
    await repository.record({ action: 'change-password', subject: 'password', ids: [id] }, held);
    return id;
  });
}
