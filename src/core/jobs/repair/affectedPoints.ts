import { AppError, toAppError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { listBackupSets, type RestorePointSummary } from '../../catalog/backupSet.ts';
import type { ManifestDisk } from '../../catalog/manifest.ts';
import { openRestorePoint, type RestorePoint } from '../../catalog/restorePoint.ts';
import type { BlobId } from '../../codec/blobId.ts';
import { openGuestVolume } from '../../guestfs/openGuestFileSystem.ts';
import { ChunkCache } from '../../image/chunkCache.ts';
import { openDiskImage } from '../../image/diskImage.ts';
import { PartContents } from '../../image/partContents.ts';
import type { Repository } from '../../repository/repository.ts';
import { listVolumes } from '../../volume/listVolumes.ts';
import type { Volume } from '../../volume/volume.ts';
import { walkGuest } from '../guestFiles/guestWalk.ts';

/** A restore point of which something is lost, and what. */
export interface AffectedPoint {
  readonly point: RestorePointSummary;
  /** Why nothing of it can be restored; undefined if only parts of its disks are lost. */
  readonly lostBecause: string | undefined;
  readonly disks: readonly AffectedDisk[];
}

export interface AffectedDisk {
  readonly deviceKey: number;
  readonly label: string;
  /** Of the disk, ascending; everything outside can be restored. */
  readonly lostRanges: readonly LostRange[];
  /** Guest files of which content is lost. All others of the volumes that could be read are whole. */
  readonly files: readonly AffectedFile[];
  /** Volumes and folders that cannot be read, so that more files may be affected. */
  readonly problems: readonly string[];
}

export interface LostRange {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export interface AffectedFile {
  readonly volumeIndex: number;
  readonly path: string;
}

/** As little as a chunk tells of its neighbours: they are read once. */
const cachedBytes = 64 * MiB;

/**
 * Which restore points lack something, and which guest files are in what is lacking. Reads every file of the volumes that
 * are hit: nobody else knows where a file lies.
 */
export async function findAffectedPoints(
  repository: Repository,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<readonly AffectedPoint[]> {
  const affected: AffectedPoint[] = [];
  const chunks = new ChunkCache(repository, cachedBytes);
  const { sets } = await listBackupSets(repository, signal);
  for (const point of sets.flatMap(({ points }) => points)) {
    onProgress({
      phase: `Looking at ${point.vmName} of ${point.takenAt.toISOString()}`,
      doneBytes: 0,
      totalBytes: undefined,
    });
    const found = await affectedParts(repository, point, chunks, signal);
    if (found !== undefined) affected.push(found);
  }
  return affected;
}

async function affectedParts(
  repository: Repository,
  point: RestorePointSummary,
  chunks: ChunkCache,
  signal: AbortSignal,
): Promise<AffectedPoint | undefined> {
  let opened: RestorePoint;
  try {
    opened = await openRestorePoint(repository, point.id, signal);
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'NOT_FOUND', 'UNSUPPORTED_FORMAT')) throw error;
    return { point, lostBecause: error.message, disks: [] };
  }
  const disks: AffectedDisk[] = [];
  for (const disk of opened.manifest.disks) {
    const found = await affectedDisk(repository, opened, disk, chunks, signal);
    if (found !== undefined) disks.push(found);
  }
  return disks.length === 0 ? undefined : { point, lostBecause: undefined, disks };
}

async function affectedDisk(
  repository: Repository,
  point: RestorePoint,
  disk: ManifestDisk,
  chunks: ChunkCache,
  signal: AbortSignal,
): Promise<AffectedDisk | undefined> {
  const { key: deviceKey, label, capacityBytes } = disk;
  const tree = point.disks.get(deviceKey);
  const lostRanges = tree === undefined ? [] : await lostRangesOf(repository, disk, tree, signal);
  if (lostRanges.length === 0) return undefined;
  const found = { deviceKey, label, lostRanges, files: [] as AffectedFile[], problems: [] as string[] };
  if (lostRanges.length === 1 && lostRanges[0]?.lengthBytes === capacityBytes) return found;
  try {
    const image = await openDiskImage(repository, point, deviceKey, signal, chunks);
    const listing = await listVolumes(image, signal);
    found.problems.push(...listing.problems);
    for (const volume of listing.volumes)
      if (lostRanges.some(range => overlaps(range, volume)))
        await readVolume(volume, found.files, found.problems, signal);
  } catch (error) {
    if (!isDamage(error)) throw error;
    found.problems.push(`Its volumes cannot be told: ${toAppError(error).message}`);
  }
  return found;
}

async function lostRangesOf(
  repository: Repository,
  disk: ManifestDisk,
  tree: BlobId,
  signal: AbortSignal,
): Promise<readonly LostRange[]> {
  const { chunkBytes, capacityBytes } = disk;
  const ranges: { offsetBytes: number; lengthBytes: number }[] = [];
  const lose = (offsetBytes: number): void => {
    const lengthBytes = Math.min(chunkBytes, capacityBytes - offsetBytes);
    const last = ranges.at(-1);
    if (last !== undefined && last.offsetBytes + last.lengthBytes === offsetBytes)
      last.lengthBytes += lengthBytes;
    else ranges.push({ offsetBytes, lengthBytes });
  };
  let parts: PartContents;
  try {
    parts = await PartContents.open(repository, tree, disk, signal);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [{ offsetBytes: 0, lengthBytes: capacityBytes }];
  }
  for (let index = 0; index * chunkBytes < capacityBytes; index += 1) {
    try {
      const id = await parts.chunkId(index, signal);
      if (!(await repository.hasBlob('data', id, signal))) lose(index * chunkBytes);
    } catch (error) {
      // The list of a whole part is lost.
      if (!isDamage(error)) throw error;
      lose(index * chunkBytes);
    }
  }
  return ranges;
}

async function readVolume(
  volume: Volume,
  files: AffectedFile[],
  problems: string[],
  signal: AbortSignal,
): Promise<void> {
  const where = `Volume ${volume.index}`;
  try {
    const fileSystem = await openGuestVolume(volume, signal);
    const unreadable: string[] = [];
    const root = { fileSystem, node: fileSystem.root, path: '/' };
    for await (const { guestPath, stat, kind } of walkGuest(root, '', unreadable, signal)) {
      if (kind !== 'file') continue;
      try {
        for await (const piece of fileSystem.readFile(stat.node, { offsetBytes: 0 }, signal))
          if (piece.byteLength === 0) break;
      } catch (error) {
        if (!isDamage(error)) throw error;
        files.push({ volumeIndex: volume.index, path: guestPath });
      }
    }
    problems.push(...unreadable.map(problem => `${where}: ${problem}`));
  } catch (error) {
    if (!isDamage(error)) throw error;
    problems.push(`${where} cannot be read: ${toAppError(error).message}`);
  }
}

function overlaps(range: LostRange, { offsetBytes, sizeBytes }: Volume): boolean {
  return range.offsetBytes < offsetBytes + sizeBytes && offsetBytes < range.offsetBytes + range.lengthBytes;
}

function isDamage(error: unknown): boolean {
  return AppError.is(error, 'CORRUPT_DATA', 'NOT_FOUND', 'UNSUPPORTED_FORMAT');
}
