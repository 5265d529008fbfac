import { resolve } from 'node:path';

import { AppError } from '../../base/errors.ts';
import type { ProgressListener } from '../../base/progress.ts';
import { counted, formatBytes } from '../../base/units.ts';
import {
  type AskConflict,
  conflictPolicies,
  type ConflictPolicy,
  type FileRestoreItem,
  planFileRestore,
} from '../../core/jobs/guestFiles/fileRestorePlan.ts';
import { findGuestPath, type GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import { lookUpLocalTarget, restoreFiles } from '../../core/jobs/guestFiles/node/restoreFiles.ts';
import { restoreZip } from '../../core/jobs/guestFiles/node/restoreZip.ts';
import { planZipRestore } from '../../core/jobs/guestFiles/zip/zipRestorePlan.ts';
import { recordRestore } from '../../core/jobs/recordRestore.ts';
import { askConflicts } from '../askConflicts.ts';
import type { Command, CommandArguments } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { openNamedPoint } from '../openPoint.ts';
import { exitCodes } from '../exitCodes.ts';
import { volumeChoice, volumeOptions } from './browse.ts';
import { planOption, repositoryOption } from './options.ts';

export const restoreFileCommand: Command = {
  name: 'restore file',
  summary: 'Restore guest files or folders to a local folder, or into a zip',
  operands: ['POINT', 'PATH', '[PATH…]'],
  options: {
    to: { value: 'FOLDER', help: 'where to; created if missing' },
    zip: { value: 'FILE', help: 'instead of --to: one zip with everything in it' },
    'on-conflict': {
      value: 'WHAT',
      help: 'where something exists: fail (usual), skip, rename, overwrite or ask',
    },
    overwrite: { help: 'the same as --on-conflict overwrite' },
    ...volumeOptions,
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    const target = targetOf(args);
    await using opened = await openNamedPoint(context, args);
    const { repository, point, signal } = opened;
    const choice = await volumeChoice(context, args, opened);
    const locations: GuestLocation[] = [];
    for (const path of args.operandsFrom(1)) {
      locations.push(await findGuestPath(repository, point, path, choice, signal));
    }
    const plan = await makePlan(locations, target, conflictPolicy(context, args), signal);
    if (plan.skippedCount > 0)
      context.output.note(`Left out, something exists there: ${counted(plan.skippedCount, 'item')}`);
    for (const problem of plan.problems) context.output.note(`Left out: ${problem}`);
    if (!args.flag('plan')) {
      const subject = `${counted(plan.items.length, 'guest file')} of ${point.manifest.vm.name} to ${plan.path}`;
      await recordRestore(repository, point.id, subject, signal);
    }
    const damaged = args.flag('plan')
      ? []
      : await context.withProgress(async onProgress => await plan.execute(onProgress));
    for (const problem of damaged) context.output.note(`Not restored: ${problem.message}`);
    const problems = [...plan.problems, ...damaged.map(({ message }) => message)];
    const items = plan.items.map(({ kind, guestPath, targetPath, existing }) => ({
      kind,
      guestPath,
      targetPath,
      replaces: existing === 'file' || existing === 'symlink',
    }));
    const { place, path, totalBytes, skippedCount } = plan;
    context.output.result({ ...place, totalBytes, items, skippedCount, problems }, () =>
      args.flag('plan')
        ? [
            ...plan.remarks,
            ...items.map(item => `${item.replaces ? 'replace' : 'create '} ${item.targetPath}`),
          ].join('\n')
        : `Restored ${counted(items.length - damaged.length, 'item')}, ${formatBytes(plan.totalBytes)}, to ${path}`,
    );
    return damaged.length === 0 ? undefined : exitCodes.CORRUPT_DATA;
  },
};

/** Where nobody can be asked, nothing is restored over anything. */
function conflictPolicy(context: CommandContext, args: CommandArguments): ConflictPolicy | AskConflict {
  const wanted = args.choice('on-conflict', [...conflictPolicies, 'ask']);
  if (wanted === undefined) return args.flag('overwrite') ? 'overwrite' : 'fail';
  if (wanted !== 'ask') return wanted;
  if (!context.hasTerminal) return 'fail';
  const tell = (text: string) => {
    context.output.note(text);
  };
  return askConflicts(tell, async question => await context.ask(question));
}

type Target = { readonly folder: string } | { readonly zip: string };

function targetOf(args: CommandArguments): Target {
  const zip = args.option('zip');
  if (zip === undefined) return { folder: resolve(args.required('to')) };
  if (args.option('to') === undefined) return { zip: resolve(zip) };
  throw new AppError('INVALID_INPUT', 'files go to a folder or into a zip, not both', {
    object: '--zip',
    remedy: 'Leave out --to or --zip',
  });
}

/** What both kinds of plan come to for whoever reads them. */
interface Planned {
  readonly path: string;
  /** As the result names it. */
  readonly place: { readonly targetFolder: string } | { readonly zip: string };
  /** What to read before the items. */
  readonly remarks: readonly string[];
  readonly items: readonly FileRestoreItem[];
  readonly totalBytes: number;
  readonly skippedCount: number;
  readonly problems: readonly string[];
  readonly execute: (onProgress: ProgressListener) => Promise<readonly AppError[]>;
}

async function makePlan(
  locations: readonly GuestLocation[],
  target: Target,
  onConflict: ConflictPolicy | AskConflict,
  signal: AbortSignal,
): Promise<Planned> {
  if ('zip' in target) {
    const options = { zipPath: target.zip, onConflict };
    const plan = await planZipRestore(locations, options, lookUpLocalTarget, signal);
    const { zipPath, existing } = plan;
    return {
      ...plan,
      path: zipPath,
      place: { zip: zipPath },
      remarks: [`${existing === 'absent' ? 'create ' : 'replace'} ${zipPath}, and in it`],
      skippedCount: 0,
      execute: async onProgress => await restoreZip(plan, onProgress, signal),
    };
  }
  const options = { targetFolder: target.folder, onConflict };
  const plan = await planFileRestore(locations, options, lookUpLocalTarget, signal);
  const { targetFolder } = plan;
  return {
    ...plan,
    path: targetFolder,
    place: { targetFolder },
    remarks: [],
    execute: async onProgress => await restoreFiles(plan, onProgress, signal),
  };
}
