import { counted } from '../../base/units.ts';
import { recordRestore } from '../../core/jobs/recordRestore.ts';
import { type FileRestorePlan, planFileRestore } from '../../core/jobs/guestFiles/fileRestorePlan.ts';
import type { GuestLocation } from '../../core/jobs/guestFiles/guestVolumes.ts';
import { lookUpLocalTarget, restoreFiles } from '../../core/jobs/guestFiles/node/restoreFiles.ts';
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
import { assertAbsolute } from './repositories.ts';

export function serveFileRestores(handle: Handle, parts: WorkerParts): void {
  const { repositories, jobs, guestReaders } = parts;
  handle(planRequest, async (params, signal) => {
    await using repository = repositories.use(params.repository);
    return planDto(await makePlan(guestReaders, repository.place, params, signal));
  });
  handle(startFileRestore, params => {
    const { targetFolder } = params;
    assertAbsolute(targetFolder);
    repositories.assertOpen(params.repository);
    const jobId = jobs.start({
      kind: 'restoreFiles',
      object: targetFolder,
      exclusiveKeys: [`target ${targetFolder}`],
      run: async context => {
        await using repository = repositories.use(params.repository, targetFolder);
        return await whileReading(parts, repository.place, context, async held => {
          const plan = await makePlan(guestReaders, repository.place, params, held);
          const subject = `${counted(plan.items.length, 'guest file')} to ${targetFolder}`;
          await recordRestore(repository.place, params.point, subject, held);
          await restoreFiles(plan, context.onProgress, held);
          const { items, totalBytes, problems } = plan;
          return { kind: 'restoreFiles', targetFolder, itemCount: items.length, totalBytes, problems };
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
): Promise<FileRestorePlan> {
  assertAbsolute(params.targetFolder);
  const locations: GuestLocation[] = [];
  for (const path of params.paths)
    locations.push(await guestReaders.locate(repository, { ...params, path }, signal));
  return await planFileRestore(locations, params, lookUpLocalTarget, signal);
}

function planDto({
  targetFolder,
  items,
  totalBytes,
  skippedCount,
  problems,
}: FileRestorePlan): FileRestorePlanDto {
  const itemDtos = items.map(({ kind, guestPath, targetPath, stat, existing }) => ({
    kind,
    guestPath,
    targetPath,
    sizeBytes: kind === 'file' ? stat.sizeBytes : 0,
    replaces: existing === 'file' || existing === 'symlink',
  }));
  return {
    targetFolder,
    items: itemDtos.slice(0, maxPlannedItems),
    itemCount: items.length,
    replacedCount: itemDtos.filter(({ replaces }) => replaces).length,
    skippedCount,
    totalBytes,
    problems,
  };
}
