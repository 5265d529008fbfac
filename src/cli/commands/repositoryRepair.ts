import { counted, formatBytes } from '../../base/units.ts';
import { shortId } from '../../core/catalog/restorePoint.ts';
import type { AffectedPoint } from '../../core/jobs/repair/affectedPoints.ts';
import {
  planRepair,
  repairRepository,
  type RepositoryRepair,
} from '../../core/jobs/repair/repairRepository.ts';
import type { RepairPlan } from '../../core/repository/repair.ts';
import { openChosenRepository } from '../chosen.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exitCodes.ts';
import { planOption, repositoryOption } from './options.ts';

export const repositoryRepair = repairing(
  'repo repair',
  'Rescue what is good in damaged packs, make the index anew, and name the files that are lost',
  true,
);

export const repositoryRebuildIndex = repairing(
  'repo rebuild-index',
  'Make the index anew from packs, reading only those that it does not describe',
  false,
);

function repairing(name: string, summary: string, readData: boolean): Command {
  return {
    name,
    summary,
    operands: [],
    options: {
      'remove-unreadable': {
        help: 'remove snapshot files that cannot be read; no prune is possible with them',
      },
      ...repositoryOption,
      ...planOption,
    },
    run: async (context, args) => {
      const { signal, output } = context;
      const options = { readData, removeUnreadableSnapshots: args.flag('remove-unreadable') };
      await using journal = await context.openJournal();
      await using repository = await openChosenRepository(context, args, { toRepair: true });
      if (args.flag('plan')) {
        const plan = await context.withProgress(
          async onProgress => await planRepair(repository, journal, options, onProgress, signal),
        );
        output.result(plan, () => describePlan(plan));
        return undefined;
      }
      const result = await context.withProgress(
        async onProgress => await repairRepository(repository, journal, options, onProgress, signal),
      );
      output.result(result, () => describeResult(result));
      const isWhole = result.affected.length === 0 && result.unreadableSnapshots.length === 0;
      return isWhole ? 0 : exitCodes.CORRUPT_DATA;
    },
  };
}

function describePlan(plan: RepairPlan): string {
  const lines = [
    ...listed('index', plan.damagedIndexFiles, 'damaged'),
    ...listed('pack', plan.missingPacks, 'missing'),
    ...listed('pack', plan.damagedPacks, 'damaged'),
    ...listed('pack', plan.foundPacks, 'whole, and named by no index file'),
    ...listed('snapshot', plan.unreadableSnapshots, 'unreadable'),
  ];
  return lines.length === 0 ? 'Nothing to repair' : lines.join('\n');
}

function describeResult(result: RepositoryRepair): string {
  return [
    describePlan(result),
    `${counted(result.rescuedBlobCount, 'blob')} rescued, ${result.lostBlobCount} lost`,
    ...result.removedSnapshots.map(id => `Removed unreadable snapshot ${id}`),
    ...result.affected.flatMap(describeAffected),
    result.affected.length === 0
      ? 'Every restore point that can be read is whole'
      : 'A backup of the same VM stores again what it still has of this',
  ].join('\n');
}

function describeAffected({ point, lostBecause, disks }: AffectedPoint): string[] {
  const title = `Damaged: restore point ${shortId(point.id)} of ${point.vmName}, ${point.takenAt.toISOString()}`;
  if (lostBecause !== undefined) return [`${title}: nothing can be restored, ${lostBecause}`];
  return [
    title,
    ...disks.flatMap(({ label, lostRanges, files, problems }) => [
      ...lostRanges.map(
        ({ offsetBytes, lengthBytes }) =>
          `  ${label}: ${formatBytes(lengthBytes)} at byte ${offsetBytes} lost`,
      ),
      ...files.map(({ volumeIndex, path }) => `  ${label}, volume ${volumeIndex}: ${path}`),
      ...problems.map(problem => `  ${label}: ${problem}`),
    ]),
  ];
}

function listed(what: string, ids: readonly string[], state: string): string[] {
  return ids.map(id => `${what} ${id}: ${state}`);
}
