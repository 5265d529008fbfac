import { formatBytes } from '../../base/units.ts';
import { listBackupSets } from '../../core/catalog/backupSet.ts';
import { shortId } from '../../core/catalog/restorePoint.ts';
import { type FileHistory, findFileVersions } from '../../core/jobs/guestFiles/fileVersions.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { openNamedPoint } from '../openPoint.ts';
import { table } from '../output.ts';
import { volumeChoice, volumeOptions } from './browse.ts';
import { repositoryOption } from './options.ts';

export const versions: Command = {
  name: 'versions',
  summary: 'List the contents a guest file has had in the restore points of a VM',
  operands: ['POINT', 'PATH'],
  options: { ...repositoryOption, ...volumeOptions },
  run: async (context, args) => {
    await using opened = await openNamedPoint(context, args);
    const { repository, point, signal } = opened;
    const path = args.operand(1);
    const { sets } = await listBackupSets(repository, signal);
    const vm = point.manifest.vm.instanceUuid;
    const points = sets.find(set => set.vmInstanceUuid === vm)?.points ?? [];
    const choice = await volumeChoice(context, args, opened);
    const history = await context.withProgress(
      async onProgress => await findFileVersions(repository, points, path, choice, onProgress, signal),
    );
    tellOthers(context, path, history);
    const rows = rowsOf(history);
    context.output.result(rows, () =>
      table(
        ['LAST SEEN', 'FIRST SEEN', 'POINTS', 'SIZE', 'MODIFIED', 'NEWEST POINT'],
        rows.map(({ lastSeenAt, firstSeenAt, points: ids, sizeBytes, modifiedAt }) => [
          lastSeenAt,
          firstSeenAt,
          String(ids.length),
          formatBytes(sizeBytes),
          modifiedAt,
          ids[0] === undefined ? '' : shortId(ids[0]),
        ]),
        new Set([2, 3]),
      ),
    );
    return undefined;
  },
};

function tellOthers({ output }: CommandContext, path: string, { absent, unreadable }: FileHistory): void {
  for (const { point, problem } of unreadable)
    output.note(
      `Cannot be read in ${shortId(point.id)} of ${point.takenAt.toISOString()}: ${problem.message}`,
    );
  if (absent.length > 0) output.note(`${path} is not in ${absent.map(({ id }) => shortId(id)).join(', ')}`);
}

/** One row for each content, the one seen last first. */
function rowsOf({ versions: found }: FileHistory) {
  return found.map(({ contentId, sizeBytes, seen }) => ({
    contentId,
    sizeBytes,
    modifiedAt: new Date((seen.at(-1)?.stat.modifiedAt.seconds ?? 0) * 1000).toISOString(),
    firstSeenAt: seen.at(-1)?.point.takenAt.toISOString() ?? '',
    lastSeenAt: seen[0]?.point.takenAt.toISOString() ?? '',
    points: seen.map(({ point }) => point.id),
  }));
}
