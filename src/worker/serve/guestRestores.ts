import { recordRestore } from '../../core/jobs/recordRestore.ts';
import type { GuestSession } from '../../core/guestops/guestSession.ts';
import type { GuestTransferDeps } from '../../core/guestops/node/guestTransfer.ts';
import type { GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import { dateOf } from '../../core/jobs/restoreToGuest/attributes.ts';
import { executeGuestRestore } from '../../core/jobs/restoreToGuest/executeGuestRestore.ts';
import type { GuestRestoreItem, GuestRestorePlan } from '../../core/jobs/restoreToGuest/guestRestorePlan.ts';
import { planGuestRestore } from '../../core/jobs/restoreToGuest/planGuestRestore.ts';
import type { GuestNode } from '../../core/guestops/guestSession.ts';
import type { Repository } from '../../core/repository/repository.ts';
import { maxKeptAside, startGuestRestore } from '../../protocol/job.ts';
import {
  type GuestRestoreItemDto,
  type GuestRestoreParams,
  type GuestRestorePlanDto,
  type LiveFileDto,
  maxPlannedItems,
  planGuestRestore as planRequest,
} from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { GuestReaders } from '../guestReaders.ts';
import { whileReading } from '../whileReading.ts';
import type { WorkerParts } from '../workerParts.ts';
import { openKnownGuest } from './liveGuests.ts';

export function serveGuestRestores(handle: Handle, parts: WorkerParts): void {
  const { vcenters, repositories, jobs, leftovers, guestReaders, guestPasswords, clock, random } = parts;
  handle(planRequest, async (params, signal) => {
    await using vcenter = vcenters.use(params.guest.vm.vcenter);
    await using repository = repositories.use(params.repository);
    const guest = await openKnownGuest(vcenter.place, params.guest, guestPasswords, signal);
    const deps = { clock, endpoint: vcenter.place.endpoint };
    return planDto(await makePlan(guestReaders, repository.place, guest, params, deps, signal));
  });
  handle(startGuestRestore, params => {
    const { vm } = params.guest;
    const { instanceUuid } = vcenters.assertOpen(vm.vcenter).session;
    repositories.assertOpen(params.repository);
    const jobId = jobs.start({
      kind: 'restoreToGuest',
      object: vm.name,
      exclusiveKeys: [`guest ${instanceUuid} ${vm.id}`],
      run: async context => {
        const { logger, onProgress } = context;
        await using vcenter = vcenters.use(vm.vcenter, vm.name);
        await using repository = repositories.use(params.repository, vm.name);
        using journal = leftovers.journalOfJob(() => clock.now());
        return await whileReading(parts, repository.place, context, async held => {
          const guest = await openKnownGuest(vcenter.place, params.guest, guestPasswords, held);
          const deps = { journal, clock, random, logger, endpoint: vcenter.place.endpoint };
          onProgress({ phase: `Looking at the files of ${vm.name}`, doneBytes: 0, totalBytes: undefined });
          const plan = await makePlan(guestReaders, repository.place, guest, params, deps, held);
          for (const { message } of plan.problems) logger.warn(`left out: ${message}`);
          for (const warning of plan.warnings) logger.warn(warning);
          const subject = `guest files into the guest of ${vm.name}`;
          await recordRestore(repository.place, params.point, subject, held);
          const result = await executeGuestRestore(plan, guest, deps, onProgress, held);
          const { restoredCount, skippedCount, sentBytes, keptAside } = result;
          return {
            kind: 'restoreToGuest',
            vm,
            restoredCount,
            skippedCount,
            sentBytes,
            keptAside: keptAside.slice(0, maxKeptAside),
            keptAsideCount: keptAside.length,
            problems: [...plan.problems.map(({ message }) => message), ...result.problems],
          };
        });
      },
    });
    return { jobId };
  });
}

async function makePlan(
  guestReaders: GuestReaders,
  repository: Repository,
  guest: GuestSession,
  params: GuestRestoreParams,
  deps: GuestTransferDeps,
  signal: AbortSignal,
): Promise<GuestRestorePlan> {
  const locations: GuestLocation[] = [];
  for (const path of params.paths)
    locations.push(await guestReaders.locate(repository, { ...params, path }, signal));
  return await planGuestRestore(locations, { mountPath: params.mountPath }, guest, deps, signal);
}

function planDto({
  vmName,
  user,
  items,
  totalBytes,
  problems,
  warnings,
}: GuestRestorePlan): GuestRestorePlanDto {
  const countOf = (action: string) =>
    items.filter(item => item.kind === 'file' && item.action === action).length;
  return {
    vmName,
    user,
    items: items.slice(0, maxPlannedItems).map(itemDto),
    itemCount: items.length,
    replacedCount: countOf('replace'),
    skippedCount: countOf('skip'),
    totalBytes,
    problems: problems.map(({ message }) => message),
    warnings,
  };
}

function itemDto(item: GuestRestoreItem): GuestRestoreItemDto {
  const { kind, guestPath, attributes } = item;
  const { mode, uid, gid } = attributes;
  const settable = {
    ...(mode !== undefined && { mode }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  };
  if (kind === 'folder') return { kind, guestPath, action: 'create', sizeBytes: 0, ...settable };
  const { action, pointPath, stat, live } = item;
  return {
    kind,
    pointPath,
    guestPath,
    action,
    sizeBytes: stat.sizeBytes,
    modifiedAt: dateOf(stat.modifiedAt).toISOString(),
    ...settable,
    ...(live !== undefined && { live: liveDto(live) }),
  };
}

function liveDto({ sizeBytes, modifiedAt, mode, uid, gid }: GuestNode): LiveFileDto {
  return {
    sizeBytes,
    ...(modifiedAt !== undefined && { modifiedAt: modifiedAt.toISOString() }),
    ...(mode !== undefined && { mode }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  };
}
