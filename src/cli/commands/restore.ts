import { resolve } from 'node:path';

import { AppError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { planFileRestore } from '../../core/jobs/guestFiles/fileRestorePlan.ts';
import { findGuestPath, type GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import { lookUpLocalTarget, restoreFiles } from '../../core/jobs/guestFiles/node/restoreFiles.ts';
import { type DiskFormat, planDiskRestore, restoreDisk } from '../../core/jobs/restoreDisk.ts';
import { restoreVm } from '../../core/jobs/restoreVm/restoreVm.ts';
import { planVmRestore, type VmRestorePlan } from '../../core/jobs/restoreVm/vmRestorePlan.ts';
import { openChosenRepository, openChosenVCenter } from '../chosen.ts';
import type { Command } from '../command.ts';
import { openNamedPoint, volumeChoice, volumeOptions } from './browse.ts';
import { table } from '../output.ts';
import { planOption, repositoryOption, vcenterOption } from './options.ts';

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

export const restoreVmCommand: Command = {
  name: 'restore vm',
  summary: 'Restore a VM as a new VM, powered off',
  operands: ['POINT'],
  options: {
    name: { value: 'NAME', help: 'name of the new VM' },
    folder: { value: 'NAME', help: 'folder; by default the one the VM was in' },
    pool: { value: 'NAME', help: 'resource pool; by default the one the VM was in' },
    datastore: { value: 'NAME', help: 'datastore; by default the one the VM was on' },
    network: { value: 'FROM=TO', help: 'network to use in place of one the VM was in' },
    'connect-networks': { help: 'connect network cards at power-on, which is risky beside the original' },
    ...vcenterOption,
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    const { signal } = context;
    await using journal = await context.openJournal();
    await using repository = await openChosenRepository(context, args);
    const point = await openNamedPoint(repository, args.operand(0), signal);
    await using connection = await openChosenVCenter(context, args);
    const { session, endpoint } = connection;
    const plan = await planVmRestore(
      session,
      point,
      {
        name: args.required('name'),
        folder: args.option('folder'),
        resourcePool: args.option('pool'),
        datastore: args.option('datastore'),
        networks: networkMapping(args.option('network')),
        connectNetworks: args.flag('connect-networks'),
      },
      signal,
    );
    for (const warning of plan.warnings) context.output.note(`The server warns: ${warning}`);
    if (args.flag('plan')) {
      context.output.result(vmPlanValue(plan), () => describeVmPlan(plan));
      return undefined;
    }
    const vm = await context.withProgress(
      async onProgress =>
        await restoreVm(
          session,
          repository,
          point,
          plan,
          { ...context, journal, endpoint },
          onProgress,
          signal,
        ),
    );
    context.output.result(
      { vm: vm.value, ...vmPlanValue(plan) },
      () => `Restored ${plan.originalName} as ${plan.name} (${vm.value}), powered off`,
    );
    return undefined;
  },
};

function networkMapping(text: string | undefined): ReadonlyMap<string, string> {
  if (text === undefined) return new Map();
  const [from, to] = text.split(/=(.*)/s);
  if (from === undefined || to === undefined || from === '' || to === '') {
    throw new AppError('INVALID_INPUT', `--network ${text} is not of the form FROM=TO`, {
      object: '--network',
    });
  }
  return new Map([[from, to]]);
}

function vmPlanValue(plan: VmRestorePlan) {
  const { placement, disks, changes, warnings } = plan;
  return {
    name: plan.name,
    originalName: plan.originalName,
    point: plan.pointId,
    folder: placement.folder.name,
    resourcePool: placement.resourcePool.name,
    datastore: placement.datastore.name,
    disks: disks.map(({ key, label, capacityBytes }) => ({ key, label, capacityBytes })),
    changes,
    warnings,
  };
}

function describeVmPlan(plan: VmRestorePlan): string {
  const { placement } = plan;
  return [
    `Would restore ${plan.originalName} (${plan.pointId}) as ${plan.name}, powered off,`,
    `  in folder ${placement.folder.name}, resource pool ${placement.resourcePool.name}, datastore ${placement.datastore.name}`,
    ...plan.disks.map(disk => `  with ${disk.label}, ${formatBytes(disk.capacityBytes)}`),
    'Different from the original:',
    table(
      ['WHAT', 'HOW'],
      plan.changes.map(({ field, reason }) => [field, reason]),
    ),
  ].join('\n');
}
