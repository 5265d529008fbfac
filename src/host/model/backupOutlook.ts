import { formatBytes, formatLongDuration } from '../../base/units.ts';
import type {
  BackupPlanDto,
  SnapshotRoomDto,
  TransportChoiceDto,
  TransportCostDto,
  TransportOutlookDto,
} from '../../protocol/plan.ts';
import type { Choice } from '../ui/ui.ts';
import { transportText } from './diskReadText.ts';
import type { Translate } from './nodeView.ts';

/**
 * By what the disks of a VM can be read and what that costs, the choice that Quiesce makes by itself first. What is closed is
 * there with the reason: whoever picks it hears the same from the backup.
 */
export function transportChoices(
  { transports }: BackupPlanDto,
  t: Translate,
): readonly Choice<TransportChoiceDto>[] {
  const taken = transports.filter(({ takenFor }) => takenFor.length > 0);
  return [
    {
      label: t('Let Quiesce choose'),
      description:
        taken.length === 0
          ? t('no transport can read its disks')
          : taken.map(({ kind, takenFor }) => `${transportText(kind, t)}: ${takenFor.join(', ')}`).join('; '),
      detail: t('The best one that is open; if it closes in the midst of a disk, the next one'),
      icon: 'wand',
      value: 'auto',
    },
    ...transports.map(transport => ({
      label: transportText(transport.kind, t),
      description: transport.cost === undefined ? t('closed') : costText(transport.cost, t),
      detail: detailText(transport, t),
      icon: transport.cost === undefined ? 'circle-slash' : 'database',
      value: transport.kind,
    })),
  ];
}

function costText({ readBytes, snapshotOpenMs, bytesPerSecond, isMeasured }: TransportCostDto, t: Translate) {
  const [bytes, time, rate] = [
    formatBytes(readBytes),
    formatLongDuration(snapshotOpenMs),
    formatBytes(bytesPerSecond),
  ];
  return isMeasured
    ? t('{0} to read, the snapshot is open for {1} at {2}/s, as last time', bytes, time, rate)
    : t('{0} to read, the snapshot is open for {1} at an assumed {2}/s', bytes, time, rate);
}

function detailText({ closed, readsChangesAlone }: TransportOutlookDto, t: Translate): string {
  if (closed.length === 0)
    return readsChangesAlone ? t('Reads only what is needed') : t('Reads everything, whatever has changed');
  return closed
    .map(({ label, refused, remedy }) => {
      const reason = label === undefined ? refused : `${label}: ${refused}`;
      return remedy === undefined ? reason : `${reason}. ${remedy}`;
    })
    .join('; ');
}

/** Whether a snapshot finds room, and what else is there. */
export function roomText({ datastores, neededBytes, ...room }: SnapshotRoomDto, t: Translate): string {
  const { snapshotCount, oldestAgeMs } = room;
  const full = datastores.filter(({ isEnough }) => !isEnough);
  const shown = full.length > 0 ? full : datastores;
  return [
    ...shown.map(({ name, freeBytes, isEnough }) =>
      isEnough
        ? t('{0} free on {1}', formatBytes(freeBytes), name)
        : t(
            'no room for a snapshot: {0} free on {1}, {2} needed',
            formatBytes(freeBytes),
            name,
            formatBytes(neededBytes),
          ),
    ),
    ...(oldestAgeMs === undefined
      ? []
      : [
          t(
            'snapshots already there: {0}, the oldest {1} old',
            snapshotCount,
            formatLongDuration(oldestAgeMs),
          ),
        ]),
  ].join('; ');
}
