import { commands, l10n, type Uri } from 'vscode';

import {
  compareGuestFolders,
  type FolderChangeDto,
  type FolderChangesResult,
  type GuestPath,
} from '../../protocol/guest.ts';
import { listPoints, type PointSummaryDto } from '../../protocol/point.ts';
import { guestUri, maxOpenedBytes } from '../guestFileSystem.ts';
import type { Host } from '../host.ts';
import { reachedText } from '../model/consistency.ts';
import { guestName, joinGuestPath } from '../model/guestPath.ts';
import type { GuestSelection, PointTreeNode } from '../model/pointTreeModel.ts';
import { formatMoment } from '../model/time.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { answeredBy, type ChosenPaths, guestPathSteps } from './chooseGuestPaths.ts';

/** An editor with more files than these is no overview any more. */
const maxShownFiles = 200;

interface Choice extends ChosenPaths {
  readonly others: readonly PointSummaryDto[];
  readonly other: PointSummaryDto;
}

/** Shows in one editor what is different in a folder of two restore points, the older one on the left. */
export async function compareFolder(
  host: Host,
  given: PointTreeNode | GuestSelection | undefined,
): Promise<void> {
  const title = l10n.t('Compare Folder');
  const answered = given === undefined ? {} : answeredBy(given);
  const start = 'volume' in answered && !('paths' in answered) ? { ...answered, paths: ['/'] } : answered;
  const steps: readonly Step<Choice>[] = [
    ...guestPathSteps(host, title, start),
    async ({ point }, ask) => {
      if (point === undefined) return {};
      const points = await pointsBeside(host, title, point);
      return {
        others: points,
        other: await ask.pick({
          title,
          placeholder: l10n.t('Restore point to compare with'),
          whenEmpty: l10n.t('The VM has no other restore point'),
          choices: async () =>
            await Promise.resolve(
              points
                .filter(({ id }) => id !== point.point)
                .map(candidate => ({
                  label: formatMoment(candidate.takenAt),
                  description: reachedText(candidate, l10n.t),
                  icon: 'history',
                  value: candidate,
                })),
            ),
        }),
      };
    },
  ];
  const { volume, paths, others, other } = await runSteps<Choice>(host.ui, steps, start);
  const here: GuestPath = { ...volume, path: paths[0] ?? '/' };
  const there: GuestPath = { ...here, point: other.id };
  const takenAt = others.find(({ id }) => id === here.point)?.takenAt ?? other.takenAt;
  const [older, newer] = other.takenAt <= takenAt ? [there, here] : [here, there];
  const moments = [takenAt, other.takenAt].sort().map(formatMoment);
  const found = await host.ui.wait(
    title,
    async signal => await host.worker.request(compareGuestFolders, { older, newer }, signal),
  );
  await show(host, `${guestName(here.path) || here.path}: ${moments.join(' ↔ ')}`, older, newer, found);
}

/** All restore points of the VM, in the same repository. */
async function pointsBeside(
  host: Host,
  title: string,
  { repository, point }: Pick<GuestPath, 'repository' | 'point'>,
): Promise<readonly PointSummaryDto[]> {
  return await host.ui.wait(title, async signal => {
    await host.places.repository(repository, signal);
    const { sets } = await host.worker.request(listPoints, { repository }, signal);
    return sets.find(set => set.points.some(({ id }) => id === point))?.points ?? [];
  });
}

async function show(
  host: Host,
  title: string,
  older: GuestPath,
  newer: GuestPath,
  { changes, isCut, problems }: FolderChangesResult,
): Promise<void> {
  const [first] = changes;
  const [problem] = problems;
  if (problem !== undefined)
    void host.ui.tell(
      'warning',
      l10n.t('{0} items could not be compared, the first: {1}', problems.length, problem),
      [],
    );
  if (first === undefined) {
    void host.ui.tell('info', l10n.t('Nothing in {0} is different.', newer.path), []);
    return;
  }
  const shown = changes.filter(isShown).slice(0, maxShownFiles);
  if (isCut || shown.length < changes.length)
    void host.ui.tell('info', remarkText(changes, shown.length, isCut), []);
  if (shown.length === 0) return;
  const at = (state: GuestPath, path: string): Uri =>
    guestUri({ ...state, path: joinGuestPath(state.path, path.slice(1)) });
  const resources = shown.map(({ kind, path }) => [
    at(kind === 'removed' ? older : newer, path),
    kind === 'added' ? undefined : at(older, path),
    kind === 'removed' ? undefined : at(newer, path),
  ]);
  await commands.executeCommand('vscode.changes', title, resources);
}

/** What an editor can show: contents of files that it can open. */
function isShown({ kind, nodeKind, sizeBytes }: FolderChangeDto): boolean {
  return kind !== 'attributes' && nodeKind === 'file' && sizeBytes <= maxOpenedBytes;
}

function remarkText(changes: readonly FolderChangeDto[], shownCount: number, isCut: boolean): string {
  const counts = { added: 0, removed: 0, content: 0, attributes: 0 };
  for (const { kind } of changes) counts[kind] += 1;
  const text = l10n.t(
    'Added: {0}, removed: {1}, changed: {2}, other owner or permissions: {3}. The editor shows {4} files.',
    ...[counts.added, counts.removed, counts.content, counts.attributes, shownCount],
  );
  return isCut ? `${text} ${l10n.t('There is more; compare a folder in it.')}` : text;
}
