import { env, l10n } from 'vscode';

import { type GuestDetailsDto, type GuestPath, readGuestDetails } from '../../protocol/guest.ts';
import type { Host } from '../host.ts';
import { detailChoices, type DetailMove } from '../model/fileDetailsText.ts';
import type { GuestSelection, PointTreeNode } from '../model/pointTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { answeredBy, type ChosenPaths, guestPathSteps } from './chooseGuestPaths.ts';
import { openGuestFile } from './openGuestFile.ts';

/** Owner, rights, streams and attributes of a guest file or folder. A stream that is chosen is opened, a text is copied. */
export async function showFileDetails(
  host: Host,
  given: PointTreeNode | GuestSelection | undefined,
): Promise<void> {
  const title = l10n.t('Details of Guest File');
  const start = given === undefined ? {} : answeredBy(given);
  const { volume, paths } = await runSteps<ChosenPaths>(host.ui, guestPathSteps(host, title, start), start);
  const [path = '/'] = paths;
  const at: GuestPath = { ...volume, path };
  const details = await host.ui.wait(title, async signal => {
    await host.places.repository(at.repository, signal);
    return await host.worker.request(readGuestDetails, at, signal);
  });
  const move = await chooseDetail(host, title, path, details);
  if ('stream' in move) await openStream(host, at, details, move.stream.name, move.stream.sizeBytes);
  else {
    await env.clipboard.writeText(move.text);
    void host.ui.tell('info', l10n.t('Copied: {0}', move.text), []);
  }
}

async function chooseDetail(
  host: Host,
  title: string,
  path: string,
  details: GuestDetailsDto,
): Promise<DetailMove> {
  const steps: readonly Step<{ readonly move: DetailMove }>[] = [
    async (_, ask) => ({
      move: await ask.pick<DetailMove>({
        title,
        placeholder: path,
        whenEmpty: '',
        choices: async () => await Promise.resolve(detailChoices(details, l10n.t)),
      }),
    }),
  ];
  return (await runSteps(host.ui, steps, {})).move;
}

async function openStream(
  host: Host,
  at: GuestPath,
  { node }: GuestDetailsDto,
  name: string,
  sizeBytes: number,
): Promise<void> {
  await openGuestFile(host, {
    kind: 'guest',
    at: { ...at, path: `${at.path}:${name}` },
    vmName: '',
    node: { ...node, name: `${node.name}:${name}`, kind: 'file', sizeBytes },
  });
}
