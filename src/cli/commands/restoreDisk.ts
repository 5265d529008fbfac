import { resolve } from 'node:path';

import { AppError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { measureTransfer } from '../../core/goals/measureTransfer.ts';
import { type DiskFormat, planDiskRestore, restoreDisk } from '../../core/jobs/restoreDisk.ts';
import type { Command } from '../command.ts';
import { openNamedPoint } from '../openPoint.ts';
import { planOption, repositoryOption } from './options.ts';

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
    await using opened = await openNamedPoint(context, args);
    const { repository, point, signal } = opened;
    const [only, another] = point.manifest.disks;
    const deviceKey = args.count('disk') ?? (another === undefined ? only?.key : undefined);
    if (deviceKey === undefined) {
      const keys = point.manifest.disks.map(disk => `${disk.key} (${disk.label})`).join(', ');
      throw new AppError('INVALID_INPUT', `the VM has several disks: ${keys}`, {
        remedy: 'Say which one with --disk',
      });
    }
    const plan = await planDiskRestore(repository, point, deviceKey, format, targetPath, signal);
    if (!args.flag('plan')) {
      await context.withProgress(
        async onProgress =>
          await measureTransfer(context, 'disk', plan.capacityBytes, async () => {
            await restoreDisk(repository, point, plan, onProgress, signal);
          }),
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
