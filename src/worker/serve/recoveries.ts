import { AppError } from '../../base/errors.ts';
import type { RestorePoint } from '../../core/catalog/restorePoint.ts';
import {
  type Recoverability,
  recoverability,
  type RecoveryVolume,
} from '../../core/consistency/recovery/recoverability.ts';
import type { Granularity } from '../../core/consistency/recovery/recoveryTable.ts';
import { sources } from '../../core/consistency/sources.ts';
import type { GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import { pointFacts } from '../../core/jobs/recovery/pointFacts.ts';
import type { Repository } from '../../core/repository/repository.ts';
import type { Volume } from '../../core/volume/volume.ts';
import {
  readPointRecovery,
  type RecoverabilityDto,
  type RecoveryVolumeDto,
} from '../../protocol/recovery.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { type GuestReaders, openPoint } from '../guestReaders.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveRecoveries(
  handle: Handle,
  { repositories, guestReaders, transfers }: WorkerParts,
): void {
  handle(readPointRecovery, async ({ repository, point: id }, signal) => {
    await using used = repositories.use(repository);
    const point = await openPoint(used.place, id, signal);
    const { volumes, problems } = await volumesOf(used.place, point, guestReaders, signal);
    const { proven, coverage, usedVss, isDomainController, capacityBytes } = pointFacts(point.manifest);
    const facts = { proven, coverage, usedVss, isDomainController, volumes, logChains: [] };
    const measured = {
      disk: await transfers.read('disk', signal),
      vm: await transfers.read('vm', signal),
    };
    const rows = recoverability({ ...facts, allocatedBytes: capacityBytes, transfers: measured.vm });
    const [firstDisk] = point.manifest.disks;
    // One disk is written to a file, and how fast that goes says nothing of a server, nor the other way round.
    const ofOneDisk = recoverability({
      ...facts,
      allocatedBytes: firstDisk?.capacityBytes,
      transfers: measured.disk,
    });
    const timeOf = ({ granularity, time }: Recoverability) =>
      granularity === 'disk' ? (ofOneDisk.find(row => row.granularity === 'disk')?.time ?? time) : time;
    return {
      rows: rows.map(row => rowDto({ ...row, time: timeOf(row) })),
      volumes: volumes.map(volumeDto),
      problems,
    };
  });
}

interface PlacedVolume extends RecoveryVolume {
  readonly deviceKey: number;
  readonly volumeIndex: number;
}

/** A volume is readable if its file system can be opened. A disk that is damaged does not hide the others. */
async function volumesOf(
  repository: Repository,
  point: RestorePoint,
  guestReaders: GuestReaders,
  signal: AbortSignal,
): Promise<{ readonly volumes: readonly PlacedVolume[]; readonly problems: readonly string[] }> {
  const volumes: PlacedVolume[] = [];
  const problems: string[] = [];
  for (const { disk, listing } of await guestReaders.disks(repository, point, signal)) {
    for (const volume of listing.volumes.filter(mayHoldFiles)) {
      const place = { repository: '', point: point.id, deviceKey: disk.key, volumeIndex: volume.index };
      const opened = await openedKind(guestReaders.locate(repository, { ...place, path: '/' }, signal));
      volumes.push({
        ...{ deviceKey: disk.key, volumeIndex: volume.index },
        name: `${disk.label}, ${volume.name === '' ? `volume ${volume.index}` : volume.name}`,
        fileSystem: opened ?? volume.content?.title,
        isReadable: opened !== undefined,
      });
    }
    problems.push(...listing.problems.map(problem => `${disk.label}: ${problem}`));
  }
  return { volumes, problems };
}

/**
 * Boot loaders and the like lie in partitions of which nobody wants a file; what a physical volume of LVM2 holds is in
 * the logical ones.
 */
function mayHoldFiles({ role, content }: Volume): boolean {
  if (content?.kind === 'lvm2' || content?.kind === 'member') return false;
  return content !== undefined || role === 'data' || role === 'lvm' || role === 'raid';
}

/** The kind of a file system that can be read here; undefined where it cannot. */
async function openedKind(opening: Promise<GuestLocation>): Promise<string | undefined> {
  try {
    return (await opening).fileSystem.kind;
  } catch (error) {
    if (!AppError.is(error, 'UNSUPPORTED_FORMAT', 'CORRUPT_DATA', 'NOT_FOUND')) throw error;
    return undefined;
  }
}

function rowDto(row: Recoverability): RecoverabilityDto {
  const { isPossible, operation, caveats, source, time } = row;
  const granularity: Granularity = row.granularity;
  return {
    ...{ granularity, isPossible, caveats, time },
    ...(operation !== undefined && { operation }),
    source: sources[source],
  };
}

function volumeDto({ fileSystem, ...volume }: PlacedVolume): RecoveryVolumeDto {
  return { ...volume, ...(fileSystem !== undefined && { fileSystem }) };
}
