import { counted, formatBytes } from '../../base/units.ts';
import { shortId } from '../../core/catalog/restorePoint.ts';
import { checkRepository } from '../../core/jobs/checkRepository.ts';
import type { CheckResult } from '../../core/repository/check.ts';
import { openChosenRepository } from '../chosen.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exitCodes.ts';
import { repositoryOption } from './options.ts';

export const repositoryCheck: Command = {
  name: 'repo check',
  summary: 'Look for damage in a repository',
  operands: [],
  options: {
    'read-data': { help: 'read, decrypt and hash every blob; otherwise only what refers to them' },
    ...repositoryOption,
  },
  run: async (context, args) => {
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const readData = args.flag('read-data');
    const result = await context.withProgress(
      async onProgress =>
        await checkRepository(repository, journal, { readData }, onProgress, context.signal),
    );
    context.output.result(result, () => describe(result, readData));
    return result.errorCount === 0 ? 0 : exitCodes.CORRUPT_DATA;
  },
};

function describe(result: CheckResult, readData: boolean): string {
  const { errors, errorCount, warnings, warningCount, damagedSnapshots, readBytes } = result;
  const looked = [
    counted(result.snapshotCount, 'snapshot'),
    counted(result.treeCount, 'tree'),
    counted(result.indexFileCount, 'index file'),
    `${counted(result.packCount, 'pack')} of ${formatBytes(result.packBytes)}`,
    counted(result.blobCount, 'blob'),
  ].join(', ');
  return [
    ...errors.map(({ object, message }) => `Error: ${object}: ${message}`),
    ...unlisted(errorCount - errors.length, 'error'),
    ...warnings.map(({ object, message }) => `Warning: ${object}: ${message}`),
    ...unlisted(warningCount - warnings.length, 'warning'),
    ...damagedSnapshots.map(id => `Damaged: restore point ${shortId(id)}`),
    `Looked at ${looked}; ${readData ? `read ${formatBytes(readBytes)} of data` : 'data not read'}`,
    `${counted(errorCount, 'error')}, ${counted(warningCount, 'warning')}`,
  ].join('\n');
}

function unlisted(count: number, what: string): string[] {
  return count === 0 ? [] : [`… and ${counted(count, what)} more`];
}
