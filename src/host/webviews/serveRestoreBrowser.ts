import { commands, l10n } from 'vscode';

import { never } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../base/errors.ts';
import { type GuestNodeKind, type GuestPath, listGuestFolder } from '../../protocol/guest.ts';
import { listPoints, readPoint } from '../../protocol/point.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import {
  type BrowserTarget,
  enterRepositoryPassword,
  listBackupSets,
  listBrowserRepositories,
  listDisks,
  listFolder,
  openEntry,
  type RestoreRequest,
  runRestore,
  startBrowser,
} from '../../protocol/webview/restoreBrowser.ts';
import { followLinks } from '../guestFolder.ts';
import { commandIds } from '../ids.ts';
import type { KnownPlaces } from '../knownPlaces.ts';
import { sentence } from '../model/errorText.ts';
import { guestName } from '../model/guestPath.ts';
import type { GuestNode, GuestSelection, PointTreeNode, RepositoryNode } from '../model/pointTreeModel.ts';
import { backupSetView, diskView, folderPageView, leftOutNotices } from '../model/restoreBrowserModel.ts';
import { type OpenPlaces, unlocking } from '../openPlaces.ts';
import type { Worker } from '../workerLink.ts';
import { serveBrowserSearch } from './serveBrowserSearch.ts';

/** What the page's answers are made of. */
export interface RestoreBrowserSources {
  readonly worker: Worker;
  readonly known: KnownPlaces;
  readonly places: OpenPlaces;
  readonly clock: Clock;
}

/**
 * Answers everything the page of the restore browser may ask.
 * @param takeTarget  gives once what the page was opened for
 */
export function serveRestoreBrowser(
  handle: Handle,
  { worker, known, places, clock }: RestoreBrowserSources,
  takeTarget: () => BrowserTarget | undefined,
): void {
  const { t } = l10n;
  handle(startBrowser, async () => {
    const registered = await commands.getCommands(true);
    const target = takeTarget();
    return {
      texts: l10n.bundle ?? {},
      ...(target !== undefined && { target }),
      canRestoreToGuest: registered.includes(commandIds.restoreToGuest),
    };
  });
  handle(listBrowserRepositories, () => ({
    repositories: known.repositories().map(({ name, location }) => ({ name, location })),
  }));
  handle(listBackupSets, async ({ repository }, signal) => {
    await places.repository(repository, signal);
    const { sets, problems } = await worker.request(listPoints, { repository }, signal);
    return {
      sets: sets.map(set => backupSetView(set, clock.now(), t)),
      problems: problems.map(problem => sentence(problem)),
    };
  });
  handle(listDisks, async (point, signal) => {
    await places.repository(point.repository, signal);
    const [disks, { leftOutDisks }] = await Promise.all([
      places.disks(point, signal),
      worker.request(readPoint, point, signal),
    ]);
    return { disks: disks.map(disk => diskView(disk, t)), notices: leftOutNotices(leftOutDisks, t) };
  });
  handle(listFolder, async (folder, signal) => {
    await places.repository(folder.repository, signal);
    const ask = async () => await worker.request(listGuestFolder, { ...folder, foldersFirst: true }, signal);
    const page = await unlocking(places, folder, ask, signal);
    return folderPageView(page, folder.offset, t);
  });
  handle(openEntry, async (path, signal) => {
    await places.repository(path.repository, signal);
    const follow = async () => await followLinks(worker, path, signal);
    const { at, node } = await unlocking(places, path, follow, signal);
    if (node.kind === 'directory') return { folder: at.path };
    if (node.kind !== 'file') throw notAFile(at, node.kind);
    const row: GuestNode = { kind: 'guest', at, vmName: '', node };
    await commands.executeCommand(commandIds.openGuestFile, row);
    return {};
  });
  serveBrowserSearch(handle, { worker, places });
  handle(runRestore, async (wanted, signal) => {
    const { id, argument } = await restoreCommand(wanted, { worker, places }, signal);
    await commands.executeCommand(id, argument);
    return {};
  });
  handle(enterRepositoryPassword, async ({ repository: name }) => {
    const location = known.repositories().find(repository => repository.name === name)?.location ?? '';
    const row: RepositoryNode = { kind: 'repository', name, location };
    await commands.executeCommand(commandIds.enterPassword, row);
    return {};
  });
}

/** The command that asks for the rest, with the row or selection that it expects. */
async function restoreCommand(
  wanted: RestoreRequest,
  { worker, places }: Pick<RestoreBrowserSources, 'worker' | 'places'>,
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly argument: PointTreeNode | GuestSelection }> {
  switch (wanted.kind) {
    case 'files':
      return { id: commandIds.restoreGuestFile, argument: { paths: wanted.paths } };
    case 'guest':
      return { id: commandIds.restoreToGuest, argument: { paths: wanted.paths } };
    case 'compare':
      return { id: commandIds.compareFolder, argument: { paths: wanted.paths } };
    case 'details':
      return { id: commandIds.showFileDetails, argument: { paths: wanted.paths } };
    case 'disk': {
      const { point: ref, deviceKey } = wanted;
      await places.repository(ref.repository, signal);
      const disks = await places.disks(ref, signal);
      const disk = disks.find(candidate => candidate.deviceKey === deviceKey);
      if (disk === undefined) throw unknownDisk(deviceKey);
      return { id: commandIds.restoreDisk, argument: { kind: 'disk', ref, vmName: '', disk } };
    }
    case 'vm':
    case 'unlock': {
      const { point: ref } = wanted;
      await places.repository(ref.repository, signal);
      const { id, takenAt, vm, server } = await worker.request(readPoint, ref, signal);
      const point = { id, takenAt, vmName: vm.name, serverInstanceUuid: server.instanceUuid };
      const command = wanted.kind === 'vm' ? commandIds.restoreVm : commandIds.unlockVolumes;
      return { id: command, argument: { kind: 'point', ref, point } };
    }
    default:
      return never(wanted);
  }
}

function notAFile({ path }: GuestPath, kind: GuestNodeKind): AppError {
  return new AppError(
    'INVALID_INPUT',
    l10n.t('{0} is not a file but a {1}: it has no content', guestName(path), kind),
    { object: path },
  );
}

function unknownDisk(deviceKey: number): AppError {
  return new AppError('NOT_FOUND', l10n.t('the restore point has no disk {0}', deviceKey), {
    object: String(deviceKey),
  });
}
