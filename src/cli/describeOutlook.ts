import { counted, formatBytes, formatLongDuration } from '../base/units.ts';
import type { BackupOutlook } from '../core/jobs/backupVm/backupOutlook.ts';
import type { SnapshotRoom } from '../core/jobs/backupVm/snapshotRoom.ts';
import type { TransportOutlook } from '../core/jobs/backupVm/transports/transportOutlook.ts';
import type { TransportChoice } from '../core/jobs/backupVm/transports/transportsFor.ts';
import { table } from './output.ts';

/** What each transport can do for a VM and costs, which one would be taken, and whether there is room for a snapshot. */
export function describeOutlook(
  { transports, room }: BackupOutlook,
  choice: TransportChoice,
): readonly string[] {
  return [
    table(
      ['TRANSPORT', 'READS', 'SNAPSHOT OPEN', 'AT', 'TAKEN'],
      transports.map(transport => [
        transport.kind,
        readsText(transport),
        transport.cost === undefined ? '' : formatLongDuration(transport.cost.snapshotOpenMs),
        rateText(transport),
        takenText(transport),
      ]),
    ),
    ...transports.flatMap(closedLines),
    choiceText(transports, choice),
    ...describeRoom(room),
  ];
}

function readsText({ cost, readsChangesAlone }: TransportOutlook): string {
  if (cost === undefined) return 'closed';
  return `${formatBytes(cost.readBytes)}${readsChangesAlone ? '' : ', whatever has changed'}`;
}

function rateText({ cost }: TransportOutlook): string {
  if (cost === undefined) return '';
  const rate = `${formatBytes(cost.bytesPerSecond)}/s`;
  return cost.isMeasured ? `${rate}, as last time` : `${rate}, assumed`;
}

function takenText({ takenFor }: TransportOutlook): string {
  return takenFor.length === 0 ? '' : `for ${takenFor.join(', ')}`;
}

function closedLines({ kind, closed }: TransportOutlook): readonly string[] {
  return closed.map(({ label, refused, remedy }) => {
    const what = label === undefined ? kind : `${kind}, ${label}`;
    return `  Not by ${what}: ${refused}${remedy === undefined ? '' : `. ${remedy}`}`;
  });
}

function choiceText(transports: readonly TransportOutlook[], choice: TransportChoice): string {
  if (transports.every(({ takenFor }) => takenFor.length === 0))
    return '  No transport can read its disks: the backup would fail';
  return choice === 'auto'
    ? '  Taken is the best one that is open; if it closes in the midst of a disk, the next one'
    : `  Taken is ${choice} alone, because it was chosen`;
}

function describeRoom({
  datastores,
  neededBytes,
  snapshotCount,
  oldestAgeMs,
}: SnapshotRoom): readonly string[] {
  const needed = formatBytes(neededBytes);
  return [
    ...datastores.map(({ name, freeBytes, isEnough }) =>
      isEnough
        ? `  Room for a snapshot on ${name}: ${formatBytes(freeBytes)} free, at least ${needed} needed`
        : `  No room for a snapshot on ${name}: ${formatBytes(freeBytes)} free, at least ${needed} needed; the backup would fail`,
    ),
    ...(oldestAgeMs === undefined
      ? []
      : [
          `  The VM has ${counted(snapshotCount, 'snapshot')} already, the oldest ${formatLongDuration(oldestAgeMs)} old`,
        ]),
  ];
}
