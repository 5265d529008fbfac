import type { GuestFileSystem, NodeKind, NodeStat } from '../../core/guestfs/guestFileSystem.ts';
import {
  findGuestPath,
  listGuestVolumes,
  type VolumeChoice,
} from '../../core/jobs/guestFiles/guestVolumes.ts';
import { formatBytes } from '../../base/units.ts';
import { AppError } from '../../base/errors.ts';
import type { Command, CommandArguments } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { openNamedPoint, type OpenPoint } from '../openPoint.ts';
import { table } from '../output.ts';
import { repositoryOption } from './options.ts';

export const volumeOptions = {
  disk: { value: 'KEY', help: 'device key of the disk, such as 2000' },
  volume: { value: 'N', help: 'number of the volume on that disk' },
} as const;

export const list: Command = {
  name: 'ls',
  summary: 'List the disks and volumes of a restore point, or the files of a guest folder',
  operands: ['POINT', '[PATH]'],
  options: { ...repositoryOption, ...volumeOptions },
  run: async (context, args) => {
    await using opened = await openNamedPoint(context, args);
    const path = args.optionalOperand(1);
    if (path === undefined) await listVolumesOf(context, opened, args);
    else await listFolder(context, opened, path, args);
    return undefined;
  },
};

export const cat: Command = {
  name: 'cat',
  summary: 'Write a guest file to standard output',
  operands: ['POINT', 'PATH'],
  options: { ...repositoryOption, ...volumeOptions },
  run: async (context, args) => {
    await using opened = await openNamedPoint(context, args);
    const { repository, point, signal } = opened;
    const { fileSystem, node, path } = await findGuestPath(
      repository,
      point,
      args.operand(1),
      volumeChoice(args),
      signal,
    );
    const { kind } = await fileSystem.stat(node, signal);
    if (kind !== 'file') {
      throw new AppError('INVALID_INPUT', `${path} is a ${kind}, not a file`, {
        object: path,
        remedy: 'List a folder with "quiesce ls"',
      });
    }
    for await (const piece of fileSystem.readFile(node, { offsetBytes: 0 }, signal)) {
      await writeToStandardOutput(piece);
    }
    return undefined;
  },
};

export function volumeChoice(args: CommandArguments): VolumeChoice {
  const deviceKey = args.count('disk');
  const volumeIndex = args.count('volume');
  return { ...(deviceKey !== undefined && { deviceKey }), ...(volumeIndex !== undefined && { volumeIndex }) };
}

async function listVolumesOf(
  context: CommandContext,
  { repository, point, signal }: OpenPoint,
  args: CommandArguments,
): Promise<void> {
  const disks = await listGuestVolumes(repository, point, volumeChoice(args), signal);
  for (const { disk, listing } of disks) {
    for (const problem of listing.problems) context.output.note(`Disk ${disk.key}: ${problem}`);
  }
  const rows = disks.flatMap(({ disk, listing }) =>
    listing.volumes.map(volume => ({
      disk: disk.key,
      label: disk.label,
      capacityBytes: disk.capacityBytes,
      volume: volume.index,
      name: volume.name,
      role: volume.role,
      content: volume.content?.kind,
      offsetBytes: volume.offsetBytes,
      sizeBytes: volume.sizeBytes,
    })),
  );
  context.output.result(rows, () =>
    table(
      ['DISK', 'LABEL', 'VOLUME', 'CONTENT', 'SIZE', 'NAME'],
      rows.map(row => [
        String(row.disk),
        row.label,
        String(row.volume),
        row.content ?? 'unknown',
        formatBytes(row.sizeBytes),
        row.name,
      ]),
      new Set([2, 4]),
    ),
  );
}

async function listFolder(
  context: CommandContext,
  { repository, point, signal }: OpenPoint,
  path: string,
  args: CommandArguments,
): Promise<void> {
  const found = await findGuestPath(repository, point, path, volumeChoice(args), signal);
  const { fileSystem, node, disk, volume } = found;
  const stat = await fileSystem.stat(node, signal);
  const listing =
    stat.kind === 'directory'
      ? await fileSystem.list(node, signal)
      : { entries: [{ name: path, node, kind: stat.kind }], problems: [] };
  for (const problem of [...fileSystem.problems, ...listing.problems]) context.output.note(problem);
  const rows: EntryRow[] = [];
  for (const entry of listing.entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    rows.push(await entryRow(fileSystem, entry.name, await fileSystem.stat(entry.node, signal), signal));
  }
  context.output.result(
    { disk: disk.key, volume: volume.index, fileSystem: fileSystem.kind, entries: rows },
    () =>
      table(
        ['MODE', 'UID', 'GID', 'SIZE', 'MODIFIED', 'NAME'],
        rows.map(row => [
          row.mode,
          String(row.uid),
          String(row.gid),
          String(row.sizeBytes),
          row.modifiedAt,
          row.linkTarget === undefined ? row.name : `${row.name} -> ${row.linkTarget}`,
        ]),
        new Set([1, 2, 3]),
      ),
  );
}

interface EntryRow {
  readonly name: string;
  readonly kind: NodeKind;
  /** Letter of the kind and permission bits in octal. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly modifiedAt: string;
  readonly linkTarget: string | undefined;
}

async function entryRow(
  fileSystem: GuestFileSystem,
  name: string,
  stat: NodeStat,
  signal: AbortSignal,
): Promise<EntryRow> {
  return {
    name,
    kind: stat.kind,
    mode: `${kindLetters[stat.kind]}${stat.mode.toString(8).padStart(4, '0')}`,
    uid: stat.uid,
    gid: stat.gid,
    sizeBytes: stat.sizeBytes,
    modifiedAt: new Date(stat.modifiedAt.seconds * 1000).toISOString().replace('.000', ''),
    linkTarget: stat.kind === 'symlink' ? await fileSystem.readlink(stat.node, signal) : undefined,
  };
}

const kindLetters = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  'block-device': 'b',
  'character-device': 'c',
  fifo: 'p',
  socket: 's',
} as const satisfies Readonly<Record<NodeKind, string>>;

async function writeToStandardOutput(piece: Uint8Array): Promise<void> {
  if (process.stdout.write(piece)) return;
  await new Promise<void>(resolve => process.stdout.once('drain', resolve));
}
