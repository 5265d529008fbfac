import { toAppError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import type { ManifestDisk } from '../../catalog/manifest.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { FoundToken } from '../../consistency/proof/freezeToken.ts';
import type { VolumeFinding } from '../../consistency/proof/prove.ts';
import { readRestState } from '../../guestfs/rest/readRestState.ts';
import { ChunkCache } from '../../image/chunkCache.ts';
import { openStoredDisk } from '../../image/diskImage.ts';
import type { Repository } from '../../repository/repository.ts';
import { assembleVolumes } from '../../volume/assembleVolumes.ts';
import { listVolumes } from '../../volume/listVolumes.ts';
import type { PartitionRole, Volume, VolumeListing } from '../../volume/volume.ts';
import { tokensOn } from './imageTokens.ts';

/** A volume of a stored disk, and what its bytes say. */
export interface FoundVolume extends VolumeFinding {
  readonly deviceKey: number;
  readonly volumeIndex: number;
}

/** What the stored disks say of the moment they are of. */
export interface ImageEvidence {
  readonly volumes: readonly FoundVolume[];
  /** What freeze scripts have left on them. */
  readonly tokens: readonly FoundToken[];
}

interface StoredDisk {
  readonly entry: ManifestDisk;
  readonly tree: BlobId;
}

/** Chunks of all disks that are kept while volumes are looked at; a few are read of each. */
const keptBytes = 32 * MiB;

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
  disks: readonly StoredDisk[],
  signal: AbortSignal,
): Promise<ImageEvidence> {
  await repository.flush(signal);
  const listings: VolumeListing[] = [];
  const chunks = new ChunkCache(repository, keptBytes);
  for (const disk of disks) listings.push(await listingOf(repository, disk, chunks, signal));
  const assembled = await assembledIfPossible(listings, signal);
  const isJoined = assembled.some(({ volumes }) => volumes.some(isMadeOfOthers));
  const volumes: FoundVolume[] = [];
  const tokens: FoundToken[] = [];
  for (const [index, { entry }] of disks.entries()) {
    const listing = assembled[index] ?? { volumes: [], problems: [] };
    if (listing.volumes.length === 0 && listing.problems.length > 0)
      volumes.push({ ...placeOf(entry, undefined), ...unknown(listing.problems.join('; ')) });
    for (const volume of listing.volumes.filter(hasData)) {
      // What it is a part of is looked at by itself.
      if (volume.content?.kind === 'member' && isJoined) continue;
      volumes.push(await restOf(entry, volume, signal));
      tokens.push(...(await tokensOn(volume, signal)));
    }
  }
  return { volumes, tokens };
}

async function listingOf(
  repository: Repository,
  { entry, tree }: StoredDisk,
  chunks: ChunkCache,
  signal: AbortSignal,
): Promise<VolumeListing> {
  try {
    return await listVolumes(await openStoredDisk(repository, tree, entry, signal, chunks), signal);
  } catch (error) {
    signal.throwIfAborted();
    return { scheme: 'none', volumes: [], problems: [toAppError(error).message] };
  }
}

async function assembledIfPossible(
  listings: readonly VolumeListing[],
  signal: AbortSignal,
): Promise<readonly VolumeListing[]> {
  try {
    return await assembleVolumes(listings, signal);
  } catch {
    signal.throwIfAborted();
    return listings;
  }
}

function isMadeOfOthers({ typeId, index, otherDevices = [] }: Volume): boolean {
  return (typeId === undefined && index > 0) || otherDevices.length > 0;
}

function hasData({ role, content }: Volume): boolean {
  return !withoutData.includes(role) && content?.kind !== 'swap';
}

async function restOf(disk: ManifestDisk, volume: Volume, signal: AbortSignal): Promise<FoundVolume> {
  const place = placeOf(disk, volume);
  try {
    return { ...place, ...(await readRestState(volume.source, signal)) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...place, ...unknown(toAppError(error).message), fileSystem: volume.content?.kind };
  }
}

/** @param volume  undefined for a disk of which none can be found */
function placeOf(
  { key, label }: ManifestDisk,
  volume: Volume | undefined,
): Pick<FoundVolume, 'deviceKey' | 'volumeIndex' | 'label'> {
  if (volume === undefined) return { deviceKey: key, volumeIndex: 0, label };
  const name = volume.name === '' ? `volume ${volume.index}` : volume.name;
  return { deviceKey: key, volumeIndex: volume.index, label: `${label}, ${name}` };
}

function unknown(finding: string): Omit<VolumeFinding, 'label'> {
  return { fileSystem: undefined, state: 'unknown', isConclusive: false, finding };
}
