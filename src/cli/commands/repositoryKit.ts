import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { fileError } from '../../base/node/fileErrors.ts';
import { makeRecoveryKit } from '../../core/jobs/recoveryKit/makeRecoveryKit.ts';
import { openChosenRepository } from '../chosen.ts';
import type { Command } from '../command.ts';
import { repositoryOption } from './options.ts';

export const repositoryKit: Command = {
  name: 'repo kit',
  summary: 'Make a recovery kit: a page to be printed, with a password of its own and its QR code',
  operands: [],
  options: {
    to: { value: 'FILE', help: 'an HTML file that does not exist; print it and delete it' },
    ...repositoryOption,
  },
  run: async (context, args) => {
    const path = resolve(args.required('to'));
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const writePage = async (html: string): Promise<void> => {
      await writeFile(path, html, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
        throw fileError(path, error);
      });
    };
    const keyId = await makeRecoveryKit(repository, { ...context, journal, writePage }, context.signal);
    context.output.result(
      { keyId, path },
      () =>
        `Recovery kit with key ${keyId.slice(0, 10)} in ${path}: print it, keep it elsewhere, delete the file`,
    );
    return undefined;
  },
};
