import { AppError } from '../../../base/errors.ts';
import type { Secret } from '../../../base/secret.ts';
import type { RestorePoint } from '../../catalog/restorePoint.ts';
import type { ChunkCache } from '../../image/chunkCache.ts';
import type { Repository } from '../../repository/repository.ts';
import type { VolumeKeys } from '../../volume/luks/volumeKeys.ts';
import { listGuestVolumes, type GuestDisk } from './guestVolumes.ts';

/**
 * Opens the encrypted volumes of a restore point that a passphrase opens; `keys` has them from then on.
 * @throws AUTHENTICATION if it opens none; NOT_FOUND if none is encrypted
 */
export async function unlockGuestVolumes(
  repository: Repository,
  point: RestorePoint,
  passphrase: Secret,
  keys: VolumeKeys,
  signal: AbortSignal,
  chunks?: ChunkCache,
): Promise<readonly GuestDisk[]> {
  const { name } = point.manifest.vm;
  keys.add(passphrase);
  try {
    const disks = await listGuestVolumes(repository, point, { keys }, signal, chunks);
    if (keys.hasOpened(passphrase)) return disks;
    const isClosed = disks.some(({ listing }) =>
      listing.volumes.some(({ content }) => content?.kind === 'luks'),
    );
    if (!isClosed)
      throw new AppError('NOT_FOUND', `${name} has no closed encrypted volume`, { object: name });
    throw new AppError('AUTHENTICATION', `the passphrase opens no encrypted volume of ${name}`, {
      object: name,
      remedy: 'Type it as the guest asks for it when it starts, with the same keyboard layout',
    });
  } catch (error) {
    keys.remove(passphrase);
    throw error;
  }
}
