import { AppError } from '../../base/errors.ts';
import { counted, formatBytes, formatDuration, MiB } from '../../base/units.ts';
import { planPrune, prune, type PruneResult } from '../../core/jobs/retention/prune.ts';
import type { PackTotal, PruneOptions, PrunePlan } from '../../core/repository/prune.ts';
import { openChosenRepository } from '../chosen.ts';
import type { Command, CommandArguments } from '../command.ts';
import { planOption, repositoryOption } from './options.ts';

const usualMaxUnusedPercent = 5;
const minuteMs = 60_000;

export const repositoryPrune: Command = {
  name: 'repo prune',
  summary: 'Give back the space of what no restore point needs',
  operands: [],
  options: {
    'max-unused': {
      value: 'PERCENT',
      help: `of what is used that may lie unused in packs; by default ${usualMaxUnusedPercent}`,
    },
    'max-repack': { value: 'MIB', help: 'copy at most so much in this run' },
    wait: { value: 'MINUTES', help: 'wait so long for backups that are running; by default 0' },
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const { signal, clock, output } = context;
    const options = readOptions(args);
    if (args.flag('plan')) {
      const plan = await context.withProgress(
        async onProgress => await planPrune(repository, journal, options, onProgress, signal),
      );
      output.result(plan, () => describePlan(plan));
      return undefined;
    }
    const deps = { journal, clock, waitMs: (args.count('wait') ?? 0) * minuteMs };
    const result = await context.withProgress(
      async onProgress => await prune(repository, options, deps, onProgress, signal),
    );
    output.result(result, () => describeResult(result));
    return undefined;
  },
};

function readOptions(args: CommandArguments): PruneOptions {
  const percent = args.count('max-unused') ?? usualMaxUnusedPercent;
  const maxRepackMiB = args.count('max-repack');
  if (percent > 100) {
    throw new AppError('INVALID_INPUT', `--max-unused ${percent} is more than everything`, {
      object: '--max-unused',
    });
  }
  return {
    maxUnusedShare: percent / 100,
    ...(maxRepackMiB !== undefined && { maxRepackBytes: maxRepackMiB * MiB }),
  };
}

function describePlan(plan: PrunePlan): string {
  return [
    `${counted(plan.snapshotCount, 'snapshot')} need ${counted(plan.usedBlobCount, 'blob')}, ${formatBytes(plan.usedBytes)}`,
    `Unused packs, to be removed: ${describeTotal(plan.unusedPacks)}`,
    `Packs of interrupted backups, to be removed: ${describeTotal(plan.unnamedPacks)}`,
    `Partly used packs, to be copied: ${describeTotal(plan.repackedPacks)}, of which ${formatBytes(plan.copiedBytes)} are used`,
    `Stays unused: ${formatBytes(plan.remainingUnusedBytes)}`,
  ].join('\n');
}

function describeResult({ plan, removed, exclusiveMs }: PruneResult): string {
  const { removedPacks } = removed;
  const freedBytes = removedPacks.sizeBytes - plan.copiedBytes;
  return [
    `Removed ${describeTotal(removedPacks)}, copied ${formatBytes(plan.copiedBytes)}: ${formatBytes(Math.max(0, freedBytes))} freed`,
    `  ${formatBytes(plan.remainingUnusedBytes)} stay unused; the repository was kept from others for ${formatDuration(exclusiveMs)}`,
  ].join('\n');
}

function describeTotal({ count, sizeBytes }: PackTotal): string {
  return `${counted(count, 'pack')}, ${formatBytes(sizeBytes)}`;
}
