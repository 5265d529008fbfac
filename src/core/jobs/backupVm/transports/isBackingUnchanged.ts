import { virtualDisks } from '../../../inventory/virtualDisk.ts';
import { readObject } from '../../../vsphere/propertyCollector.ts';
import type { VimSession } from '../../../vsphere/session.ts';
import type { SnapshotDisk } from './diskTransport.ts';

/** Whether a snapshot's disk lies in the file in which it lay when the snapshot was taken. */
export async function isBackingUnchanged(
  session: VimSession,
  { snapshot, disk }: SnapshotDisk,
  signal: AbortSignal,
): Promise<boolean> {
  const properties = ['config'] as const;
  const { config } = await readObject(
    session,
    'VirtualMachineSnapshot',
    snapshot.snapshot,
    properties,
    signal,
  );
  const now = config && virtualDisks(config).find(({ deviceKey }) => deviceKey === disk.deviceKey);
  return (
    now?.backing.fileName === disk.backing.fileName &&
    now?.backing.datastore?.value === disk.backing.datastore?.value
  );
}
