import { AppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import { formatBytes, formatLongDuration, GiB } from '../../../base/units.ts';
import type { VirtualMachineFacts } from '../../inventory/readVirtualMachine.ts';
import { readProperties } from '../../vsphere/propertyCollector.ts';
import { serviceInstance, type VimSession } from '../../vsphere/session.ts';

/**
 * What a guest overwrites while its backup is read lies beside its disks. Busy ones change a twentieth of their disks a day;
 * a datastore that is full stops every VM on it.
 */
const leastShareOfDisks = 0.05;
const leastBytes = GiB;

/**
 * Before a snapshot is taken: room on the datastores of the VM, and the snapshots that it has already, which are told with
 * their age, for each of them makes the VM slower and its removal longer.
 * @throws STORAGE_FULL naming the datastore, before anything is done to the VM
 */
export async function assertSnapshotRoom(
  session: VimSession,
  { name, disks, snapshots }: VirtualMachineFacts,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  // One that holds only the image of a CD gets nothing of a snapshot.
  const ofDisks = disks.flatMap(({ backing: { datastore } }) => datastore ?? []);
  const refs = [...new Map(ofDisks.map(ref => [ref.value, ref])).values()];
  const capacityBytes = disks.reduce((sum, disk) => sum + disk.capacityBytes, 0);
  const neededBytes = Math.max(leastBytes, capacityBytes * leastShareOfDisks);
  for (const { properties } of await readProperties(session, 'Datastore', refs, ['summary'], signal)) {
    const { summary } = properties;
    if (summary === undefined || !summary.accessible || summary.freeSpace >= neededBytes) continue;
    throw new AppError(
      'STORAGE_FULL',
      `${name}: the datastore ${summary.name} has ${formatBytes(summary.freeSpace)} left, a snapshot needs at least ${formatBytes(neededBytes)}`,
      {
        object: summary.name,
        remedy: 'Free space on the datastore, for instance by removing old snapshots, or move the VM',
      },
    );
  }
  if (snapshots.length === 0) return;
  const now = await session.call('CurrentTime', serviceInstance, {}, signal);
  const oldest = Math.min(...snapshots.map(({ createdAt }) => createdAt.getTime()));
  logger.warn('the VM has snapshots already', {
    vm: name,
    count: snapshots.length,
    oldest: `${formatLongDuration(now.getTime() - oldest)} old`,
  });
}
