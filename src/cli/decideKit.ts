import { resolve } from 'node:path';

import { AppError } from '../base/errors.ts';
import type { LeaseJournal } from '../core/journal/leaseJournal.ts';
import {
  assertKitDecided,
  confirmKit,
  declineKit,
  isKitDecided,
} from '../core/jobs/recoveryKit/kitDecision.ts';
import type { Repository } from '../core/repository/repository.ts';
import type { CommandArguments, CommandOption } from './command.ts';
import type { CommandContext } from './context.ts';
import { writeRecoveryKit } from './writeRecoveryKit.ts';

export const kitOption = {
  'no-kit': { help: 'no recovery kit is wanted for this repository; that is written down' },
} as const satisfies Readonly<Record<string, CommandOption>>;

const maxTries = 3;

/**
 * Before the first backup into a repository: makes sure that its recovery kit exists on paper, by having it entered, or
 * that somebody has said there is to be none.
 * @throws INVALID_INPUT if nobody can be asked and nothing was said
 */
export async function decideKit(
  context: CommandContext,
  args: CommandArguments,
  repository: Repository,
  journal: LeaseJournal,
): Promise<void> {
  const { signal, output } = context;
  if (args.flag('no-kit')) {
    await declineKit(repository, signal);
    return;
  }
  if (!context.hasTerminal) {
    const remedy =
      'Make it with "quiesce repo kit --to FILE" and enter it with "quiesce repo kit --confirm" on a terminal, or say --no-kit';
    await assertKitDecided(repository, remedy, signal);
    return;
  }
  if (await isKitDecided(repository, signal)) return;
  const keys = await repository.listKeys(signal);
  if (!keys.some(({ isRecoveryKit }) => isRecoveryKit)) {
    output.note('Without its recovery kit nobody can read this repository once its password is lost.');
    const path = (await context.ask('New HTML file for the recovery kit, or nothing to go without')).trim();
    if (path === '') {
      await declineKit(repository, signal);
      return;
    }
    await writeRecoveryKit(context, repository, journal, resolve(path));
    output.note(`Print ${resolve(path)}, keep the page where the backups are not, and delete the file.`);
  }
  await enterKit(context, repository);
}

/** Has the recovery kit entered on the terminal. @throws AUTHENTICATION after some tries */
export async function enterKit(context: CommandContext, repository: Repository): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      const typed = await context.askSecret('Password on the printed recovery kit');
      await confirmKit(repository, typed, context.signal);
      return;
    } catch (error) {
      if (!AppError.is(error, 'AUTHENTICATION') || tries === maxTries) throw error;
      context.output.note(error.message);
    }
  }
}
