import { writeFile } from 'node:fs/promises';

import { fileError } from '../base/node/fileErrors.ts';
import { makeRecoveryKit } from '../core/jobs/recoveryKit/makeRecoveryKit.ts';
import type { LeaseJournal } from '../core/journal/leaseJournal.ts';
import type { KeyId } from '../core/repository/keys.ts';
import type { Repository } from '../core/repository/repository.ts';
import type { CommandContext } from './context.ts';

/** Makes a recovery kit whose page only its owner can read. @throws CONFLICT if the file exists */
export async function writeRecoveryKit(
  context: CommandContext,
  repository: Repository,
  journal: LeaseJournal,
  path: string,
): Promise<KeyId> {
  const writePage = async (html: string): Promise<void> => {
    await writeFile(path, html, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
      throw fileError(path, error);
    });
  };
  return await makeRecoveryKit(repository, { ...context, journal, writePage }, context.signal);
}
