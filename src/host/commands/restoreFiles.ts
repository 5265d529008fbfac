import { isAbsolute, join } from 'node:path';
import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import type { GuestNodeDto, GuestPath, VolumeRef } from '../../protocol/guest.ts';
import { startFileRestore } from '../../protocol/job.ts';
import { type FileRestoreParams, planFileRestore } from '../../protocol/plan.ts';
import type { PointRef } from '../../protocol/point.ts';
import { listWholeFolder } from '../guestFolder.ts';
import type { Host } from '../host.ts';
import { guestFolder, joinGuestPath } from '../model/guestPath.ts';
import { fileRestoreText } from '../model/planText.ts';
import {
  type BackupSetNode,
  guestNodes,
  type GuestSelection,
  type PointTreeNode,
} from '../model/pointTreeModel.ts';
import type { Choice } from '../ui/ui.ts';
import { type Ask, runSteps, type Step } from '../ui/wizard.ts';
import { chooseBackupSet, choosePoint, chooseVolume } from './choose.ts';
import { startJob } from './jobs.ts';

interface FileRestore {
  readonly set: BackupSetNode;
  readonly point: PointRef;
  readonly volume: VolumeRef;
  /** At least one; a folder is taken with everything in it. */
  readonly paths: readonly string[];
  readonly targetFolder: string;
}

/** Begins where the row or selection it was called on stands; the plan is shown before anything is written. */
export async function restoreGuestFile(
  host: Host,
  given: PointTreeNode | GuestSelection | undefined,
): Promise<void> {
  const title = l10n.t('Restore Guest File');
  const start = given === undefined ? {} : answeredBy(given);
  const steps: readonly Step<FileRestore>[] = [
    async (_, ask) =>
      start.set === undefined && start.point === undefined
        ? { set: await chooseBackupSet(host, ask, title) }
        : {},
    async ({ set }, ask) =>
      start.point === undefined && set !== undefined ? { point: await choosePoint(ask, title, set) } : {},
    async ({ point }, ask) =>
      start.volume === undefined && point !== undefined
        ? { volume: await chooseVolume(host, ask, title, point) }
        : {},
    async ({ volume }, ask) =>
      start.paths === undefined && volume !== undefined
        ? { paths: [await browse(host, ask, title, volume)] }
        : {},
    async (draft, ask) => ({
      targetFolder: await ask.input({
        title,
        prompt: targetPrompt(draft.paths ?? []),
        value: draft.targetFolder ?? host.usualTargetFolder(),
        browse: 'folder',
        check: async value =>
          await Promise.resolve(isAbsolute(value) ? undefined : l10n.t('Enter an absolute path')),
      }),
    }),
  ];
  const { volume, paths, targetFolder } = await runSteps(host.ui, steps, start);
  await confirmAndStart(host, { ...volume, paths, targetFolder, overwrite: true });
}

function targetPrompt(paths: readonly string[]): string {
  const [only = '', ...others] = paths;
  return others.length === 0
    ? l10n.t('Folder to restore {0} into; it is created if it does not exist', only)
    : l10n.t('Folder to restore {0} items into; it is created if it does not exist', paths.length);
}

/** Replacing is allowed only after somebody has read what is replaced. */
async function confirmAndStart(host: Host, params: FileRestoreParams): Promise<void> {
  const plan = await host.ui.wait(l10n.t('Planning the restore'), async signal => {
    await host.places.repository(params.repository, signal);
    return await host.worker.request(planFileRestore, params, signal);
  });
  if (!(await host.ui.confirm(fileRestoreText(plan, l10n.t)))) throw new CancelledError();
  await startJob(host, l10n.t('Starting the restore'), async signal => {
    const overwrite = plan.replacedCount > 0;
    return await host.worker.request(startFileRestore, { ...params, overwrite }, signal);
  });
}

function answeredBy(node: PointTreeNode | GuestSelection): Partial<FileRestore> {
  if ('paths' in node) return selected(node);
  switch (node.kind) {
    case 'set':
      return { set: node };
    case 'point':
    case 'disk':
      return { point: node.ref };
    case 'volume':
      return { point: node.ref, volume: node.ref };
    case 'guest':
      return selected({ paths: [node.at] });
    case 'repository':
    case 'remark':
      return {};
  }
}

/** Nothing selected is nothing answered. */
function selected({ paths }: GuestSelection): Partial<FileRestore> {
  const [first] = paths;
  if (first === undefined) return {};
  const { repository, point, deviceKey, volumeIndex } = first;
  return {
    point: { repository, point },
    volume: { repository, point, deviceKey, volumeIndex },
    paths: paths.map(({ path }) => path),
  };
}

type Move = { readonly enter: string } | { readonly take: string };

/** Walks through folders, one list at a time, until a file or a whole folder is taken. */
async function browse(host: Host, ask: Ask, title: string, volume: VolumeRef): Promise<string> {
  let folder: GuestPath = { ...volume, path: '/' };
  for (;;) {
    const here = folder;
    const move = await ask.pick<Move>({
      title,
      placeholder: here.path,
      whenEmpty: l10n.t('The folder is empty'),
      choices: async signal => {
        await host.places.repository(here.repository, signal);
        const { entries } = await listWholeFolder(host.worker, here, signal);
        return folderChoices(here, entries);
      },
    });
    if ('take' in move) return move.take;
    folder = { ...here, path: move.enter };
  }
}

function folderChoices(folder: GuestPath, entries: readonly GuestNodeDto[]): readonly Choice<Move>[] {
  const up: readonly Choice<Move>[] =
    folder.path === '/'
      ? []
      : [{ label: '..', icon: 'arrow-up', value: { enter: guestFolder(folder.path) } }];
  return [
    ...up,
    {
      label: l10n.t('Restore this folder'),
      description: folder.path,
      icon: 'check',
      value: { take: folder.path },
    },
    ...guestNodes(folder, '', entries).map(({ node }): Choice<Move> => {
      const path = joinGuestPath(folder.path, node.name);
      return node.kind === 'directory'
        ? { label: node.name, icon: 'folder', value: { enter: path } }
        : {
            label: node.name,
            description: node.linkTarget === undefined ? formatBytes(node.sizeBytes) : `→ ${node.linkTarget}`,
            icon: 'file',
            value: { take: path },
          };
    }),
  ];
}

/** The usual place for restored files if no folder is open. */
export function restoredFolder(homeFolder: string): string {
  return join(homeFolder, 'quiesce-restored');
}
