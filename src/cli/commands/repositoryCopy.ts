import { AppError } from '../../base/errors.ts';
import { counted, formatBytes } from '../../base/units.ts';
import { listBackupSets, type RestorePointSummary } from '../../core/catalog/backupSet.ts';
import { shortId } from '../../core/catalog/restorePoint.ts';
import { copyPoints } from '../../core/jobs/copyPoints.ts';
import { openChosenRepository } from '../chosen.ts';
import type { Command } from '../command.ts';
import { chooseEntry } from '../config/config.ts';
import { readConfig } from '../config/configFile.ts';
import { exitCodes } from '../exitCodes.ts';
import { planOption, repositoryOption, transferLimits } from './options.ts';

export const repositoryCopy: Command = {
  name: 'repo copy',
  summary: 'Copy restore points into another repository; what it has already is left out',
  operands: ['[POINT…]'],
  options: {
    to: { value: 'NAME', help: 'the other repository' },
    vm: { value: 'VM', help: 'only restore points of this VM: its name or UUID' },
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    const { signal, output } = context;
    const { repositories } = await readConfig(context.places.configFile);
    const to = chooseEntry(repositories, args.required('to'), 'repository');
    await using journal = await context.openJournal();
    await using source = await openChosenRepository(context, args);
    const { sets, problems } = await listBackupSets(source, signal);
    for (const problem of problems) output.note(`Cannot be read, and is not copied: ${problem.message}`);
    const points = chosen(
      sets.flatMap(set => set.points),
      args.operandsFrom(0),
      args.option('vm'),
    );
    if (args.flag('plan')) {
      output.result({ points }, () =>
        points
          .map(({ id, vmName, takenAt }) => `${shortId(id)} of ${vmName}, ${takenAt.toISOString()}`)
          .join('\n'),
      );
      return undefined;
    }
    await using target = await context.openRepository(to.name, to.entry, { limits: transferLimits(args) });
    if (target.id === source.id) {
      throw new AppError('INVALID_INPUT', `${to.name} is the same repository`, {
        object: to.name,
        remedy: 'Say with --repo from where, and with --to where to',
      });
    }
    const result = await context.withProgress(
      async onProgress => await copyPoints(source, target, points, journal, onProgress, signal),
    );
    output.result(
      result,
      () =>
        `${counted(result.copied.length, 'restore point')} copied, ${result.skipped.length} there already, ${formatBytes(result.storedBytes)} stored in ${to.name}`,
    );
    return problems.length === 0 ? undefined : exitCodes.CORRUPT_DATA;
  },
};

function chosen(
  points: readonly RestorePointSummary[],
  prefixes: readonly string[],
  vm: string | undefined,
): readonly RestorePointSummary[] {
  for (const prefix of prefixes) {
    if (points.some(({ id }) => id.startsWith(prefix))) continue;
    throw new AppError('NOT_FOUND', `there is no restore point ${prefix}`, {
      object: prefix,
      remedy: 'List what there is with "quiesce points"',
    });
  }
  return points.filter(
    ({ id, vmName, vmInstanceUuid }) =>
      (prefixes.length === 0 || prefixes.some(prefix => id.startsWith(prefix))) &&
      (vm === undefined || vm === vmName || vm === vmInstanceUuid),
  );
}
