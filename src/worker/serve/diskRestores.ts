import { measureTransfer } from '../../core/goals/measureTransfer.ts';
import { type DiskRestorePlan, planDiskRestore, restoreDisk } from '../../core/jobs/restoreDisk.ts';
import { startDiskRestore } from '../../protocol/job.ts';
import { type DiskRestorePlanDto, planDiskRestore as planRequest } from '../../protocol/plan.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { openPoint } from '../guestReaders.ts';
import { whileReading } from '../whileReading.ts';
import type { WorkerParts } from '../workerParts.ts';
import { assertAbsolute } from './repositories.ts';

export function serveDiskRestores(handle: Handle, parts: WorkerParts): void {
  const { repositories, jobs } = parts;
  handle(planRequest, async ({ repository, point: pointId, deviceKey, format, targetPath }, signal) => {
    assertAbsolute(targetPath);
    await using used = repositories.use(repository);
    const point = await openPoint(used.place, pointId, signal);
    return planDto(await planDiskRestore(used.place, point, deviceKey, format, targetPath, signal));
  });
  handle(startDiskRestore, ({ repository, point: pointId, deviceKey, format, targetPath }) => {
    assertAbsolute(targetPath);
    repositories.assertOpen(repository);
    const jobId = jobs.start({
      kind: 'restoreDisk',
      object: targetPath,
      exclusiveKeys: [`target ${targetPath}`],
      run: async context => {
        await using used = repositories.use(repository, targetPath);
        return await whileReading(parts, used.place, context, async held => {
          const point = await openPoint(used.place, pointId, held);
          const plan = await planDiskRestore(used.place, point, deviceKey, format, targetPath, held);
          await measureTransfer(parts, 'disk', plan.capacityBytes, async () => {
            await restoreDisk(used.place, point, plan, context.onProgress, held);
          });
          return { kind: 'restoreDisk', targetPath, capacityBytes: plan.capacityBytes };
        });
      },
    });
    return { jobId };
  });
}

function planDto(plan: DiskRestorePlan): DiskRestorePlanDto {
  const { vmName, deviceKey, label, capacityBytes, format, targetPath } = plan;
  return { vmName, deviceKey, label, capacityBytes, format, targetPath };
}
