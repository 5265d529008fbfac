import { userInfo } from 'node:os';

import { toAppError } from '../../base/errors.ts';
import type { ProgressListener } from '../../base/progress.ts';
import { latestRestorePoint } from '../../core/catalog/backupSet.ts';
import { defaultWholeReads } from '../../core/changes/readDecision.ts';
import { type SeenInGuest, withSeen } from '../../core/consistency/guest/seenInGuest.ts';
import { readVirtualMachine, type VirtualMachineFacts } from '../../core/inventory/readVirtualMachine.ts';
import { type BackupOutlook, readBackupOutlook } from '../../core/jobs/backupVm/backupOutlook.ts';
import { type BackupPlan, planBackup } from '../../core/jobs/backupVm/backupPlan.ts';
import { type Pause, PausedTooLongError } from '../../core/jobs/backupVm/pause.ts';
import type { NamedVm } from '../../core/jobs/notify/notice.ts';
import { openPreviousPoint } from '../../core/jobs/backupVm/previousPoint.ts';
import { type BackupResult, backUpVm } from '../../core/jobs/backupVm/backupVm.ts';
import type { SnapshotRoom } from '../../core/jobs/backupVm/snapshotRoom.ts';
import type { Repository } from '../../core/repository/repository.ts';
import { type BackupResultDto, startBackup } from '../../protocol/job.ts';
import {
  type BackupParams,
  type BackupPlanDto,
  planBackup as planBackupRequest,
  type SnapshotRoomDto,
} from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { VmRef } from '../../protocol/vm.ts';
import { toWireError } from '../../protocol/wireError.ts';
import { program } from '../version.ts';
import type { VCenterPlace } from '../openers.ts';
import type { JobRequest } from '../runningJob.ts';
import type { WorkerParts } from '../workerParts.ts';
import { lookAs } from './liveGuests.ts';
import { leftOutDiskDto, storedDiskDto } from './points.ts';
import { assertPolicy, policyOf } from './policies.ts';
import { predictionDto } from './predictions.ts';
import { assertKitAsked } from './recoveryKits.ts';
import { vmIdentity } from './vms.ts';

export function serveBackups(handle: Handle, parts: WorkerParts): void {
  const { vcenters, repositories, jobs } = parts;
  handle(planBackupRequest, async (params, signal) => {
    await using vcenter = vcenters.use(params.vm.vcenter);
    await using repository = repositories.use(params.repository);
    const plan = await makePlan(vcenter.place, repository.place, params, parts, signal);
    const deps = { ...parts, ...(params.nbd !== undefined && { nbd: { settings: params.nbd } }) };
    return planDto(plan, await readBackupOutlook(vcenter.place.session, plan, deps, signal));
  });
  handle(startBackup, params => {
    assertPolicy(params.policy);
    repositories.assertOpen(params.repository);
    return { jobId: jobs.start(backupRequest(parts, params)) };
  });
}

/** A job that backs up one VM, and can be tried again. */
export function backupRequest(parts: WorkerParts, params: BackupParams): JobRequest {
  const { vcenters, repositories, slots, notifier, leftovers, clock, random, machine } = parts;
  const { vm } = params;
  return {
    kind: 'backup',
    object: vm.name,
    exclusiveKeys: [vmKey(parts, vm)],
    canPause: true,
    retry: () => backupRequest(parts, params),
    run: async ({ jobId: job, signal, pause, logger, onProgress, askForLess }) => {
      const result = await tellingOfFailure(parts, [vm], signal, async () => {
        await using vcenter = vcenters.use(vm.vcenter, vm.name);
        await using repository = repositories.use(params.repository, vm.name);
        using journal = leftovers.journalOfJob(() => clock.now());
        const { session, endpoint, account } = vcenter.place;
        await assertKitAsked(repository.place, signal);
        const username = userInfo().username;
        const deps = {
          ...{ job, journal, clock, random, machine, logger, askForLess },
          ...{ endpoint, slots, pause, program, username },
          ...(params.nbd !== undefined && { nbd: { settings: params.nbd, account } }),
        };
        return await untilNotPaused(pause, vm.name, onProgress, signal, async () => {
          const plan = await makePlan(vcenter.place, repository.place, params, { ...parts, logger }, signal);
          return await backUpVm(session, repository.place, plan, deps, onProgress, signal);
        });
      });
      await notifier.backupEnded(result);
      return backupResultDto(result);
    },
  };
}

/** Tells of each of the VMs. What somebody has cancelled, nobody has to be told. */
export async function tellingOfFailure<Result>(
  parts: Pick<WorkerParts, 'notifier' | 'vcenters'>,
  vms: readonly VmRef[],
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!signal.aborted)
      for (const vm of vms) await parts.notifier.backupFailed(namedVm(parts, vm), toAppError(error));
    throw error;
  }
}

/** As notifications call it: by the address of its server, which is also what the command line knows. */
export function namedVm({ vcenters }: Pick<WorkerParts, 'vcenters'>, { vcenter, name }: VmRef): NamedVm {
  const open = vcenters.list().find(place => place.name === vcenter);
  return { vcenter: open?.place.endpoint.host ?? vcenter, vmName: name };
}

/** Does it again from the start, when it goes on, as often as it was paused for too long. */
async function untilNotPaused<Result>(
  pause: Pause,
  vmName: string,
  onProgress: ProgressListener,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !(error instanceof PausedTooLongError)) throw error;
      waitingWithoutSnapshot(vmName, onProgress);
      await pause.goesOn(signal);
    }
  }
}

export function waitingWithoutSnapshot(vmName: string, onProgress: ProgressListener): void {
  const phase = `Paused: no snapshot of ${vmName} is kept any more`;
  onProgress({ phase, doneBytes: 0, totalBytes: undefined });
}

/** One job at a time works on a VM: its snapshots would get into each other's way. */
export function vmKey({ vcenters }: WorkerParts, { vcenter, id }: BackupParams['vm']): string {
  return `vm ${vcenters.assertOpen(vcenter).session.instanceUuid} ${id}`;
}

export async function makePlan(
  vcenter: VCenterPlace,
  repository: Repository,
  params: BackupParams,
  parts: WorkerParts,
  signal: AbortSignal,
): Promise<BackupPlan> {
  const { vm, policy, wholeReads, transport } = params;
  const { hasUser, clock } = parts;
  const { session } = vcenter;
  const read = await readVirtualMachine(session, vmIdentity(vm), signal);
  const seen = await seenBefore(vcenter, read, params, parts, signal);
  const facts = seen === undefined ? read : { ...read, facts: withSeen(read.facts, seen) };
  const identity = facts.config.instanceUuid ?? facts.config.uuid;
  const knowsSpecs = session.has('quiesceSpec');
  const newest = await latestRestorePoint(repository, identity, signal);
  const previous = await openPreviousPoint(repository, newest, signal);
  const options = {
    policy: policyOf(policy),
    wholeReads: { ...defaultWholeReads, ...wholeReads },
    transport: transport ?? 'auto',
    knowsSpecs,
    hasUser: hasUser(),
    now: clock.now(),
  };
  return planBackup(facts, options, previous);
}

/** What a look finds now if one is wanted, else what one has found lately. */
async function seenBefore(
  vcenter: VCenterPlace,
  read: VirtualMachineFacts,
  { vm, lookAs: user }: BackupParams,
  parts: WorkerParts,
  signal: AbortSignal,
): Promise<SeenInGuest | undefined> {
  if (user === undefined) return vcenter.inventory.seenIn(vm.id);
  try {
    const findings = await lookAs(vcenter, read, { vm, user }, parts, signal);
    for (const { message } of findings.problems) parts.logger.warn(message);
    return findings;
  } catch (error) {
    signal.throwIfAborted();
    parts.logger.warn(`the guest could not be looked into: ${toAppError(error).message}`);
    return undefined;
  }
}

function planDto(plan: BackupPlan, { transports, room }: BackupOutlook): BackupPlanDto {
  const { vm, quiesce, requested, shortfall, predicted, assessment, disks, leftOutDisks, previous } = plan;
  return {
    vmName: vm.name,
    quiesce,
    requested,
    ...(shortfall !== undefined && { shortfall }),
    predicted,
    prediction: predictionDto(assessment),
    disks: disks.map(({ fullReason, ...disk }) => ({
      ...disk,
      ...(fullReason !== undefined && { fullReason }),
    })),
    leftOutDisks: leftOutDisks.map(leftOutDiskDto),
    ...(previous.kind !== 'none' && { previousPoint: previous.id }),
    isTracking: vm.config.changeTrackingEnabled === true,
    transports: transports.map(({ cost, ...transport }) => ({
      ...transport,
      ...(cost !== undefined && { cost }),
    })),
    room: roomDto(room),
  };
}

function roomDto({ oldestAgeMs, ...room }: SnapshotRoom): SnapshotRoomDto {
  return { ...room, ...(oldestAgeMs !== undefined && { oldestAgeMs }) };
}

export function backupResultDto({
  pointId,
  manifest,
  receivedBytes,
  storedBytes,
  problems,
  warnings,
}: BackupResult): BackupResultDto {
  const { requested, proven, claimed, downgrades } = manifest.consistency;
  return {
    kind: 'backup',
    point: pointId,
    requested,
    proven,
    ...(claimed !== undefined && { claimed }),
    downgrades,
    receivedBytes,
    storedBytes,
    disks: manifest.disks.map(storedDiskDto),
    problems: problems.map(toWireError),
    warnings: warnings.map(toWireError),
  };
}
