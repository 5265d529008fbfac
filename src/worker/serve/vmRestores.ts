import type { RestorePoint } from '../../core/catalog/restorePoint.ts';
import { measureTransfer } from '../../core/goals/measureTransfer.ts';
import { placementChoices } from '../../core/jobs/restoreVm/placementChoices.ts';
import { restoreVm } from '../../core/jobs/restoreVm/restoreVm.ts';
import { planVmRestore, type VmRestorePlan } from '../../core/jobs/restoreVm/vmRestorePlan.ts';
import type { VimSession } from '../../core/vsphere/session.ts';
import { startVmRestore } from '../../protocol/job.ts';
import {
  listPlacements,
  planVmRestore as planRequest,
  type VmRestoreParams,
  type VmRestorePlanDto,
} from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { openPoint } from '../guestReaders.ts';
import { whileReading } from '../whileReading.ts';
import type { WorkerParts } from '../workerParts.ts';
import { pointDiskDto } from './points.ts';

export function serveVmRestores(handle: Handle, parts: WorkerParts): void {
  const { vcenters, repositories, jobs, leftovers, clock, random } = parts;
  handle(planRequest, async (params, signal) => {
    await using vcenter = vcenters.use(params.vcenter);
    await using repository = repositories.use(params.repository);
    const point = await openPoint(repository.place, params.point, signal);
    return planDto(params.vcenter, await makePlan(vcenter.place.session, point, params, signal));
  });
  handle(listPlacements, async ({ vcenter: name, repository: repositoryName, point: id }, signal) => {
    await using vcenter = vcenters.use(name);
    await using repository = repositories.use(repositoryName);
    return await placementChoices(
      vcenter.place.session,
      await openPoint(repository.place, id, signal),
      signal,
    );
  });
  handle(startVmRestore, params => {
    const { name } = params;
    const { instanceUuid } = vcenters.assertOpen(params.vcenter).session;
    repositories.assertOpen(params.repository);
    const jobId = jobs.start({
      kind: 'restoreVm',
      object: name,
      exclusiveKeys: [`new VM ${instanceUuid} ${params.folder ?? ''} ${name}`],
      run: async context => {
        const { logger, onProgress } = context;
        await using vcenter = vcenters.use(params.vcenter, name);
        await using repository = repositories.use(params.repository, name);
        using journal = leftovers.journalOfJob(() => clock.now());
        const { session, endpoint } = vcenter.place;
        return await whileReading(parts, repository.place, context, async held => {
          const point = await openPoint(repository.place, params.point, held);
          const plan = await makePlan(session, point, params, held);
          for (const warning of plan.warnings) logger.warn(`the server warns: ${warning}`);
          const deps = { journal, clock, random, logger, endpoint };
          const bytes = plan.disks.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
          const restore = async () =>
            await restoreVm(session, repository.place, point, plan, deps, onProgress, held);
          const vm = await measureTransfer(parts, 'vm', bytes, restore);
          return { kind: 'restoreVm', vm: { vcenter: params.vcenter, id: vm.value, name } };
        });
      },
    });
    return { jobId };
  });
}

async function makePlan(
  session: VimSession,
  point: RestorePoint,
  { name, folder, resourcePool, datastore, networks, connectNetworks }: VmRestoreParams,
  signal: AbortSignal,
): Promise<VmRestorePlan> {
  const networksByName = new Map(networks.map(({ from, to }) => [from, to]));
  const options = { name, folder, resourcePool, datastore, networks: networksByName, connectNetworks };
  return await planVmRestore(session, point, options, signal);
}

function planDto(vcenter: string, plan: VmRestorePlan): VmRestorePlanDto {
  const { originalName, name, placement, networks, connectNetworks, disks, changes, warnings } = plan;
  return {
    ...{ originalName, vcenter, name },
    folder: placement.folder.name,
    resourcePool: placement.resourcePool.name,
    datastore: placement.datastore.name,
    ...{ networks, connectNetworks },
    disks: disks.map(pointDiskDto),
    changes: changes.map(({ field, reason }) => ({ field, reason })),
    warnings,
  };
}
