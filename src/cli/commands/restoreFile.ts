import { resolve } from 'node:path';

import { counted, formatBytes } from '../../base/units.ts';
import { conflictPolicies, planFileRestore } from '../../core/jobs/guestFiles/fileRestorePlan.ts';
import { findGuestPath, type GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import { lookUpLocalTarget, restoreFiles } from '../../core/jobs/guestFiles/node/restoreFiles.ts';
import { recordRestore } from '../../core/jobs/recordRestore.ts';
import type { Command } from '../command.ts';
import { openNamedPoint } from '../openPoint.ts';
import { exitCodes } from '../exitCodes.ts';
import { volumeChoice, volumeOptions } from './browse.ts';
import { planOption, repositoryOption } from './options.ts';

export const restoreFileCommand: Command = {
  name: 'restore file',
  summary: 'Restore guest files or folders to a local folder',
  operands: ['POINT', 'PATH', '[PATH…]'],
  options: {
    to: { value: 'FOLDER', help: 'where to; created if missing' },
    'on-conflict': { value: 'WHAT', help: 'where something exists: fail (usual), skip, rename or overwrite' },
    overwrite: { help: 'the same as --on-conflict overwrite' },
    ...volumeOptions,
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    const targetFolder = resolve(args.required('to'));
    await using opened = await openNamedPoint(context, args);
    const { repository, point, signal } = opened;
    const choice = await volumeChoice(context, args, opened);
    const locations: GuestLocation[] = [];
    for (const path of args.operandsFrom(1)) {
      locations.push(await findGuestPath(repository, point, path, choice, signal));
    }
    const onConflict =
      args.choice('on-conflict', conflictPolicies) ?? (args.flag('overwrite') ? 'overwrite' : 'fail');
    const options = { targetFolder, onConflict };
    const plan = await planFileRestore(locations, options, lookUpLocalTarget, signal);
    if (plan.skippedCount > 0)
      context.output.note(`Left out, something exists there: ${counted(plan.skippedCount, 'item')}`);
    for (const problem of plan.problems) context.output.note(`Left out: ${problem}`);
    if (!args.flag('plan')) {
      const subject = `${counted(plan.items.length, 'guest file')} of ${point.manifest.vm.name} to ${targetFolder}`;
      await recordRestore(repository, point.id, subject, signal);
    }
    const damaged = args.flag('plan')
      ? []
      : await context.withProgress(async onProgress => await restoreFiles(plan, onProgress, signal));
    for (const problem of damaged) context.output.note(`Not restored: ${problem.message}`);
    const problems = [...plan.problems, ...damaged.map(({ message }) => message)];
    const items = plan.items.map(({ kind, guestPath, targetPath, existing }) => ({
      kind,
      guestPath,
      targetPath,
      replaces: existing === 'file' || existing === 'symlink',
    }));
    const { totalBytes, skippedCount } = plan;
    context.output.result({ targetFolder, totalBytes, items, skippedCount, problems }, () =>
      args.flag('plan')
        ? items.map(item => `${item.replaces ? 'replace' : 'create '} ${item.targetPath}`).join('\n')
        : `Restored ${counted(items.length - damaged.length, 'item')}, ${formatBytes(plan.totalBytes)}, to ${targetFolder}`,
    );
    return damaged.length === 0 ? undefined : exitCodes.CORRUPT_DATA;
  },
};
