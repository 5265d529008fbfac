import { AppError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { listBackupSets } from '../../core/catalog/backupSet.ts';
import type {
  DirectoryEntry,
  GuestFileSystem,
  NodeStat,
  Timestamp,
} from '../../core/guestfs/guestFileSystem.ts';
import { compareFolders } from '../../core/jobs/guestFiles/compareFolders.ts';
import { findFileVersions } from '../../core/jobs/guestFiles/fileVersions.ts';
import type { GuestDisk, GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import type { Repository } from '../../core/repository/repository.ts';
import type { Volume } from '../../core/volume/volume.ts';
import {
  compareGuestFolders,
  type FileVersionsResult,
  type FolderChangeDto,
  type FolderChangesResult,
  type GuestDetailsDto,
  type GuestDiskDto,
  type GuestListParams,
  type GuestListResult,
  type GuestNodeDto,
  type GuestPath,
  type GuestReadParams,
  type GuestReadResult,
  listFileVersions,
  listGuestFolder,
  listVolumes,
  maxFolderChanges,
  maxListedEntries,
  maxReadBytes,
  readGuestDetails,
  readGuestFile,
  statGuestNode,
  type UnreadableEntryDto,
  unlockVolumes,
  type VolumeDto,
} from '../../protocol/guest.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { FolderListings } from '../folderListings.ts';
import { openPoint, type GuestReaders } from '../guestReaders.ts';
import type { WorkerParts } from '../workerParts.ts';
import { pointDiskDto } from './points.ts';

export function serveGuests(handle: Handle, { repositories, guestReaders }: WorkerParts): void {
  const listings = new FolderListings();
  handle(listVolumes, async ({ repository, point: pointId }, signal) => {
    await using used = repositories.use(repository);
    const point = await openPoint(used.place, pointId, signal);
    return { disks: (await guestReaders.disks(used.place, point, signal)).map(diskDto) };
  });
  handle(unlockVolumes, async ({ repository, point: pointId, passphrase }, signal) => {
    await using used = repositories.use(repository);
    const point = await openPoint(used.place, pointId, signal);
    return {
      disks: (await guestReaders.unlock(used.place, point, new Secret(passphrase), signal)).map(diskDto),
    };
  });
  handle(listGuestFolder, async (params, signal) => {
    await using used = repositories.use(params.repository);
    const location = await guestReaders.locate(used.place, params, signal);
    return await listFolder(listings, location, params, signal);
  });
  handle(statGuestNode, async (params, signal) => {
    await using used = repositories.use(params.repository);
    return await nodeAt(await guestReaders.locate(used.place, params, signal), signal);
  });
  handle(readGuestDetails, async (params, signal) => {
    await using used = repositories.use(params.repository);
    return await detailsOf(await guestReaders.locate(used.place, params, signal), signal);
  });
  handle(readGuestFile, async (params, signal) => {
    await using used = repositories.use(params.repository);
    return await readPage(await guestReaders.locate(used.place, params, signal), params, signal);
  });
  handle(compareGuestFolders, async ({ older, newer }, signal) => {
    await using before = repositories.use(older.repository);
    await using after = repositories.use(newer.repository);
    const was = await guestReaders.locate(before.place, older, signal);
    const is = await guestReaders.locate(after.place, newer, signal);
    return await folderChanges(was, is, signal);
  });
  handle(listFileVersions, async (params, signal) => {
    await using used = repositories.use(params.repository);
    return await fileVersions(used.place, guestReaders, params, signal);
  });
}

async function fileVersions(
  repository: Repository,
  readers: GuestReaders,
  { repository: name, point, deviceKey, volumeIndex, path }: GuestPath,
  signal: AbortSignal,
): Promise<FileVersionsResult> {
  const { sets } = await listBackupSets(repository, signal);
  const points = sets.find(set => set.points.some(({ id }) => id === point))?.points ?? [];
  const place = { deviceKey, volumeIndex };
  const ignoreProgress = () => undefined;
  const chunks = readers.chunksOf(repository);
  const choice = { ...place, keys: readers.keys };
  const history = await findFileVersions(repository, points, path, choice, ignoreProgress, signal, chunks);
  return {
    versions: history.versions.map(({ sizeBytes, seen }) => ({
      sizeBytes,
      seen: seen.map(found => ({
        at: { repository: name, point: found.point.id, ...place, path },
        takenAt: found.point.takenAt.toISOString(),
        modifiedAt: timeText(found.stat.modifiedAt),
      })),
    })),
    absentCount: history.absent.length,
    unreadable: history.unreadable.map(({ point: { takenAt }, problem }) => ({
      takenAt: takenAt.toISOString(),
      problem: problem.message,
    })),
  };
}

async function folderChanges(
  older: GuestLocation,
  newer: GuestLocation,
  signal: AbortSignal,
): Promise<FolderChangesResult> {
  const changes: FolderChangeDto[] = [];
  const problems: string[] = [];
  const onProblem = (path: string, problem: string) => {
    if (problems.length < maxFolderChanges) problems.push(`${path}: ${problem}`);
  };
  for await (const change of compareFolders(older, newer, onProblem, signal)) {
    if (changes.length === maxFolderChanges) return { changes, isCut: true, problems };
    changes.push(change);
  }
  return { changes, isCut: false, problems };
}

function diskDto({ disk, listing: { scheme, volumes, problems } }: GuestDisk): GuestDiskDto {
  return { ...pointDiskDto(disk), scheme, volumes: volumes.map(volumeDto), problems };
}

function volumeDto({ index, name, role, content, offsetBytes, sizeBytes }: Volume): VolumeDto {
  return {
    volumeIndex: index,
    name,
    role,
    ...(content !== undefined && { content: { kind: content.kind, title: content.title } }),
    offsetBytes,
    sizeBytes,
  };
}

async function listFolder(
  listings: FolderListings,
  { fileSystem, node, path }: GuestLocation,
  params: GuestListParams,
  signal: AbortSignal,
): Promise<GuestListResult> {
  const { offset, limit } = params;
  assertWithin('offset', offset, Number.MAX_SAFE_INTEGER);
  assertWithin('limit', limit, maxListedEntries);
  const { kind } = await fileSystem.stat(node, signal);
  if (kind !== 'directory') {
    throw new AppError('INVALID_INPUT', `${path} is a ${kind}, not a folder`, { object: path });
  }
  const listing = await listings.read(fileSystem, node, params, signal);
  const entries: GuestNodeDto[] = [];
  const unreadable: UnreadableEntryDto[] = [];
  for (const [index, entry] of listing.entries.slice(offset, offset + limit).entries()) {
    const dto = await entryDto(fileSystem, entry, signal);
    if ('problem' in dto) unreadable.push({ ...dto, position: offset + index });
    else entries.push(dto);
  }
  const { kind: fileSystemKind, label, journal } = fileSystem;
  return {
    fileSystem: { kind: fileSystemKind, label, journal, problems: fileSystem.problems },
    entries,
    unreadable,
    totalCount: listing.entries.length,
    problems: listing.problems,
  };
}

/** A damaged node does not hide the others, nor itself. */
async function entryDto(
  fileSystem: GuestFileSystem,
  { name, kind, node }: DirectoryEntry,
  signal: AbortSignal,
): Promise<GuestNodeDto | Omit<UnreadableEntryDto, 'position'>> {
  try {
    return await nodeDto(fileSystem, name, await fileSystem.stat(node, signal), signal);
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'UNSUPPORTED_FORMAT')) throw error;
    return { name, kind, problem: error.message };
  }
}

async function nodeDto(
  fileSystem: GuestFileSystem,
  name: string,
  stat: NodeStat,
  signal: AbortSignal,
): Promise<GuestNodeDto> {
  if (stat.kind !== 'symlink') return statDto(name, stat);
  return { ...statDto(name, stat), linkTarget: await fileSystem.readlink(stat.node, signal) };
}

async function nodeAt({ fileSystem, node, path }: GuestLocation, signal: AbortSignal): Promise<GuestNodeDto> {
  const name = path.split('/').findLast(part => part !== '') ?? '/';
  return await nodeDto(fileSystem, name, await fileSystem.stat(node, signal), signal);
}

async function detailsOf(location: GuestLocation, signal: AbortSignal): Promise<GuestDetailsDto> {
  const { fileSystem, node } = location;
  const details = await fileSystem.details(node, signal);
  const { streams, securityDescriptor, acl, defaultAcl, attributes, problems } = details;
  return {
    node: await nodeAt(location, signal),
    streams: streams.slice(0, maxListedEntries),
    ...(securityDescriptor !== undefined && { securityDescriptor }),
    acl: acl.slice(0, maxListedEntries),
    defaultAcl: defaultAcl.slice(0, maxListedEntries),
    attributes: attributes.slice(0, maxListedEntries),
    problems,
  };
}

/** Without where a link leads, which has to be read. */
export function statDto(name: string, stat: NodeStat): GuestNodeDto {
  const { kind, sizeBytes, mode, uid, gid } = stat;
  return {
    name,
    kind,
    sizeBytes,
    mode,
    uid,
    gid,
    accessedAt: timeText(stat.accessedAt),
    modifiedAt: timeText(stat.modifiedAt),
    changedAt: timeText(stat.changedAt),
    ...(stat.createdAt !== undefined && { createdAt: timeText(stat.createdAt) }),
  };
}

async function readPage(
  { fileSystem, node, path }: GuestLocation,
  { offsetBytes, lengthBytes }: GuestReadParams,
  signal: AbortSignal,
): Promise<GuestReadResult> {
  assertWithin('offsetBytes', offsetBytes, Number.MAX_SAFE_INTEGER);
  assertWithin('lengthBytes', lengthBytes, maxReadBytes);
  const { kind, sizeBytes } = await fileSystem.stat(node, signal);
  if (kind !== 'file') {
    throw new AppError('INVALID_INPUT', `${path} is a ${kind}, not a file`, { object: path });
  }
  const pieces: Uint8Array[] = [];
  const range = { offsetBytes, lengthBytes };
  for await (const piece of fileSystem.readFile(node, range, signal)) pieces.push(piece);
  return { content: Buffer.concat(pieces).toString('base64'), sizeBytes };
}

function assertWithin(field: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return;
  throw new AppError('INVALID_INPUT', `${field} ${value} is not a whole number of 0 … ${max}`, {
    object: field,
  });
}

function timeText({ seconds, nanoseconds }: Timestamp): string {
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6)).toISOString();
}
