import { AppError } from '../../base/errors.ts';
import type { BlockSource } from '../block/blockSource.ts';
import { identifyContent, type ContentSignature } from '../block/contentSignature.ts';
import { openBtrfs } from './btrfs/btrfs.ts';
import { openExt4 } from './ext4/ext4.ts';
import { openExfat } from './fat/exfat.ts';
import { openFat } from './fat/fat.ts';
import type { GuestFileSystem } from './guestFileSystem.ts';
import { openNtfs } from './ntfs/ntfs.ts';
import { openXfs } from './xfs/xfs.ts';

const unlockInWindows =
  'Restore the whole disk and unlock it in Windows with its recovery key; the key must still exist';

/** A volume as it was found among those of a VM. */
export interface GuestVolume {
  /** Read at random in small pieces: give it a cache if it is remote. */
  readonly source: BlockSource;
  readonly content?: ContentSignature | undefined;
  /** The further devices of the file system, where it lies on several. */
  readonly otherDevices?: readonly BlockSource[];
}

/**
 * Opens the file system a volume holds.
 * @throws UNSUPPORTED_FORMAT that names what was found instead, or that it is encrypted and was not unlocked; what the reader of the file system throws
 */
export async function openGuestVolume(
  { source, content, otherDevices }: GuestVolume,
  signal: AbortSignal,
): Promise<GuestFileSystem> {
  if (content?.kind === 'member') throw unreadable(content.title);
  return await openGuestFileSystem(source, signal, otherDevices);
}

/** Like `openGuestVolume`, for bytes of which nothing else is known. */
export async function openGuestFileSystem(
  volume: BlockSource,
  signal: AbortSignal,
  otherDevices: readonly BlockSource[] = [],
): Promise<GuestFileSystem> {
  const content = await identifyContent(volume, signal);
  if (content?.kind === 'ext') return await openExt4(volume, signal);
  if (content?.kind === 'xfs') return await openXfs(volume, signal);
  if (content?.kind === 'btrfs') return await openBtrfs([volume, ...otherDevices], signal);
  if (content?.kind === 'ntfs') return await openNtfs(volume, signal);
  if (content?.kind === 'fat') return await openFat(volume, signal);
  if (content?.kind === 'exfat') return await openExfat(volume, signal);
  if (content?.kind === 'luks')
    throw locked('LUKS and has not been unlocked', 'Unlock it with its passphrase');
  if (content?.kind === 'bitlocker') throw locked('BitLocker', unlockInWindows);
  throw unreadable(content?.title ?? 'no known file system');
}

function locked(by: string, remedy: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `the volume is encrypted with ${by}`, { remedy });
}

function unreadable(found: string): AppError {
  return new AppError('UNSUPPORTED_FORMAT', `the volume holds ${found}; its files cannot be read here`, {
    remedy: 'Restore the whole disk and read the files in a guest',
  });
}
