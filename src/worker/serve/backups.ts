import { userInfo } from 'node:os';

import { toAppError } from '../../base/errors.ts';
import { latestRestorePoint } from '../../core/catalog/backupSet.ts';
import { defaultWholeReads } from '../../core/changes/readDecision.ts';
import { type SeenInGuest, withSeen } from '../../core/consistency/guest/seenInGuest.ts';
import { readVirtualMachine, type VirtualMachineFacts } from '../../core/inventory/readVirtualMachine.ts';
import { type BackupPlan, planBackup } from '../../core/jobs/backupVm/backupPlan.ts';
import { openPreviousPoint } from '../../core/jobs/backupVm/previousPoint.ts';
import { type BackupResult, backUpVm } from '../../core/jobs/backupVm/backupVm.ts';
import type { Repository } from '../../core/repository/repository.ts';
import { type BackupResultDto, startBackup } from '../../protocol/job.ts';
import {
  type BackupParams,
  type BackupPlanDto,
  planBackup as planBackupRequest,
} from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { toWireError } from '../../protocol/wireError.ts';
import { program } from '../version.ts';
import type { VCenterPlace } from '../openers.ts';
import type { WorkerParts } from '../workerParts.ts';
import { lookAs } from './liveGuests.ts';
import { leftOutDiskDto, storedDiskDto } from './points.ts';
import { assertPolicy, policyOf } from './policies.ts';
import { predictionDto } from './predictions.ts';
import { assertKitAsked } from './recoveryKits.ts';
import { vmIdentity } from './vms.ts';

export function serveBackups(handle: Handle, parts: WorkerParts): void {
  const { vcenters, repositories, jobs, slots, leftovers, clock, random } = parts;
  handle(planBackupRequest, async (params, signal) => {
    await using vcenter = vcenters.use(params.vm.vcenter);
    await using repository = repositories.use(params.repository);
    return planDto(await makePlan(vcenter.place, repository.place, params, parts, signal));
  });
  handle(startBackup, params => {
    const { vm } = params;
    assertPolicy(params.policy);
    repositories.assertOpen(params.repository);
    const jobId = jobs.start({
      kind: 'backup',
      object: vm.name,
      exclusiveKeys: [vmKey(parts, params.vm)],
      run: async ({ jobId: job, signal, logger, onProgress, askForLess }) => {
        await using vcenter = vcenters.use(vm.vcenter, vm.name);
        await using repository = repositories.use(params.repository, vm.name);
        using journal = leftovers.journalOfJob(() => clock.now());
        const { session, endpoint } = vcenter.place;
        await assertKitAsked(repository.place, signal);
        const plan = await makePlan(vcenter.place, repository.place, params, { ...parts, logger }, signal);
        const deps = {
          job,
          journal,
          clock,
          random,
          logger,
          askForLess,
          endpoint,
          slots,
          program,
          username: userInfo().username,
        };
        return backupResultDto(await backUpVm(session, repository.place, plan, deps, onProgress, signal));
      },
    });
    return { jobId };
  });
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

function planDto(plan: BackupPlan): BackupPlanDto {
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
  };
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
