import { counted, formatBytes, formatMode } from '../../base/units.ts';
import { GuestSession } from '../../core/guestops/guestSession.ts';
import { findVirtualMachine } from '../../core/inventory/findVirtualMachine.ts';
import { findGuestPath, type GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import {
  executeGuestRestore,
  type GuestRestoreResult,
} from '../../core/jobs/restoreToGuest/executeGuestRestore.ts';
import type {
  GuestRestoreItem,
  GuestRestorePlan,
  PlannedFile,
} from '../../core/jobs/restoreToGuest/guestRestorePlan.ts';
import { planGuestRestore } from '../../core/jobs/restoreToGuest/planGuestRestore.ts';
import { openChosenVCenter } from '../chosen.ts';
import { recordRestore } from '../../core/jobs/recordRestore.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exitCodes.ts';
import { openNamedPoint } from '../openPoint.ts';
import { table } from '../output.ts';
import { volumeChoice, volumeOptions } from './browse.ts';
import {
  guestAccountOptions,
  guestCredentials,
  planOption,
  repositoryOption,
  vcenterOption,
} from './options.ts';

export const restoreGuestCommand: Command = {
  name: 'restore guest',
  summary: 'Restore guest files or folders into the running guest',
  operands: ['POINT', 'PATH', '[PATH…]'],
  options: {
    ...guestAccountOptions,
    vm: { value: 'VM', help: 'the VM to restore to; by default the one of the restore point' },
    mount: { value: 'PATH', help: 'where the guest has the file system, if VMware Tools do not tell' },
    ...volumeOptions,
    ...vcenterOption,
    ...repositoryOption,
    ...planOption,
  },
  run: async (context, args) => {
    const credentials = guestCredentials(args);
    await using opened = await openNamedPoint(context, args);
    const { repository, point, journal, signal } = opened;
    await using connection = await openChosenVCenter(context, args);
    const { session, endpoint } = connection;
    const wanted = args.option('vm') ?? point.manifest.vm.instanceUuid;
    const { ref, name } = await findVirtualMachine(session, wanted, signal);
    const guest = await GuestSession.open(session, { ref, name }, credentials, signal);
    const choice = await volumeChoice(context, args, opened);
    const locations: GuestLocation[] = [];
    for (const path of args.operandsFrom(1))
      locations.push(await findGuestPath(repository, point, path, choice, signal));
    const deps = { ...context, journal, endpoint };
    const plan = await planGuestRestore(locations, { mountPath: args.option('mount') }, guest, deps, signal);
    for (const { message } of plan.problems) context.output.note(`Left out: ${message}`);
    for (const warning of plan.warnings) context.output.note(`Note: ${warning}`);
    if (args.flag('plan')) {
      context.output.result(planValue(plan), () => describePlan(plan));
      return undefined;
    }
    const subject = `guest files of ${point.manifest.vm.name} into the guest of ${plan.vmName}`;
    await recordRestore(repository, point.id, subject, signal);
    const result = await context.withProgress(
      async onProgress => await executeGuestRestore(plan, guest, deps, onProgress, signal),
    );
    for (const problem of result.problems) context.output.note(`Not as in the restore point: ${problem}`);
    context.output.result({ ...planValue(plan), ...result }, () => describeResult(plan, result));
    return result.problems.length === 0 ? undefined : exitCodes.CORRUPT_DATA;
  },
};

function planValue({ vmName, user, items, totalBytes, problems, warnings }: GuestRestorePlan) {
  return {
    vm: vmName,
    user,
    totalBytes,
    items: items.map(itemValue),
    problems: problems.map(({ message }) => message),
    warnings,
  };
}

function itemValue(item: GuestRestoreItem) {
  const { kind, guestPath, attributes } = item;
  if (kind === 'folder') return { kind, guestPath, action: 'create', ...attributes };
  const { action, stat, live, comparedBy } = item;
  return { kind, guestPath, action, sizeBytes: stat.sizeBytes, ...attributes, live, comparedBy };
}

function describePlan(plan: GuestRestorePlan): string {
  if (plan.items.length === 0) return `Nothing would be restored to ${plan.vmName}.`;
  return [
    `Would restore to ${plan.vmName} as ${plan.user}, ${formatBytes(plan.totalBytes)} to send:`,
    table(
      ['WHAT', 'SIZE', 'OWNER', 'MODE', 'IN THE GUEST NOW', 'PATH'],
      plan.items.map(planRow),
      new Set([1]),
    ),
  ].join('\n');
}

function planRow(item: GuestRestoreItem): string[] {
  const { attributes, guestPath } = item;
  const { uid, gid, mode = 0 } = attributes;
  const owner = uid === undefined ? '' : `${uid}:${gid ?? ''}`;
  const octal = formatMode(mode);
  if (item.kind === 'folder') return ['folder', '', owner, octal, '', guestPath];
  return [item.action, formatBytes(item.stat.sizeBytes), owner, octal, describeLive(item), guestPath];
}

function describeLive({ live }: PlannedFile): string {
  if (live === undefined) return '';
  return `${formatBytes(live.sizeBytes)}, ${live.modifiedAt?.toISOString() ?? 'time unknown'}`;
}

function describeResult(plan: GuestRestorePlan, result: GuestRestoreResult): string {
  const { restoredCount, skippedCount, keptAside, sentBytes } = result;
  const skipped = skippedCount === 0 ? '' : `, ${counted(skippedCount, 'file')} there already`;
  return [
    `Restored ${counted(restoredCount, 'file')}, ${formatBytes(sentBytes)}, to ${plan.vmName}${skipped}`,
    ...keptAside.map(({ guestPath, asidePath }) => `What was ${guestPath} is now ${asidePath}`),
  ].join('\n');
}
