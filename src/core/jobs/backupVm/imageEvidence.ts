import { toAppError } from '../../../base/errors.ts';
import { cachedSource } from '../../block/cachedSource.ts';
import type { ManifestDisk } from '../../catalog/manifest.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { VolumeFinding } from '../../consistency/proof/prove.ts';
import { readRestState } from '../../guestfs/rest/readRestState.ts';
import { openStoredDisk } from '../../image/diskImage.ts';
import type { Repository } from '../../repository/repository.ts';
import { listVolumes } from '../../volume/listVolumes.ts';
import type { PartitionRole, Volume } from '../../volume/volume.ts';

/** A volume of a stored disk, and what its bytes say. */
export interface FoundVolume extends VolumeFinding {
  readonly deviceKey: number;
  readonly volumeIndex: number;
}

/** Chunks of a disk that are kept while its volumes are looked at; a few are read of each. */
const keptChunks = 32;

/** Volumes of these have nothing that a guest would have to bring to rest. */
const withoutData: readonly PartitionRole[] = [
  'efi-system',
  'bios-boot',
  'microsoft-reserved',
  'recovery',
  'swap',
];

/**
 * Looks at the volumes of disks that were just stored, through the repository: what is judged is what can be restored.
 * What cannot be read is told as unknown, and never ends a backup.
 */
export async function imageEvidence(
  repository: Repository,
  disks: readonly { readonly entry: ManifestDisk; readonly tree: BlobId }[],
  signal: AbortSignal,
): Promise<readonly FoundVolume[]> {
  await repository.flush(signal);
  const found: FoundVolume[] = [];
  for (const { entry, tree } of disks) found.push(...(await volumesOf(repository, entry, tree, signal)));
  return found;
}

async function volumesOf(
  repository: Repository,
  disk: ManifestDisk,
  tree: BlobId,
  signal: AbortSignal,
): Promise<readonly FoundVolume[]> {
  try {
    const image = await openStoredDisk(repository, tree, disk, signal);
    const source = cachedSource(image, { chunkBytes: disk.chunkBytes, maxChunks: keptChunks });
    const { volumes, problems } = await listVolumes(source, signal);
    if (volumes.length === 0 && problems.length === 0) return [];
    if (volumes.length === 0)
      return [
        { ...unknown(problems.join('; ')), ...{ deviceKey: disk.key, volumeIndex: 0, label: disk.label } },
      ];
    const found: FoundVolume[] = [];
    for (const volume of volumes.filter(hasData)) found.push(await restOf(disk, volume, signal));
    return found;
  } catch (error) {
    signal.throwIfAborted();
    const finding = toAppError(error).message;
    return [{ ...unknown(finding), ...{ deviceKey: disk.key, volumeIndex: 0, label: disk.label } }];
  }
}

function hasData({ role, content }: Volume): boolean {
  return !withoutData.includes(role) && content?.kind !== 'swap';
}

async function restOf(disk: ManifestDisk, volume: Volume, signal: AbortSignal): Promise<FoundVolume> {
  const name = volume.name === '' ? `volume ${volume.index}` : volume.name;
  const place = { deviceKey: disk.key, volumeIndex: volume.index, label: `${disk.label}, ${name}` };
  try {
    return { ...place, ...(await readRestState(volume.source, signal)) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...place, ...unknown(toAppError(error).message), fileSystem: volume.content?.kind };
  }
}

function unknown(finding: string): Omit<VolumeFinding, 'label'> {
  return { fileSystem: undefined, state: 'unknown', isConclusive: false, finding };
}
