import { AppError, CorruptDataError } from '../../base/errors.ts';
import type { ManifestDisk } from '../catalog/manifest.ts';

/**
 * Loads something of a disk. A repository knows blobs only: what it misses or finds damaged is said of the disk here.
 * @param what         what is loaded, for the error
 * @param offsetBytes  where on the disk it lies, if at one place
 * @throws CorruptDataError naming the disk; everything else as it is
 */
export async function namingDisk<T>(
  { label }: ManifestDisk,
  what: string,
  load: () => Promise<T>,
  offsetBytes?: number,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!AppError.is(cause, 'NOT_FOUND', 'CORRUPT_DATA')) throw cause;
    throw new CorruptDataError(`${label}: ${what} is missing or damaged in the repository`, {
      object: label,
      cause,
      remedy: 'Check the repository, and use another restore point for this disk',
      ...(offsetBytes !== undefined && { offsetBytes }),
    });
  }
}
