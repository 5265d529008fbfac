import { type AppError, toAppError } from '../../../base/errors.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { commitRestorePoint } from '../../catalog/commitRestorePoint.ts';
import type { Manifest, ManifestGroup } from '../../catalog/manifest.ts';
import { readKindOf } from '../../catalog/readKind.ts';
import type { RepositoryLock } from '../../repository/locks.ts';
import type { Repository } from '../../repository/repository.ts';
import type { SnapshotId } from '../../repository/snapshot.ts';
import { underSharedLock } from '../../repository/underLock.ts';
import type { VimSession } from '../../vsphere/session.ts';
import { assertRoom } from '../assertRoom.ts';
import type { BackupPlan } from './backupPlan.ts';
import { consistencyRecord } from './consistencyRecord.ts';
import type { ReadDeps } from './readDeps.ts';
import { readThroughSnapshot, type ReadVm } from './readThroughSnapshot.ts';

export interface BackupDeps extends ReadDeps {
  /** How the program signs the restore point, for instance `quiesce 0.1.0`. */
  readonly program: string;
  readonly username: string;
  /** How long to wait for somebody who keeps the repository from others, as a prune does; without: half an hour. */
  readonly maxWaitMs?: number;
}

export interface BackupResult {
  readonly pointId: SnapshotId;
  readonly manifest: Manifest;
  /** What crossed the network, compressed. */
  readonly receivedBytes: number;
  /** What the repository grew by, apart from a few kilobytes of metadata. */
  readonly storedBytes: number;
  /** The restore point is good, but something was left that `quiesce guard` will try again. */
  readonly problems: readonly AppError[];
  /** Something was wrong that this restore point is free of; earlier ones may not be. */
  readonly warnings: readonly AppError[];
}

/**
 * Carries out the plan once it is its turn: snapshot, every disk to its end, snapshot removed, restore point written. On any error or
 * cancellation the snapshot is removed and no restore point appears; chunks already stored are found by the next try.
 */
export async function backUpVm(
  session: VimSession,
  repository: Repository,
  plan: BackupPlan,
  deps: BackupDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<BackupResult> {
  await deps.pause.goesOn(signal);
  using _ = await deps.slots.ofVms(session.instanceUuid, [plan.vm], onProgress, signal);
  const startedAt = deps.clock.now();
  return await underVmLock(repository, plan, deps, onProgress, signal, async (lock, held) => {
    const read = await readThroughSnapshot(session, repository, plan, lock, deps, onProgress, held);
    const backup = { plan, read, startedAt, lock, group: undefined };
    return await commitBackup(session, repository, backup, deps, onProgress, held);
  });
}

/** Longer than the few packs take that are on their way. */
const keepTimeoutMs = 30_000;

/**
 * Keeps others from backing up the same VM into the repository while it works; waits for whoever removes something. What
 * was stored is found by the next try, also if the work fails.
 */
export async function underVmLock<Result>(
  repository: Repository,
  { vm }: BackupPlan,
  deps: Pick<BackupDeps, 'journal' | 'clock' | 'logger' | 'maxWaitMs'>,
  onProgress: ProgressListener,
  signal: AbortSignal,
  work: (lock: RepositoryLock, held: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { journal, clock, maxWaitMs } = deps;
  const { instanceUuid, uuid } = vm.config;
  const request = { mode: 'shared', journal, vmId: instanceUuid ?? uuid } as const;
  await assertRoom(repository, signal);
  const patience = { clock, onProgress, ...(maxWaitMs !== undefined && { maxWaitMs }) };
  return await underSharedLock(repository, request, patience, signal, async (lock, held) => {
    try {
      return await work(lock, held);
    } catch (error) {
      await keepStored(repository, lock, deps);
      throw error;
    }
  });
}

/** The failure of the work is what its caller must see. Without the lock nobody knows what others have removed. */
async function keepStored(
  repository: Repository,
  { lost }: RepositoryLock,
  { logger }: Pick<BackupDeps, 'logger'>,
): Promise<void> {
  if (lost.aborted) return;
  try {
    await repository.flush(AbortSignal.any([lost, AbortSignal.timeout(keepTimeoutMs)]));
  } catch (error) {
    logger.info('what was stored is stored again by the next try', { problem: toAppError(error).message });
  }
}

/** A VM that was read, and what its restore point needs besides. */
export interface ReadBackup {
  readonly plan: BackupPlan;
  readonly read: ReadVm;
  readonly startedAt: Date;
  readonly lock: RepositoryLock;
  readonly group: ManifestGroup | undefined;
}

/** Writes the restore point. */
export async function commitBackup(
  session: VimSession,
  repository: Repository,
  backup: ReadBackup,
  deps: BackupDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<BackupResult> {
  onProgress({ phase: 'Writing the restore point', doneBytes: 0, totalBytes: undefined });
  const { plan, read, lock } = backup;
  const manifest = composeManifest(session, backup, deps);
  const pointId = await commit(repository, plan, read, manifest, lock, deps, signal);
  const unrecorded = await recordBackup(repository, manifest, pointId, signal);
  return {
    pointId,
    manifest,
    receivedBytes: sum(manifest.disks, disk => disk.transport.receivedBytes),
    storedBytes: sum(manifest.disks, disk => disk.transport.storedBytes),
    problems: [...read.problems, ...unrecorded],
    warnings: read.disks.flatMap(({ warning }) => warning ?? []),
  };
}

/** The restore point is there: whoever cannot write down that it was made has a problem, but no failed backup. */
async function recordBackup(
  repository: Repository,
  manifest: Manifest,
  pointId: SnapshotId,
  signal: AbortSignal,
): Promise<readonly AppError[]> {
  try {
    const subject = `${manifest.vm.name}, ${readKindOf(manifest)}`;
    await repository.record({ action: 'backup', subject, ids: [pointId] }, signal);
    return [];
  } catch (error) {
    return [toAppError(error)];
  }
}

function composeManifest(
  session: VimSession,
  { plan, read, startedAt, group }: ReadBackup,
  deps: BackupDeps,
): Manifest {
  const { config } = read;
  return {
    version: 1,
    program: deps.program,
    vm: {
      instanceUuid: config.instanceUuid ?? config.uuid,
      biosUuid: config.uuid,
      name: plan.vm.name,
      id: plan.vm.ref.value,
      inventoryPath: plan.vm.inventoryPath,
      ...(plan.vm.resourcePool !== undefined && { resourcePool: plan.vm.resourcePool.name }),
      guestId: config.guestId,
      guestName: config.guestFullName,
      powerState: plan.vm.runtime.powerState,
    },
    server: {
      instanceUuid: session.instanceUuid,
      address: deps.endpoint.host,
      product: session.about.fullName,
      apiVersion: session.about.apiVersion,
    },
    takenAt: read.takenAt.toISOString(),
    startedAt: startedAt.toISOString(),
    finishedAt: deps.clock.now().toISOString(),
    consistency: consistencyRecord(plan.requested, plan.predicted, read.evidence, read.image),
    snapshot: read.snapshot,
    ...(group !== undefined && { group }),
    disks: read.disks.map(({ entry }) => entry),
    leftOutDisks: plan.leftOutDisks,
  };
}

async function commit(
  repository: Repository,
  plan: BackupPlan,
  read: ReadVm,
  manifest: Manifest,
  lock: RepositoryLock,
  deps: BackupDeps,
  signal: AbortSignal,
): Promise<SnapshotId> {
  const content = {
    manifest,
    config: `${JSON.stringify(read.config, undefined, 2)}\n`,
    disks: new Map(read.disks.map(({ entry, tree }) => [entry.key, tree])),
    parent: plan.previous.kind === 'none' ? undefined : plan.previous.id,
    username: deps.username,
  };
  return await commitRestorePoint(repository, content, lock, signal);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
