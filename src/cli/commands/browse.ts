import type { GuestFileSystem, NodeKind, NodeStat } from '../../core/guestfs/guestFileSystem.ts';
import {
  findGuestPath,
  listGuestVolumes,
  type VolumeChoice,
} from '../../core/jobs/guestFiles/guestVolumes.ts';
import { unlockGuestVolumes } from '../../core/jobs/guestFiles/unlockVolumes.ts';
import { VolumeKeys } from '../../core/volume/luks/volumeKeys.ts';
import type { Secret } from '../../base/secret.ts';
import { formatBytes, formatMode } from '../../base/units.ts';
import { AppError } from '../../base/errors.ts';
import type { Command, CommandArguments } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { openNamedPoint, type OpenPoint } from '../openPoint.ts';
import { table } from '../output.ts';
import { credentialSource } from '../passwordPlaces.ts';
import { passphrasePlace, repositoryOption } from './options.ts';

export const volumeOptions = {
  disk: { value: 'KEY', help: 'device key of the disk, such as 2000' },
  volume: { value: 'N', help: 'number of the volume on that disk' },
  'passphrase-file': {
    value: 'FILE',
    help: 'the passphrase of encrypted volumes is the first line of this file',
  },
  'passphrase-command': { value: 'COMMAND', help: 'it is the first line this command prints' },
  'passphrase-env': { value: 'VARIABLE', help: 'it is in this environment variable' },
  'ask-passphrase': { help: 'it is asked for on the terminal' },
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
      await volumeChoice(context, args, opened),
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

/**
 * Which volumes the options name; encrypted ones of the restore point are opened, if a passphrase is given.
 * @throws AUTHENTICATION if it opens none of them
 */
export async function volumeChoice(
  context: CommandContext,
  args: CommandArguments,
  { repository, point, signal }: OpenPoint,
): Promise<VolumeChoice> {
  const deviceKey = args.count('disk');
  const volumeIndex = args.count('volume');
  const place = {
    ...(deviceKey !== undefined && { deviceKey }),
    ...(volumeIndex !== undefined && { volumeIndex }),
  };
  const passphrase = await volumePassphrase(context, args, point.manifest.vm.name);
  if (passphrase === undefined) return place;
  const keys = new VolumeKeys(context.argon2);
  await unlockGuestVolumes(repository, point, passphrase, keys, signal);
  return { ...place, keys };
}

async function volumePassphrase(
  context: CommandContext,
  args: CommandArguments,
  vmName: string,
): Promise<Secret | undefined> {
  const place = passphrasePlace(args);
  const owner = `the encrypted volumes of ${vmName}`;
  if (place !== undefined) return await credentialSource(place, owner).password(context.signal);
  if (!args.flag('ask-passphrase')) return undefined;
  if (context.hasTerminal) return await context.askSecret(`Passphrase of ${owner}`);
  throw new AppError('INVALID_INPUT', 'the passphrase cannot be asked for, as there is no terminal', {
    object: '--ask-passphrase',
    remedy: 'Give one of --passphrase-file, --passphrase-command, --passphrase-env',
  });
}

async function listVolumesOf(
  context: CommandContext,
  opened: OpenPoint,
  args: CommandArguments,
): Promise<void> {
  const { repository, point, signal } = opened;
  const choice = await volumeChoice(context, args, opened);
  const disks = await listGuestVolumes(repository, point, choice, signal);
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
  opened: OpenPoint,
  path: string,
  args: CommandArguments,
): Promise<void> {
  const { repository, point, signal } = opened;
  const choice = await volumeChoice(context, args, opened);
  const found = await findGuestPath(repository, point, path, choice, signal);
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
    mode: `${kindLetters[stat.kind]}${formatMode(stat.mode)}`,
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
