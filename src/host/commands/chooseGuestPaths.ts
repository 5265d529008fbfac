import { l10n } from 'vscode';

import { formatBytes } from '../../base/units.ts';
import type { GuestNodeDto, GuestPath, VolumeRef } from '../../protocol/guest.ts';
import { listWholeFolder } from '../guestFolder.ts';
import type { Host } from '../host.ts';
import { guestFolder, joinGuestPath } from '../model/guestPath.ts';
import { guestNodes, type GuestSelection, type PointTreeNode } from '../model/pointTreeModel.ts';
import type { Choice } from '../ui/ui.ts';
import type { Ask, Step } from '../ui/wizard.ts';
import { type ChosenPoint, chooseVolume, pointSteps } from './choose.ts';

/** What of a restore point is to be restored. */
export interface ChosenPaths extends ChosenPoint {
  readonly volume: VolumeRef;
  /** At least one; a folder is taken with everything in it. */
  readonly paths: readonly string[];
}

/** Asks for VM, restore point, volume and path, as far as `start` does not say them. */
export function guestPathSteps(
  host: Host,
  title: string,
  start: Partial<ChosenPaths>,
): readonly Step<ChosenPaths>[] {
  return [
    ...pointSteps(host, title, start),
    async ({ point }, ask) =>
      start.volume === undefined && point !== undefined
        ? { volume: await chooseVolume(host, ask, title, point) }
        : {},
    async ({ volume }, ask) =>
      start.paths === undefined && volume !== undefined
        ? { paths: [await browse(host, ask, title, volume)] }
        : {},
  ];
}

export function answeredBy(node: PointTreeNode | GuestSelection): Partial<ChosenPaths> {
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
function selected({ paths }: GuestSelection): Partial<ChosenPaths> {
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
      label: l10n.t('This folder'),
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
