import { AppError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { ManifestDisk } from '../core/catalog/manifest.ts';
import { openRestorePoint, type RestorePoint } from '../core/catalog/restorePoint.ts';
import { ChunkCache } from '../core/image/chunkCache.ts';
import type { GuestFileSystem } from '../core/guestfs/guestFileSystem.ts';
import { openGuestVolume } from '../core/guestfs/openGuestFileSystem.ts';
import {
  guestCacheBytes,
  type GuestDisk,
  type GuestLocation,
  listGuestVolumes,
} from '../core/jobs/guestFiles/guestVolumes.ts';
import { unlockGuestVolumes } from '../core/jobs/guestFiles/unlockVolumes.ts';
import type { VolumeKeys } from '../core/volume/luks/volumeKeys.ts';
import type { Repository } from '../core/repository/repository.ts';
import type { Volume } from '../core/volume/volume.ts';
import type { GuestPath } from '../protocol/guest.ts';

/** Restore points kept open, the least recently used one goes first. */
const maxOpenPoints = 2;

interface OpenPoint {
  readonly disks: readonly GuestDisk[];
  /** By disk and volume. */
  readonly fileSystems: Map<string, GuestFileSystem>;
}

/** The restore points whose files clients browse, kept open from one request to the next. */
export class GuestReaders {
  /** Least recently used first. */
  readonly #points = new Map<string, OpenPoint>();
  /** By the repository's id. */
  readonly #chunks = new Map<string, ChunkCache>();
  readonly #keys: VolumeKeys;

  /** @param keys  of encrypted volumes, in every restore point */
  constructor(keys: VolumeKeys) {
    this.#keys = keys;
  }

  /** The disks of a restore point with their volumes. */
  async disks(
    repository: Repository,
    point: RestorePoint,
    signal: AbortSignal,
  ): Promise<readonly GuestDisk[]> {
    return (await this.#open(repository, point, signal)).disks;
  }

  /** Opens what a passphrase opens, and gives the disks with what is in it. @throws what `unlockGuestVolumes` throws */
  async unlock(
    repository: Repository,
    point: RestorePoint,
    passphrase: Secret,
    signal: AbortSignal,
  ): Promise<readonly GuestDisk[]> {
    const chunks = this.chunksOf(repository);
    const disks = await unlockGuestVolumes(repository, point, passphrase, this.#keys, signal, chunks);
    // Whatever was listed before the key was known.
    this.#points.clear();
    return disks;
  }

  /** @throws NOT_FOUND for a disk, volume or path that does not exist; what the file system throws */
  async locate(
    repository: Repository,
    { point: pointId, deviceKey, volumeIndex, path }: GuestPath,
    signal: AbortSignal,
  ): Promise<GuestLocation> {
    const point = await openPoint(repository, pointId, signal);
    const open = await this.#open(repository, point, signal);
    const found = open.disks.find(({ disk }) => disk.key === deviceKey);
    if (found === undefined) {
      throw new AppError('NOT_FOUND', `the restore point has no disk ${deviceKey}`, {
        object: point.manifest.vm.name,
        remedy: 'List the volumes of the restore point',
      });
    }
    const { disk, listing } = found;
    const volume = listing.volumes.find(({ index }) => index === volumeIndex);
    if (volume === undefined) {
      throw new AppError('NOT_FOUND', `${disk.label} has no volume ${volumeIndex}`, {
        object: disk.label,
        remedy: 'List the volumes of the restore point',
      });
    }
    const fileSystem = await fileSystemOn(open, disk, volume, signal);
    return { disk, volume, fileSystem, path, node: await fileSystem.lookup(path, signal) };
  }

  /** What opens encrypted volumes, for everything that reads guest files. */
  get keys(): VolumeKeys {
    return this.#keys;
  }

  /** The file system on a volume of the restore point. @throws what `openGuestVolume` throws */
  async fileSystem(
    repository: Repository,
    point: RestorePoint,
    disk: ManifestDisk,
    volume: Volume,
    signal: AbortSignal,
  ): Promise<GuestFileSystem> {
    return await fileSystemOn(await this.#open(repository, point, signal), disk, volume, signal);
  }

  /** What is kept of the repository's chunks, for everything that reads guest files. */
  chunksOf(repository: Repository): ChunkCache {
    const chunks = this.#chunks.get(repository.id) ?? new ChunkCache(repository, guestCacheBytes);
    this.#chunks.set(repository.id, chunks);
    return chunks;
  }

  /** Lets go of a repository that is being closed. */
  forget(repositoryId: string): void {
    this.#chunks.delete(repositoryId);
    for (const key of this.#points.keys()) if (key.startsWith(`${repositoryId} `)) this.#points.delete(key);
  }

  /** Only what was opened to the end is kept: who cancels must not fail others that want the same. */
  async #open(repository: Repository, point: RestorePoint, signal: AbortSignal): Promise<OpenPoint> {
    const key = `${repository.id} ${point.id}`;
    const open = this.#points.get(key) ?? {
      disks: await listGuestVolumes(
        repository,
        point,
        { keys: this.#keys },
        signal,
        this.chunksOf(repository),
      ),
      fileSystems: new Map<string, GuestFileSystem>(),
    };
    this.#points.delete(key);
    this.#points.set(key, open);
    const [oldest] = this.#points.keys();
    if (this.#points.size > maxOpenPoints && oldest !== undefined) this.#points.delete(oldest);
    return open;
  }
}

async function fileSystemOn(
  { fileSystems }: OpenPoint,
  { key: deviceKey }: ManifestDisk,
  volume: Volume,
  signal: AbortSignal,
): Promise<GuestFileSystem> {
  const key = `${deviceKey} ${volume.index}`;
  const known = fileSystems.get(key);
  if (known !== undefined) return known;
  const opened = await openGuestVolume(volume, signal);
  fileSystems.set(key, opened);
  return opened;
}

export async function openPoint(
  repository: Repository,
  pointId: string,
  signal: AbortSignal,
): Promise<RestorePoint> {
  return await openRestorePoint(repository, await repository.findSnapshot(pointId, signal), signal);
}
