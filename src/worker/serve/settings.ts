import { AppError } from '../../base/errors.ts';
import { hourMs } from '../../base/units.ts';
import { type ParallelLimits, parallelRange } from '../../core/jobs/backupVm/transferSlots.ts';
import { checkedChannels } from '../../core/jobs/notify/channels.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { applySettings, type ParallelLimitsDto } from '../../protocol/settings.ts';
import { usualKeepPausedMs } from '../jobRegistry.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveSettings(handle: Handle, { slots, jobs, notifier }: WorkerParts): void {
  handle(applySettings, ({ parallel, keepPausedSnapshotMs = usualKeepPausedMs, notifications = {} }) => {
    const limits = checkedLimits(parallel);
    const channels = checkedChannels(notifications);
    jobs.setKeepPausedSnapshotMs(checkedKeeping(keepPausedSnapshotMs));
    slots.setLimits(limits);
    notifier.setChannels(channels);
    return {};
  });
}

/** A snapshot grows while nobody reads it. */
const mostKeepPausedMs = 24 * hourMs;

function checkedKeeping(keepMs: number): number {
  if (keepMs >= 0 && keepMs <= mostKeepPausedMs) return keepMs;
  throw new AppError('INVALID_INPUT', 'a paused backup keeps its snapshot for a day at most', {
    object: 'keepPausedSnapshotMs',
    remedy: 'Change the setting',
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
