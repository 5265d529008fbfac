import { AppError } from '../../base/errors.ts';
import { counted, formatBytes } from '../../base/units.ts';
import { shortId } from '../../core/catalog/restorePoint.ts';
import { checkRepository } from '../../core/jobs/checkRepository.ts';
import type { CheckResult, ReadSubset } from '../../core/repository/check.ts';
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
    'read-data-subset': {
      value: 'N/M|P%',
      help: 'the same for the n-th of m parts of the packs, or a random share of them',
    },
    ...repositoryOption,
  },
  run: async (context, args) => {
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const subset = readSubset(args.option('read-data-subset'));
    const readData = args.flag('read-data') || subset !== undefined;
    const options = { readData, ...(subset !== undefined && { subset }) };
    const result = await context.withProgress(
      async onProgress => await checkRepository(repository, journal, options, onProgress, context.signal),
    );
    context.output.result(result, () => describe(result, readData));
    return result.errorCount === 0 ? 0 : exitCodes.CORRUPT_DATA;
  },
};

/** @throws INVALID_INPUT unless it is like `2/5` or `10%` */
function readSubset(text: string | undefined): ReadSubset | undefined {
  if (text === undefined) return undefined;
  const [, part, parts, percent] = (/^(?:(\d{1,3})\/(\d{1,3})|(\d{1,3})%)$/.exec(text) ?? []).map(Number);
  if (part !== undefined && parts !== undefined && part >= 1 && part <= parts && parts <= 256)
    return { kind: 'part', part, parts };
  if (percent !== undefined && percent >= 1 && percent <= 100)
    return { kind: 'sample', share: percent / 100 };
  throw new AppError('INVALID_INPUT', `--read-data-subset ${text} is no part of the packs`, {
    object: '--read-data-subset',
    remedy: 'Write 2/5 for the second of five parts (256 at most), or 10% for a random tenth',
  });
}

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
