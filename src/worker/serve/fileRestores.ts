import { basename, dirname } from 'node:path';

import { counted } from '../../base/units.ts';
import { recordRestore } from '../../core/jobs/recordRestore.ts';
import { type FileRestorePlan, planFileRestore } from '../../core/jobs/guestFiles/fileRestorePlan.ts';
import type { GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import { lookUpLocalTarget, restoreFiles } from '../../core/jobs/guestFiles/node/restoreFiles.ts';
import { restoreZip } from '../../core/jobs/guestFiles/node/restoreZip.ts';
import { planZipRestore, type ZipRestorePlan } from '../../core/jobs/guestFiles/zip/zipRestorePlan.ts';
import type { Repository } from '../../core/repository/repository.ts';
import { startFileRestore } from '../../protocol/job.ts';
import {
  type FileRestoreParams,
  type FileRestorePlanDto,
  maxPlannedItems,
  planFileRestore as planRequest,
} from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { GuestReaders } from '../guestReaders.ts';
import { whileReading } from '../whileReading.ts';
import type { WorkerParts } from '../workerParts.ts';
import { type RestoreTarget, targetPathOf } from './restoreTarget.ts';

export function serveFileRestores(handle: Handle, parts: WorkerParts): void {
  const { repositories, jobs, guestReaders } = parts;
  handle(planRequest, async (params, signal) => {
    await using repository = repositories.use(params.repository);
    return planDto(await makePlan(guestReaders, repository.place, params, signal));
  });
  handle(startFileRestore, params => {
    const target = targetPathOf(params);
    repositories.assertOpen(params.repository);
    const jobId = jobs.start({
      kind: 'restoreFiles',
      object: target,
      exclusiveKeys: [`target ${target}`],
      run: async context => {
        await using repository = repositories.use(params.repository, target);
        return await whileReading(parts, repository.place, context, async held => {
          const plan = await makePlan(guestReaders, repository.place, params, held);
          const { items, totalBytes, problems } = plan;
          const place = placeOf(plan);
          const subject = `${counted(items.length, 'guest file')} to ${targetPathOf(place)}`;
          await recordRestore(repository.place, params.point, subject, held);
          const damaged = await ('zipPath' in plan
            ? restoreZip(plan, context.onProgress, held)
            : restoreFiles(plan, context.onProgress, held));
          return {
            kind: 'restoreFiles',
            ...place,
            itemCount: items.length - damaged.length,
            totalBytes,
            problems: [...problems, ...damaged.map(({ message }) => message)],
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
  params: FileRestoreParams,
  signal: AbortSignal,
): Promise<FileRestorePlan | ZipRestorePlan> {
  const { targetFolder, zipName, onConflict, paths } = params;
  const target = targetPathOf(params);
  const locations: GuestLocation[] = [];
  for (const path of paths)
    locations.push(await guestReaders.locate(repository, { ...params, path }, signal));
  return zipName === undefined
    ? await planFileRestore(locations, { targetFolder, onConflict }, lookUpLocalTarget, signal)
    : await planZipRestore(locations, { zipPath: target, onConflict }, lookUpLocalTarget, signal);
}

function placeOf(plan: FileRestorePlan | ZipRestorePlan): RestoreTarget {
  return 'zipPath' in plan
    ? { targetFolder: dirname(plan.zipPath), zipName: basename(plan.zipPath) }
    : { targetFolder: plan.targetFolder };
}

function planDto(plan: FileRestorePlan | ZipRestorePlan): FileRestorePlanDto {
  const { items, totalBytes, problems } = plan;
  const itemDtos = items.map(({ kind, guestPath, targetPath, stat, existing }) => ({
    kind,
    guestPath,
    targetPath,
    sizeBytes: kind === 'file' ? stat.sizeBytes : 0,
    replaces: existing === 'file' || existing === 'symlink',
  }));
  return {
    ...placeOf(plan),
    items: itemDtos.slice(0, maxPlannedItems),
    itemCount: items.length,
    ...('zipPath' in plan
      ? { replacedCount: plan.existing === 'absent' ? 0 : 1, skippedCount: 0 }
      : {
          replacedCount: itemDtos.filter(({ replaces }) => replaces).length,
          skippedCount: plan.skippedCount,
        }),
    totalBytes,
    problems,
  };
}
