import type { Clock } from '../../../base/clock.ts';
import type { Random } from '../../../base/random.ts';
import type { LeaseJournal } from '../../journal/leaseJournal.ts';
import type { KeyId } from '../../repository/keys.ts';
import type { Repository } from '../../repository/repository.ts';
import { addKey, removeKey } from '../repositoryKeys.ts';
import { kitPage } from './kitPage.ts';
import { generateRecoveryPassword } from './recoveryPassword.ts';

export interface KitDeps {
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  readonly random: Random;
  /** Stores the page where its owner wants it; it must not exist yet. */
  readonly writePage: (html: string) => Promise<void>;
}

/**
 * Makes a key that is on paper alone: a password of its own, so that it can be taken away without changing any other.
 * If the page cannot be written, no key is left behind.
 */
export async function makeRecoveryKit(
  repository: Repository,
  { journal, clock, random, writePage }: KitDeps,
  signal: AbortSignal,
): Promise<KeyId> {
  const password = generateRecoveryPassword(random);
  const keyId = await addKey(repository, journal, { password, isRecoveryKit: true }, signal);
  const { id: repositoryId, location } = repository;
  try {
    await writePage(kitPage({ repositoryId, location, password, keyId, madeAt: clock.now() }));
  } catch (error) {
    await removeKey(repository, journal, keyId, new AbortController().signal);
    throw error;
  }
  return keyId;
}
