import { listBackupSets } from '../../core/catalog/backupSet.ts';
import { shortId } from '../../core/catalog/restorePoint.ts';
import type { Command } from '../command.ts';
import { table } from '../output.ts';
import { openChosenRepository } from '../chosen.ts';
import { repositoryOption } from './options.ts';

export const points: Command = {
  name: 'points',
  summary: 'List restore points, newest first, of all VMs or of one',
  operands: ['[VM]'],
  options: repositoryOption,
  run: async (context, args) => {
    await using repository = await openChosenRepository(context, args);
    const { sets, problems } = await listBackupSets(repository, context.signal);
    const wanted = args.optionalOperand(0);
    const shown = sets.filter(
      set => wanted === undefined || set.vmName === wanted || set.vmInstanceUuid === wanted,
    );
    for (const problem of problems) context.output.note(`Cannot be read: ${problem.message}`);
    const listed = shown.flatMap(set => set.points);
    context.output.result(listed, () =>
      table(
        ['ID', 'TAKEN', 'VM', 'READ', 'REQUESTED', 'CONSISTENCY PROVEN'],
        listed.map(point => [
          shortId(point.id),
          point.takenAt.toISOString(),
          point.vmName,
          point.read ?? 'unknown',
          point.requested ?? 'unknown',
          point.claimed === undefined
            ? (point.proven ?? 'unknown')
            : `${point.proven ?? 'unknown'} (${point.claimed} claimed, unproven)`,
        ]),
      ),
    );
    return undefined;
  },
};
