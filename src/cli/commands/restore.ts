import { resolve } from 'node:path';

import { AppError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { planFileRestore } from '../../core/jobs/guestFiles/fileRestorePlan.ts';
import { findGuestPath, type GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import { lookUpLocalTarget, restoreFiles } from '../../core/jobs/guestFiles/node/restoreFiles.ts';
import { type DiskFormat, planDiskRestore, restoreDisk } from '../../core/jobs/restoreDisk.ts';
import { openChosenRepository } from '../chosen.ts';
import type { Command } from '../command.ts';
import { openNamedPoint, volumeChoice, volumeOptions } from './browse.ts';
import { planOption, repositoryOption } from './options.ts';

export const restoreFile: Command = {
  name: 'restore file',
  summary: 'Restore guest files or folders to a local folder',
  operands: ['POINT', 'PATH', '[PATH…]'],
  options: {
    to: { value: 'FOLDER', help: 'where to; created if missing' },
    overwrite: { help: 'replace files that exist' },
    ...volumeOptions,
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    const targetFolder = resolve(args.required('to'));
    await using repository = await openChosenRepository(context, args);
    const point = await openNamedPoint(repository, args.operand(0), context.signal);
    const locations: GuestLocation[] = [];
    for (const path of args.operandsFrom(1)) {
      locations.push(await findGuestPath(repository, point, path, volumeChoice(args), context.signal));
    }
    const options = { targetFolder, overwrite: args.flag('overwrite') };
    const plan = await planFileRestore(locations, options, lookUpLocalTarget, context.signal);
    for (const problem of plan.problems) context.output.note(`Left out: ${problem}`);
    if (!args.flag('plan')) {
      await context.withProgress(async onProgress => await restoreFiles(plan, onProgress, context.signal));
    }
    const items = plan.items.map(({ kind, guestPath, targetPath, existing }) => ({
      kind,
      guestPath,
      targetPath,
      replaces: existing === 'file' || existing === 'symlink',
    }));
    context.output.result(
      { targetFolder, totalBytes: plan.totalBytes, items, problems: plan.problems },
      () =>
        args.flag('plan')
          ? items.map(item => `${item.replaces ? 'replace' : 'create '} ${item.targetPath}`).join('\n')
          : `Restored ${items.length} items, ${formatBytes(plan.totalBytes)}, to ${targetFolder}`,
    );
    return undefined;
  },
};

export const restoreDiskCommand: Command = {
  name: 'restore disk',
  summary: 'Restore a disk to a local file',
  operands: ['POINT'],
  options: {
    disk: { value: 'KEY', help: 'device key of the disk; not needed if there is only one' },
    to: { value: 'FILE', help: 'the file; must not exist' },
    format: { value: 'FORMAT', help: 'raw (sparse, default) or vmdk (streamOptimized)' },
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    const targetPath = resolve(args.required('to'));
    const format = diskFormat(args.option('format') ?? 'raw');
    await using repository = await openChosenRepository(context, args);
    const point = await openNamedPoint(repository, args.operand(0), context.signal);
    const [only, another] = point.manifest.disks;
    const deviceKey = args.count('disk') ?? (another === undefined ? only?.key : undefined);
    if (deviceKey === undefined) {
      const keys = point.manifest.disks.map(disk => `${disk.key} (${disk.label})`).join(', ');
      throw new AppError('INVALID_INPUT', `the VM has several disks: ${keys}`, {
        remedy: 'Say which one with --disk',
      });
    }
    const plan = await planDiskRestore(repository, point, deviceKey, format, targetPath, context.signal);
    if (!args.flag('plan')) {
      await context.withProgress(
        async onProgress => await restoreDisk(repository, point, plan, onProgress, context.signal),
      );
    }
    context.output.result(plan, () =>
      [
        args.flag('plan') ? 'Would restore' : 'Restored',
        `${plan.label} of ${plan.vmName} (${formatBytes(plan.capacityBytes)})`,
        `as ${plan.format} to ${plan.targetPath}`,
      ].join(' '),
    );
    return undefined;
  },
};

function diskFormat(text: string): DiskFormat {
  if (text === 'raw' || text === 'vmdk') return text;
  throw new AppError('INVALID_INPUT', `there is no disk format ${text}`, { remedy: 'Choose raw or vmdk' });
}
