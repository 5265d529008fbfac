import { AppError, toAppError } from '../../../base/errors.ts';
import type { ManifestDisk } from '../../catalog/manifest.ts';
import type { GuestFileSystem } from '../../guestfs/guestFileSystem.ts';
import type { Volume } from '../../volume/volume.ts';
import {
  type FileQuery,
  searchFiles,
  type SearchPlace,
  type SearchStep,
  type UnsearchedFile,
} from './fileSearch.ts';
import type { GuestDisk } from './guestVolumes.ts';

/**
 * Looks for files at and below a path on every volume that has it. Volumes that cannot be read are told among what was not
 * searched.
 * @param open  gives the file system of a volume
 * @throws NOT_FOUND if no volume that can be read has the path; what `searchFiles` throws
 */
export async function* searchPoint(
  disks: readonly GuestDisk[],
  path: string,
  open: (disk: ManifestDisk, volume: Volume) => Promise<GuestFileSystem>,
  query: FileQuery,
  signal: AbortSignal,
): AsyncGenerator<SearchStep, void, undefined> {
  let hasPath = false;
  for (const { disk, listing } of disks) {
    for (const volume of listing.volumes) {
      const place = await placeOn(disk, volume, path, open, signal);
      if (place === undefined) continue;
      hasPath ||= !('reason' in place);
      if ('reason' in place) yield place;
      else yield* searchFiles(place, query, signal);
    }
  }
  if (hasPath) return;
  throw new AppError('NOT_FOUND', `no volume that can be read has ${path}`, {
    object: path,
    remedy: 'Look around with "quiesce ls"',
  });
}

/** Undefined where there is no such path. */
async function placeOn(
  disk: ManifestDisk,
  volume: Volume,
  path: string,
  open: (disk: ManifestDisk, volume: Volume) => Promise<GuestFileSystem>,
  signal: AbortSignal,
): Promise<SearchPlace | UnsearchedFile | undefined> {
  const at = { deviceKey: disk.key, volumeIndex: volume.index };
  try {
    const fileSystem = await open(disk, volume);
    return { ...at, fileSystem, path, node: await fileSystem.lookup(path, signal) };
  } catch (error) {
    const { code, message: problem } = toAppError(error);
    if (code === 'NOT_FOUND') return undefined;
    if (code !== 'UNSUPPORTED_FORMAT' && code !== 'CORRUPT_DATA') throw error;
    return { kind: 'unsearched', ...at, path: '/', reason: 'unreadable', problem };
  }
}
