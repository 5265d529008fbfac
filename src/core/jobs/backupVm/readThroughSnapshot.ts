import { AppError, toAppError } from '../../../base/errors.ts';
import { allOrNone } from '../../../base/async/allOrNone.ts';
import { JoinedProgress } from '../../../base/joinedProgress.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import type { Manifest } from '../../catalog/manifest.ts';
import { compareLevels } from '../../consistency/level.ts';
import type { RepositoryLock } from '../../repository/locks.ts';
import type { Repository } from '../../repository/repository.ts';
import { openSnapshot, type SnapshotLease } from '../../snapshot/snapshotLease.ts';
import { VimFaultError } from '../../vsphere/faults.ts';
import type { VimSession } from '../../vsphere/session.ts';
import { type PolicyDeps, snapshotByPolicy } from '../snapshotByPolicy.ts';
import { SnapshotEvents } from '../snapshotEvents.ts';
import { assertSnapshotRoom } from './snapshotRoom.ts';
import type { BackupPlan, DiskPlan } from './backupPlan.ts';
import { proveSnapshot, refutations, type SnapshotEvidence } from './consistencyRecord.ts';
import { type ImageEvidence, imageEvidence } from './imageEvidence.ts';
import { openPreviousPoint } from './previousPoint.ts';
import type { ReadDeps } from './readDeps.ts';
import { readPausably } from './readPausably.ts';
import { type ReadBasis, type ReadDisk, readSnapshotDisk } from './readSnapshotDisk.ts';
import { gatherEvidence, manifestPaths } from './snapshotEvidence.ts';
import type { SnapshotDisk } from './transports/diskTransport.ts';
import { findOwnVm } from './transports/ownVm.ts';
import { wasReverted } from './wasReverted.ts';

/** A VM whose disks are stored, though no restore point refers to them yet. */
export interface ReadVm {
  readonly evidence: SnapshotEvidence;
  readonly snapshot: Manifest['snapshot'];
  /** By the server's clock. */
  readonly takenAt: Date;
  /** The VM's configuration as the snapshot kept it. */
  readonly config: SnapshotLease['config'];
  /** What the stored disks themselves say. */
  readonly image: ImageEvidence;
  readonly disks: readonly ReadDisk[];
  readonly problems: readonly AppError[];
}

/** Twice the longest backup anyone should have; then a snapshot of ours is certainly left over. */
const snapshotValidForMs = 48 * 60 * 60_000;

/** A snapshot of the VM of a plan, with what is known of it. Whoever has it reads its disks, or gives it back. */
export interface TakenSnapshot {
  readonly plan: BackupPlan;
  readonly snapshot: SnapshotLease;
  readonly evidence: SnapshotEvidence;
}

/**
 * Takes a snapshot, stores every disk of the plan as it was then, and removes the snapshot: it lives exactly as long as
 * the disks are read.
 */
export async function readThroughSnapshot(
  session: VimSession,
  repository: Repository,
  plan: BackupPlan,
  lock: RepositoryLock,
  deps: ReadDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<ReadVm> {
  const taken = await takeBackupSnapshot(session, plan, lock, deps, onProgress, signal);
  return await readSnapshotDisks(session, repository, taken, deps, onProgress, signal);
}

/** The snapshot of a plan, given back at once if it is less than what the policy allows. None before the lock has settled. */
export async function takeBackupSnapshot(
  session: VimSession,
  plan: BackupPlan,
  lock: RepositoryLock,
  deps: ReadDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<TakenSnapshot> {
  const onPhase = (phase: string) => onProgress({ phase, doneBytes: 0, totalBytes: undefined });
  try {
    await assertSnapshotRoom(session, plan.vm, deps.logger, signal);
    const events = new SnapshotEvents(session, plan.vm.ref);
    const before = { events, manifestPaths: await manifestPaths(session, plan.vm, signal) };
    await lock.settled(signal);
    const { snapshot, ...history } = await snapshotByPolicy(
      plan.vm.name,
      plan.request,
      async quiesce => {
        const name = `Quiesce backup ${deps.clock.now().toISOString()}`;
        const options = { name, job: deps.job, quiesce, validForMs: snapshotValidForMs };
        return await openSnapshot(session, plan.vm, options, deps, signal);
      },
      { ...deps, events, onPhase },
      signal,
    );
    try {
      const evidence = await gatherEvidence(session, plan.vm, snapshot, history, before, deps, signal);
      await requireMinimum(plan, evidence, { ...deps, onPhase }, signal);
      return { plan, snapshot, evidence };
    } catch (error) {
      await giveBackSnapshot(snapshot, deps, onProgress);
      throw error;
    }
  } catch (error) {
    throw explained(error, plan.vm.name);
  }
}

/** Stores the disks of a snapshot and removes it, whether that succeeds or not. */
export async function readSnapshotDisks(
  session: VimSession,
  repository: Repository,
  taken: TakenSnapshot,
  deps: ReadDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<ReadVm> {
  const { plan, snapshot, evidence } = taken;
  let disks: readonly ReadDisk[];
  try {
    const basis = await readBasis(session, repository, taken, deps, signal);
    disks = await readDisks(session, repository, taken, basis, deps, onProgress, signal);
  } catch (error) {
    await giveBackSnapshot(snapshot, deps, onProgress);
    throw explained(error, plan.vm.name);
  }
  const problem = await giveBackSnapshot(snapshot, deps, onProgress);
  onProgress({ phase: 'Looking at the stored disks', doneBytes: 0, totalBytes: undefined });
  return {
    image: await imageEvidence(repository, disks, signal),
    evidence,
    snapshot: {
      id: snapshot.snapshot.value,
      name: snapshot.facts.name,
      quiesced: snapshot.facts.isQuiesced,
    },
    takenAt: snapshot.facts.createdAt,
    config: snapshot.config,
    disks,
    problems: problem === undefined ? [] : [problem],
  };
}

/**
 * Side by side, as far as they have their turns; the first that fails ends the others. Which servers give out several
 * leases of a VM at a time is not documented: what is refused for another one's sake is read after all others.
 */
async function readDisks(
  session: VimSession,
  repository: Repository,
  taken: TakenSnapshot,
  basis: ReadBasis,
  deps: ReadDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<readonly ReadDisk[]> {
  const { vm, disks } = taken.plan;
  const joined = new JoinedProgress(onProgress);
  const planned = disks.map(disk => ({ place: plannedDisk(taken, disk), part: joined.part() }));
  const kept = { vmName: vm.name, takenAt: taken.snapshot.facts.createdAt };
  const read = async ({ place, part }: (typeof planned)[number], stop: AbortSignal): Promise<ReadDisk> => {
    const { onProgress: tell } = part;
    const disk = await readPausably(kept, deps, tell, stop, async reading => {
      using _ = await deps.slots.ofDisk(session.instanceUuid, vm, place.disk, tell, reading);
      return await readSnapshotDisk(session, repository, place, basis, deps, tell, reading);
    });
    part.end();
    return disk;
  };
  const atOnce = await allOrNone(signal, planned, async (disk, both) => {
    try {
      return await read(disk, both);
    } catch (error) {
      if (!VimFaultError.isFault(error, 'TaskInProgress')) throw error;
      const phase = `Waiting for the other disks of ${vm.name}`;
      disk.part.onProgress({ phase, doneBytes: 0, totalBytes: undefined });
      return disk;
    }
  });
  const all: ReadDisk[] = [];
  for (const disk of atOnce) all.push('part' in disk ? await read(disk, signal) : disk);
  return all;
}

/** The server may have taken a snapshot of which the evidence says that it is less than what the policy allows. */
async function requireMinimum(
  { vm, request: { policy, hasUser } }: BackupPlan,
  evidence: SnapshotEvidence,
  { askForLess, onPhase }: Pick<PolicyDeps, 'askForLess' | 'onPhase'>,
  signal: AbortSignal,
): Promise<void> {
  const [refutation] = refutations(evidence.history.level, proveSnapshot(evidence));
  if (refutation === undefined || compareLevels(refutation.to, policy.minimum) >= 0) return;
  if (policy.onShortfall === 'step-down') return;
  if (policy.onShortfall === 'ask' && hasUser) {
    onPhase('Waiting for an answer');
    if (await askForLess(refutation, signal)) return;
  }
  throw new AppError(
    'QUIESCE_FAILED',
    `${vm.name}: the snapshot is not ${refutation.from}-consistent: ${refutation.reason}`,
    {
      object: vm.name,
      remedy: 'Look for the reason in the guest and in the events of the VM, or accept a lower level',
    },
  );
}

/** The server names by their ids what is no longer there; a person knows the VM. */
function explained(error: unknown, vmName: string): unknown {
  if (!VimFaultError.isFault(error, 'ManagedObjectNotFound')) return error;
  return new AppError('NOT_FOUND', `${vmName}: the VM or its snapshot was removed during the backup`, {
    object: vmName,
    remedy: 'Find out in the vSphere client who removed it, and start again if the VM still exists',
    cause: error,
  });
}

/** What was read is good even if the snapshot cannot be removed: that is told, and the journal remembers it. */
export async function giveBackSnapshot(
  snapshot: SnapshotLease,
  deps: ReadDeps,
  onProgress: ProgressListener,
): Promise<AppError | undefined> {
  onProgress({ phase: 'Removing the snapshot', doneBytes: 0, totalBytes: undefined });
  try {
    await snapshot[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    const cause = toAppError(error);
    const { name } = snapshot.vm;
    deps.logger.error('the snapshot could not be removed, it stays in the journal', {
      vm: name,
      problem: cause.message,
    });
    return new AppError(cause.code, `${name}: the snapshot of the backup could not be removed`, {
      object: name,
      remedy: `${cause.remedy ?? 'Look in the vSphere client what holds it'}, then run "quiesce guard"`,
      cause,
    });
  }
}

/** What of the previous restore point can be taken over, and what speaks against it. */
async function readBasis(
  session: VimSession,
  repository: Repository,
  { plan }: TakenSnapshot,
  { logger, machine }: ReadDeps,
  signal: AbortSignal,
): Promise<ReadBasis> {
  const planned = plan.previous.kind === 'none' ? undefined : plan.previous;
  const previous = await openPreviousPoint(repository, planned, signal);
  const since = previous.kind === 'open' ? new Date(previous.point.manifest.takenAt) : undefined;
  return {
    plan,
    previous,
    ownVm: await findOwnVm(session, machine, logger, signal),
    wasReverted: since !== undefined && (await wasReverted(session, plan.vm.ref, since, logger, signal)),
  };
}

function plannedDisk({ snapshot, plan }: TakenSnapshot, { deviceKey, label }: DiskPlan): SnapshotDisk {
  const disk = snapshot.disks.find(candidate => candidate.deviceKey === deviceKey);
  if (disk !== undefined) return { snapshot, disk, datacenterPath: plan.vm.datacenterPath };
  throw new AppError('CONFLICT', `${snapshot.vm.name}: ${label} was removed before the snapshot was taken`, {
    object: snapshot.vm.name,
    remedy: 'Start the backup again',
  });
}
