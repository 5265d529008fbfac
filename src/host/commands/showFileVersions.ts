import { commands, l10n, Uri, window } from 'vscode';

import { type FileVersionDto, type GuestPath, listFileVersions } from '../../protocol/guest.ts';
import { guestUri } from '../guestFileSystem.ts';
import type { Host } from '../host.ts';
import { schemes } from '../ids.ts';
import {
  actionChoices,
  inOrder,
  otherPointsText,
  shownIn,
  type VersionMove,
  versionChoices,
  versionMoment,
} from '../model/fileVersionText.ts';
import { guestName, parseGuestAddress } from '../model/guestPath.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { compareWithGuest } from './compareWithGuest.ts';
import { answeredBy, type ChosenPaths, guestPathSteps } from './chooseGuestPaths.ts';

interface ChosenVersion {
  readonly version: FileVersionDto;
  readonly move: VersionMove;
}

/** All contents a guest file has had: one is opened, or two are compared. Begins with a row, or with an open file. */
export async function showFileVersions(host: Host, given: PointTreeNode | Uri | undefined): Promise<void> {
  const title = l10n.t('Versions of Guest File');
  const start = await startOf(host, title, given);
  const found = await host.ui.wait(title, async signal => {
    await host.places.repository(start.repository, signal);
    return await host.worker.request(listFileVersions, start, signal);
  });
  const remark = otherPointsText(found, l10n.t);
  const steps: readonly Step<ChosenVersion>[] = [
    async (_, ask) => ({
      version: await ask.pick({
        title,
        placeholder: remark ?? start.path,
        whenEmpty: remark ?? l10n.t('No restore point has the file'),
        choices: async () => await Promise.resolve(versionChoices(found, start, l10n.t)),
      }),
    }),
    async ({ version }, ask) => ({
      move:
        version === undefined
          ? 'open'
          : await ask.pick<VersionMove>({
              title,
              placeholder: start.path,
              whenEmpty: '',
              choices: async () =>
                await Promise.resolve(actionChoices(found.versions, version, start, l10n.t)),
            }),
    }),
  ];
  const { version, move } = await runSteps<ChosenVersion>(host.ui, steps, {});
  if (move === 'open') await commands.executeCommand('vscode.open', guestUri(shownIn(version, start)));
  else if (move === 'guest') await compareWithGuest(host, title, shownIn(version, start));
  else await compare(start, ...inOrder(version, move));
}

async function startOf(
  host: Host,
  title: string,
  given: PointTreeNode | Uri | undefined,
): Promise<GuestPath> {
  // From the palette it is about the file that is open.
  const address = given ?? window.activeTextEditor?.document.uri;
  const open = address instanceof Uri && address.scheme === schemes.guestFile ? address : undefined;
  const opened = open === undefined ? undefined : parseGuestAddress(open);
  if (opened !== undefined) return opened;
  const start = given === undefined || given instanceof Uri ? {} : answeredBy(given);
  const { volume, paths } = await runSteps<ChosenPaths>(host.ui, guestPathSteps(host, title, start), start);
  const [path = '/'] = paths;
  return { ...volume, path };
}

async function compare(start: GuestPath, older: FileVersionDto, newer: FileVersionDto): Promise<void> {
  const title = l10n.t('{0}: {1} ↔ {2}', guestName(start.path), versionMoment(older), versionMoment(newer));
  const uris = [older, newer].map(version => guestUri(shownIn(version, start)));
  await commands.executeCommand('vscode.diff', ...uris, title);
}
