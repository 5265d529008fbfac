import { userInfo } from 'node:os';

import { latestRestorePoint } from '../../core/catalog/backupSet.ts';
import { readVirtualMachine } from '../../core/inventory/readVirtualMachine.ts';
import { type BackupPlan, planBackup } from '../../core/jobs/backupVm/backupPlan.ts';
import { type BackupResult, backUpVm } from '../../core/jobs/backupVm/backupVm.ts';
import type { Repository } from '../../core/repository/repository.ts';
import type { VimSession } from '../../core/vsphere/session.ts';
import { type BackupResultDto, startBackup } from '../../protocol/job.ts';
import {
  type BackupParams,
  type BackupPlanDto,
  planBackup as planBackupRequest,
} from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { toWireError } from '../../protocol/wireError.ts';
import { program } from '../version.ts';
import type { WorkerParts } from '../workerParts.ts';
import { leftOutDiskDto } from './points.ts';
import { assertPolicy, policyOf } from './policies.ts';
import { predictionDto } from './predictions.ts';
import { vmIdentity } from './vms.ts';

export function serveBackups(handle: Handle, parts: WorkerParts): void {
  const { vcenters, repositories, jobs, leftovers, clock, random } = parts;
  handle(planBackupRequest, async (params, signal) => {
    await using vcenter = vcenters.use(params.vm.vcenter);
    await using repository = repositories.use(params.repository);
    return planDto(await makePlan(vcenter.place.session, repository.place, params, parts, signal));
  });
  handle(startBackup, params => {
    const { vm } = params;
    assertPolicy(params.policy);
    repositories.assertOpen(params.repository);
    const jobId = jobs.start({
      kind: 'backup',
      object: vm.name,
      exclusiveKeys: [vmKey(parts, params.vm)],
      run: async ({ signal, logger, onProgress, askForLess }) => {
        await using vcenter = vcenters.use(vm.vcenter, vm.name);
        await using repository = repositories.use(params.repository, vm.name);
        using journal = leftovers.journalOfJob(() => clock.now());
        const { session, endpoint } = vcenter.place;
        const plan = await makePlan(session, repository.place, params, parts, signal);
        const deps = {
          journal,
          clock,
          random,
          logger,
          askForLess,
          endpoint,
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
  session: VimSession,
  repository: Repository,
  { vm, policy }: BackupParams,
  { hasUser }: WorkerParts,
  signal: AbortSignal,
): Promise<BackupPlan> {
  const facts = await readVirtualMachine(session, vmIdentity(vm), signal);
  const identity = facts.config.instanceUuid ?? facts.config.uuid;
  const knowsSpecs = session.has('quiesceSpec');
  const options = { policy: policyOf(policy), knowsSpecs, hasUser: hasUser() };
  return planBackup(facts, options, await latestRestorePoint(repository, identity, signal));
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
    disks,
    leftOutDisks: leftOutDisks.map(leftOutDiskDto),
    ...(previous !== undefined && { previousPoint: previous.id }),
  };
}

export function backupResultDto({
  pointId,
  manifest,
  receivedBytes,
  storedBytes,
  problems,
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
    problems: problems.map(toWireError),
  };
}
