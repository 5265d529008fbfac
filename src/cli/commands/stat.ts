import { formatBytes, formatMode } from '../../base/units.ts';
import type { Timestamp } from '../../core/guestfs/guestFileSystem.ts';
import type { NodeDetails } from '../../core/guestfs/nodeDetails.ts';
import { findGuestPath } from '../../core/jobs/guestFiles/guestVolumes.ts';
import type { Command } from '../command.ts';
import { openNamedPoint } from '../openPoint.ts';
import { table } from '../output.ts';
import { volumeChoice, volumeOptions } from './browse.ts';
import { repositoryOption } from './options.ts';

export const statCommand: Command = {
  name: 'stat',
  summary: 'Show all that is known of a guest file: times, owner, rights, streams and attributes',
  operands: ['POINT', 'PATH'],
  options: { ...repositoryOption, ...volumeOptions },
  run: async (context, args) => {
    await using opened = await openNamedPoint(context, args);
    const { repository, point, signal } = opened;
    const choice = await volumeChoice(context, args, opened);
    const found = await findGuestPath(repository, point, args.operand(1), choice, signal);
    const { fileSystem, node, path, disk, volume } = found;
    const stat = await fileSystem.stat(node, signal);
    const linkTarget = stat.kind === 'symlink' ? await fileSystem.readlink(node, signal) : undefined;
    const details = await fileSystem.details(node, signal);
    for (const problem of [...fileSystem.problems, ...details.problems]) context.output.note(problem);
    const { kind, uid, gid, linkCount, sizeBytes } = stat;
    const times = {
      modifiedAt: timeText(stat.modifiedAt),
      changedAt: timeText(stat.changedAt),
      accessedAt: timeText(stat.accessedAt),
      createdAt: stat.createdAt === undefined ? undefined : timeText(stat.createdAt),
    };
    const place = { path, disk: disk.key, volume: volume.index, fileSystem: fileSystem.kind };
    const facts = { kind, mode: formatMode(stat.mode), uid, gid, linkCount, sizeBytes, linkTarget, ...times };
    context.output.result({ ...place, ...facts, ...details }, () =>
      table(
        ['FACT', 'VALUE'],
        [
          ['Path', path],
          ['Volume', `${disk.key}/${volume.index}, ${fileSystem.kind}`],
          ['Kind', linkTarget === undefined ? kind : `${kind} to ${linkTarget}`],
          ['Size', `${sizeBytes} (${formatBytes(sizeBytes)})`],
          ['Mode', facts.mode],
          ['Owner', `${uid}:${gid}`],
          ['Links', String(linkCount)],
          ['Modified', times.modifiedAt],
          ['Changed', times.changedAt],
          ['Accessed', times.accessedAt],
          ...(times.createdAt === undefined ? [] : [['Created', times.createdAt]]),
          ...detailRows(details),
        ],
      ),
    );
    return undefined;
  },
};

function detailRows(details: NodeDetails): string[][] {
  const { securityDescriptor, acl, defaultAcl, streams, attributes } = details;
  return [
    ...(securityDescriptor === undefined ? [] : [['Security', securityDescriptor]]),
    ...acl.map(entry => ['Access list', entry]),
    ...defaultAcl.map(entry => ['Default', entry]),
    ...streams.map(({ name, sizeBytes }) => ['Stream', `${name} (${formatBytes(sizeBytes)})`]),
    ...attributes.map(({ name, sizeBytes }) => ['Attribute', `${name} (${formatBytes(sizeBytes)})`]),
  ];
}

/** To the nanosecond, as far as the file system has it. */
function timeText({ seconds, nanoseconds }: Timestamp): string {
  const whole = new Date(seconds * 1000).toISOString().replace('.000Z', '');
  return `${whole}.${String(nanoseconds).padStart(9, '0')}Z`;
}
