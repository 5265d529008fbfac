import { AppError, toAppError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import type { ManifestDisk } from '../../catalog/manifest.ts';
import { type RestorePoint, shortId } from '../../catalog/restorePoint.ts';
import { openGuestVolume } from '../../guestfs/openGuestFileSystem.ts';
import type { GuestFileSystem, NodeId } from '../../guestfs/guestFileSystem.ts';
import { ChunkCache } from '../../image/chunkCache.ts';
import { openDiskImage } from '../../image/diskImage.ts';
import type { Repository } from '../../repository/repository.ts';
import { listVolumes } from '../../volume/listVolumes.ts';
import type { VolumeKeys } from '../../volume/luks/volumeKeys.ts';
import type { Volume, VolumeListing } from '../../volume/volume.ts';
import { assembleVolumes } from '../../volume/assembleVolumes.ts';

/** Chunks of all disks kept while files are read. */
export const guestCacheBytes = 64 * MiB;

export interface GuestDisk {
  readonly disk: ManifestDisk;
  readonly listing: VolumeListing;
}

/** Which volumes to look at; all that is not said is looked through. */
export interface VolumeChoice {
  readonly deviceKey?: number;
  readonly volumeIndex?: number;
  /** What opens encrypted ones; without it they stay closed. */
  readonly keys?: VolumeKeys;
}

/** A guest path and the file system it was found on. */
export interface GuestLocation {
  readonly disk: ManifestDisk;
  readonly volume: Volume;
  readonly fileSystem: GuestFileSystem;
  readonly node: NodeId;
  /** As it was asked for. */
  readonly path: string;
}

/**
 * The disks of a restore point with their volumes, as far as `choice` narrows them. All disks are opened all the same:
 * a logical volume may lie on several. A damaged disk has a problem and no volumes, and does not hide the others.
 * @param chunks  shared with other restore points of the repository that are read
 */
export async function listGuestVolumes(
  repository: Repository,
  point: RestorePoint,
  choice: VolumeChoice,
  signal: AbortSignal,
  chunks = new ChunkCache(repository, guestCacheBytes),
): Promise<GuestDisk[]> {
  const { disks } = point.manifest;
  const listings: VolumeListing[] = [];
  for (const { key } of disks) listings.push(await listDisk(repository, point, key, chunks, signal));
  const assembled = await assembleVolumes(listings, signal, choice.keys);
  const isWanted = ({ index }: Volume) => choice.volumeIndex === undefined || choice.volumeIndex === index;
  return disks.flatMap((disk, position) => {
    const listing = assembled[position];
    if (listing === undefined || (choice.deviceKey ?? disk.key) !== disk.key) return [];
    return [{ disk, listing: { ...listing, volumes: listing.volumes.filter(isWanted) } }];
  });
}

async function listDisk(
  repository: Repository,
  point: RestorePoint,
  deviceKey: number,
  chunks: ChunkCache,
  signal: AbortSignal,
): Promise<VolumeListing> {
  try {
    return await listVolumes(await openDiskImage(repository, point, deviceKey, signal, chunks), signal);
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'NOT_FOUND')) throw error;
    return { scheme: 'none', volumes: [], problems: [error.message] };
  }
}

/**
 * Finds a guest path on the one volume that has it.
 * @throws NOT_FOUND saying what was looked at; CONFLICT if several volumes have such a path
 */
export async function findGuestPath(
  repository: Repository,
  point: RestorePoint,
  path: string,
  choice: VolumeChoice,
  signal: AbortSignal,
  chunks?: ChunkCache,
): Promise<GuestLocation> {
  const found: GuestLocation[] = [];
  const lookedAt: string[] = [];
  for (const { disk, listing } of await listGuestVolumes(repository, point, choice, signal, chunks)) {
    for (const volume of listing.volumes) {
      const result = await lookUp(volume, path, signal);
      if ('node' in result) found.push({ disk, volume, path, ...result });
      else lookedAt.push(`disk ${disk.key} volume ${volume.index}: ${result.problem.message}`);
    }
  }
  const [location, ...others] = found;
  if (location === undefined) throw notFound(point, path, lookedAt);
  if (others.length === 0) return location;
  const places = found.map(({ disk, volume }) => `disk ${disk.key} volume ${volume.index}`).join(', ');
  throw new AppError('CONFLICT', `${path} exists on several volumes: ${places}`, {
    object: path,
    remedy: 'Say which one with --disk and --volume',
  });
}

async function lookUp(
  volume: Volume,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly fileSystem: GuestFileSystem; readonly node: NodeId } | { readonly problem: AppError }> {
  try {
    const fileSystem = await openGuestVolume(volume, signal);
    return { fileSystem, node: await fileSystem.lookup(path, signal) };
  } catch (error) {
    // A volume that cannot be read must not hide the file on another one; it is named if the file is nowhere.
    const problem = toAppError(error);
    if (!AppError.is(problem, 'NOT_FOUND', 'UNSUPPORTED_FORMAT', 'CORRUPT_DATA')) throw error;
    return { problem };
  }
}

function notFound(point: RestorePoint, path: string, lookedAt: readonly string[]): AppError {
  const where = lookedAt.length === 0 ? 'no volume was found' : lookedAt.join('; ');
  return new AppError('NOT_FOUND', `restore point ${shortId(point.id)} has no ${path} (${where})`, {
    object: path,
    remedy: 'Look around with "quiesce ls"',
  });
}
