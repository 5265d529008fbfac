import { type BackupSet, listBackupSets, type RestorePointSummary } from '../../core/catalog/backupSet.ts';
import type { LeftOutDisk, ManifestDisk } from '../../core/catalog/manifest.ts';
import type { RestorePoint } from '../../core/catalog/restorePoint.ts';
import {
  type BackupSetDto,
  type LeftOutDiskDto,
  listPoints,
  type PointDiskDto,
  type PointDto,
  type PointSummaryDto,
  readPoint,
  type StoredDiskDto,
} from '../../protocol/point.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { toWireError } from '../../protocol/wireError.ts';
import { openPoint } from '../guestReaders.ts';
import type { WorkerParts } from '../workerParts.ts';

export function servePoints(handle: Handle, { repositories }: WorkerParts): void {
  handle(listPoints, async ({ repository }, signal) => {
    await using used = repositories.use(repository);
    const { sets, problems } = await listBackupSets(used.place, signal);
    return { sets: sets.map(backupSetDto), problems: problems.map(toWireError) };
  });
  handle(readPoint, async ({ repository, point }, signal) => {
    await using used = repositories.use(repository);
    return pointDto(await openPoint(used.place, point, signal));
  });
}

export function pointDiskDto({ key, label, capacityBytes }: ManifestDisk): PointDiskDto {
  return { deviceKey: key, label, capacityBytes };
}

/** With how it got there. */
export function storedDiskDto(disk: ManifestDisk): StoredDiskDto {
  const { kind, passedOver, readMode, fullReason, fullDetail, readBytes, changedBytes, audit, ...bytes } =
    disk.transport;
  const { receivedBytes, storedBytes } = bytes;
  return {
    ...pointDiskDto(disk),
    read: {
      mode: readMode,
      transport: kind,
      ...(passedOver !== undefined && { passedOver }),
      ...(fullReason !== undefined && { fullReason }),
      ...(fullDetail !== undefined && { fullDetail }),
      receivedBytes,
      ...(readBytes !== undefined && { readBytes }),
      ...(changedBytes !== undefined && { changedBytes }),
      storedBytes,
      ...(audit !== undefined && { audit }),
    },
  };
}

export function leftOutDiskDto({ key, label, reason }: LeftOutDisk): LeftOutDiskDto {
  return { deviceKey: key, label, reason };
}

function backupSetDto({ vmInstanceUuid, vmName, points }: BackupSet): BackupSetDto {
  return { vmInstanceUuid, vmName, points: points.map(pointSummaryDto) };
}

function pointSummaryDto(point: RestorePointSummary): PointSummaryDto {
  const { id, takenAt, vmName, serverInstanceUuid, proven, requested, claimed, group, read } = point;
  return {
    id,
    takenAt: takenAt.toISOString(),
    vmName,
    serverInstanceUuid,
    ...(proven !== undefined && { proven }),
    ...(requested !== undefined && { requested }),
    ...(claimed !== undefined && { claimed }),
    ...(group !== undefined && { group }),
    ...(read !== undefined && { read }),
  };
}

function pointDto({ id, manifest }: RestorePoint): PointDto {
  const { vm, server, consistency, group } = manifest;
  return {
    id,
    takenAt: manifest.takenAt,
    startedAt: manifest.startedAt,
    finishedAt: manifest.finishedAt,
    program: manifest.program,
    vm: {
      instanceUuid: vm.instanceUuid,
      name: vm.name,
      inventoryPath: vm.inventoryPath,
      guestName: vm.guestName,
      powerState: vm.powerState,
    },
    server: { instanceUuid: server.instanceUuid, address: server.address, product: server.product },
    consistency: { attempts: [], applications: [], volumes: [], ...consistency },
    ...(group !== undefined && { group }),
    disks: manifest.disks.map(storedDiskDto),
    leftOutDisks: manifest.leftOutDisks.map(leftOutDiskDto),
  };
}
