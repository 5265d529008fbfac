import { AppError } from '../base/errors.ts';
import { openRestorePoint, type RestorePoint } from '../core/catalog/restorePoint.ts';
import type { GuestFileSystem } from '../core/guestfs/guestFileSystem.ts';
import { openGuestFileSystem } from '../core/guestfs/openGuestFileSystem.ts';
import {
  type GuestDisk,
  type GuestLocation,
  listGuestVolumes,
} from '../core/jobs/guestFiles/guestVolumes.ts';
import type { Repository } from '../core/repository/repository.ts';
import type { GuestPath } from '../protocol/guest.ts';

/** Disks kept open, the least recently used one goes first: each may hold 128 MiB of chunks. */
const maxOpenDisks = 4;

interface OpenDisk {
  readonly disk: GuestDisk;
  readonly fileSystems: Map<number, GuestFileSystem>;
}

/** The disks that clients browse, kept open from one request to the next. */
export class GuestReaders {
  /** Least recently used first. */
  readonly #disks = new Map<string, OpenDisk>();

  /** A disk of the restore point with its volumes. */
  async disk(
    repository: Repository,
    point: RestorePoint,
    deviceKey: number,
    signal: AbortSignal,
  ): Promise<GuestDisk> {
    return (await this.#open(repository, point, deviceKey, signal)).disk;
  }

  /** @throws NOT_FOUND for a disk, volume or path that does not exist; what the file system throws */
  async locate(
    repository: Repository,
    { point: pointId, deviceKey, volumeIndex, path }: GuestPath,
    signal: AbortSignal,
  ): Promise<GuestLocation> {
    const point = await openPoint(repository, pointId, signal);
    const open = await this.#open(repository, point, deviceKey, signal);
    const { disk, listing } = open.disk;
    const volume = listing.volumes.find(({ index }) => index === volumeIndex);
    if (volume === undefined) {
      throw new AppError('NOT_FOUND', `${disk.label} has no volume ${volumeIndex}`, {
        object: disk.label,
        remedy: 'List the volumes of the restore point',
      });
    }
    let fileSystem = open.fileSystems.get(volumeIndex);
    if (fileSystem === undefined) {
      fileSystem = await openGuestFileSystem(volume.source, signal);
      open.fileSystems.set(volumeIndex, fileSystem);
    }
    return { disk, volume, fileSystem, path, node: await fileSystem.lookup(path, signal) };
  }

  /** Lets go of a repository that is being closed. */
  forget(repositoryId: string): void {
    for (const key of this.#disks.keys()) if (key.startsWith(`${repositoryId} `)) this.#disks.delete(key);
  }

  /** Only what was opened to the end is kept: who cancels must not fail others that want the same. */
  async #open(
    repository: Repository,
    point: RestorePoint,
    deviceKey: number,
    signal: AbortSignal,
  ): Promise<OpenDisk> {
    const key = `${repository.id} ${point.id} ${deviceKey}`;
    let open = this.#disks.get(key);
    if (open === undefined) {
      const [disk] = await listGuestVolumes(repository, point, { deviceKey }, signal);
      if (disk === undefined) {
        throw new AppError('NOT_FOUND', `the restore point has no disk ${deviceKey}`, {
          object: point.manifest.vm.name,
          remedy: 'List the volumes of the restore point',
        });
      }
      open = { disk, fileSystems: new Map() };
    }
    this.#disks.delete(key);
    this.#disks.set(key, open);
    const [oldest] = this.#disks.keys();
    if (this.#disks.size > maxOpenDisks && oldest !== undefined) this.#disks.delete(oldest);
    return open;
  }
}

export async function openPoint(
  repository: Repository,
  pointId: string,
  signal: AbortSignal,
): Promise<RestorePoint> {
  return await openRestorePoint(repository, await repository.findSnapshot(pointId, signal), signal);
}
