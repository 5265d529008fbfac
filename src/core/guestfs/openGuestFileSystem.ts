import { AppError } from '../../base/errors.ts';
import type { BlockSource } from '../block/blockSource.ts';
import { identifyContent } from '../block/contentSignature.ts';
import { openExt4 } from './ext4/ext4.ts';
import { openExfat } from './fat/exfat.ts';
import { openFat } from './fat/fat.ts';
import type { GuestFileSystem } from './guestFileSystem.ts';
import { openNtfs } from './ntfs/ntfs.ts';
import { openXfs } from './xfs/xfs.ts';

/**
 * Opens the file system a volume holds.
 * @param volume  read at random in small pieces: give it a cache if it is remote
 * @throws UNSUPPORTED_FORMAT that names what was found instead; what the reader of the file system throws
 */
export async function openGuestFileSystem(
  volume: BlockSource,
  signal: AbortSignal,
): Promise<GuestFileSystem> {
  const content = await identifyContent(volume, signal);
  if (content?.kind === 'ext') return await openExt4(volume, signal);
  if (content?.kind === 'xfs') return await openXfs(volume, signal);
  if (content?.kind === 'ntfs') return await openNtfs(volume, signal);
  if (content?.kind === 'fat') return await openFat(volume, signal);
  if (content?.kind === 'exfat') return await openExfat(volume, signal);
  const found = content === undefined ? 'no known file system' : content.title;
  throw new AppError('UNSUPPORTED_FORMAT', `the volume holds ${found}; its files cannot be read here`, {
    remedy: 'Restore the whole disk and read the files in a guest',
  });
}
