import { AppError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import { formatBytes, formatLongDuration, GiB } from '../../../base/units.ts';
import type { VirtualMachineFacts } from '../../inventory/readVirtualMachine.ts';
import { readProperties } from '../../vsphere/propertyCollector.ts';
import { serviceInstance, type VimSession } from '../../vsphere/session.ts';
import { datastoresOf } from './transports/readTransportFacts.ts';

/**
 * What a guest overwrites while its backup is read lies beside its disks. Busy ones change a twentieth of their disks a day;
 * a datastore that is full stops every VM on it.
 */
const leastShareOfDisks = 0.05;
const leastBytes = GiB;

/** What a snapshot of a VM finds: room on the datastores, and snapshots that the VM has already. */
export interface SnapshotRoom {
  readonly neededBytes: number;
  /** Of the disks; one that holds only the image of a CD gets nothing of a snapshot. */
  readonly datastores: readonly DatastoreRoom[];
  /** Each makes the VM slower and its removal longer. */
  readonly snapshotCount: number;
  /** Of the oldest one, by the server's clock; undefined without any. */
  readonly oldestAgeMs: number | undefined;
}

export interface DatastoreRoom {
  readonly name: string;
  readonly freeBytes: number;
  readonly isEnough: boolean;
}

export async function readSnapshotRoom(
  session: VimSession,
  { disks, snapshots }: Pick<VirtualMachineFacts, 'disks' | 'snapshots'>,
  signal: AbortSignal,
): Promise<SnapshotRoom> {
  const capacityBytes = disks.reduce((sum, disk) => sum + disk.capacityBytes, 0);
  const neededBytes = Math.max(leastBytes, capacityBytes * leastShareOfDisks);
  const found = await readProperties(session, 'Datastore', datastoresOf({ disks }), ['summary'], signal);
  const datastores = found.flatMap(({ properties: { summary } }) =>
    summary?.accessible === true
      ? [{ name: summary.name, freeBytes: summary.freeSpace, isEnough: summary.freeSpace >= neededBytes }]
      : [],
  );
  const oldestMs = Math.min(...snapshots.map(({ createdAt }) => createdAt.getTime()));
  const now =
    snapshots.length === 0 ? undefined : await session.call('CurrentTime', serviceInstance, {}, signal);
  return {
    neededBytes,
    datastores,
    snapshotCount: snapshots.length,
    oldestAgeMs: now && now.getTime() - oldestMs,
  };
}

/**
 * Before a snapshot is taken. Snapshots that the VM has already are told with their age.
 * @throws STORAGE_FULL naming the datastore, before anything is done to the VM
 */
export async function assertSnapshotRoom(
  session: VimSession,
  vm: VirtualMachineFacts,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { datastores, neededBytes, snapshotCount, oldestAgeMs } = await readSnapshotRoom(session, vm, signal);
  const full = datastores.find(({ isEnough }) => !isEnough);
  if (full !== undefined)
    throw new AppError(
      'STORAGE_FULL',
      `${vm.name}: the datastore ${full.name} has ${formatBytes(full.freeBytes)} left, a snapshot needs at least ${formatBytes(neededBytes)}`,
      {
        object: full.name,
        remedy: 'Free space on the datastore, for instance by removing old snapshots, or move the VM',
      },
    );
  if (oldestAgeMs === undefined) return;
  logger.warn('the VM has snapshots already', {
    vm: vm.name,
    count: snapshotCount,
    oldest: `${formatLongDuration(oldestAgeMs)} old`,
  });
}
