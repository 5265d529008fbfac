import { resolve } from 'node:path';

import { openChosenRepository } from '../chosen.ts';
import type { Command } from '../command.ts';
import { enterKit } from '../decideKit.ts';
import { writeRecoveryKit } from '../writeRecoveryKit.ts';
import { AppError } from '../../base/errors.ts';
import { repositoryOption } from './options.ts';

export const repositoryKit: Command = {
  name: 'repo kit',
  summary: 'Make a recovery kit: a page to be printed, with a password of its own and its QR code',
  operands: [],
  options: {
    to: { value: 'FILE', help: 'an HTML file that does not exist; print it and delete it' },
    confirm: { help: 'enter the printed one on the terminal, as is asked before the first backup' },
    ...repositoryOption,
  },
  run: async (context, args) => {
    if (args.flag('confirm')) {
      assertTerminal(context.hasTerminal);
      await using repository = await openChosenRepository(context, args);
      await enterKit(context, repository);
      context.output.result({}, () => 'This is the recovery kit of the repository');
      return undefined;
    }
    const path = resolve(args.required('to'));
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const keyId = await writeRecoveryKit(context, repository, journal, path);
    context.output.result(
      { keyId, path },
      () =>
        `Recovery kit with key ${keyId.slice(0, 10)} in ${path}: print it, keep it elsewhere, delete the file`,
    );
    return undefined;
  },
};

function assertTerminal(hasTerminal: boolean): void {
  if (hasTerminal) return;
  throw new AppError('INVALID_INPUT', 'a recovery kit is entered on a terminal, and there is none', {
    object: '--confirm',
    remedy: 'Run it on a terminal',
  });
}
