import { virtualDisks } from '../../../inventory/virtualDisk.ts';
import { readObject } from '../../../vsphere/propertyCollector.ts';
import type { VimSession } from '../../../vsphere/session.ts';
import type { SnapshotDisk } from './diskTransport.ts';

/**
 * A snapshot's disk with the files that it has now: few transports keep its VM from being moved, and hours pass until the last
 * disk is read. Undefined if the snapshot no longer has the disk.
 */
export async function placeNow(
  session: VimSession,
  place: SnapshotDisk,
  signal: AbortSignal,
): Promise<SnapshotDisk | undefined> {
  const { snapshot, disk } = place;
  const paths = ['config'] as const;
  const { config } = await readObject(session, 'VirtualMachineSnapshot', snapshot.snapshot, paths, signal);
  const now = config && virtualDisks(config).find(({ deviceKey }) => deviceKey === disk.deviceKey);
  return now && { ...place, disk: now };
}

/** Whether the disk lies in the same file of the same datastore. */
export function isSameBacking({ disk: one }: SnapshotDisk, { disk: other }: SnapshotDisk): boolean {
  return (
    one.backing.fileName === other.backing.fileName &&
    one.backing.datastore?.value === other.backing.datastore?.value
  );
}

/** The host that runs the VM of the snapshot now; undefined for whoever may not see it. */
export async function hostNow(
  session: VimSession,
  { snapshot }: SnapshotDisk,
  signal: AbortSignal,
): Promise<string | undefined> {
  const paths = ['runtime.host'] as const;
  const { 'runtime.host': host } = await readObject(
    session,
    'VirtualMachine',
    snapshot.vm.ref,
    paths,
    signal,
  );
  return host?.value;
}
