import { AppError } from '../../base/errors.ts';
import { type ParallelLimits, parallelRange } from '../../core/jobs/backupVm/transferSlots.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { applySettings, type ParallelLimitsDto } from '../../protocol/settings.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveSettings(handle: Handle, { slots }: WorkerParts): void {
  handle(applySettings, ({ parallel }) => {
    slots.setLimits(checkedLimits(parallel));
    return {};
  });
}

/** @throws INVALID_INPUT naming the one that cannot be had */
function checkedLimits({ perHost, perDatastore, perVCenter }: ParallelLimitsDto): ParallelLimits {
  const limits = { perHost, perDatastore, perVCenter };
  const { min, max } = parallelRange;
  for (const [object, limit] of Object.entries(limits)) {
    if (Number.isInteger(limit) && limit >= min && limit <= max) continue;
    throw new AppError('INVALID_INPUT', `${object} has to be from ${min} to ${max}, not ${limit}`, {
      object,
      remedy: 'Change the setting',
    });
  }
  return limits;
}
