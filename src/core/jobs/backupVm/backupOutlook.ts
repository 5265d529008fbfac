import type { VimSession } from '../../vsphere/session.ts';
import type { BackupPlan } from './backupPlan.ts';
import { readSnapshotRoom, type SnapshotRoom } from './snapshotRoom.ts';
import { readTransportFacts, type TransportFactsDeps } from './transports/readTransportFacts.ts';
import { type TransportOutlook, transportOutlooks } from './transports/transportOutlook.ts';

/** What a backup of a plan meets on the server and costs there, told before it begins. */
export interface BackupOutlook {
  readonly room: SnapshotRoom;
  /** Best first. */
  readonly transports: readonly TransportOutlook[];
}

export async function readBackupOutlook(
  session: VimSession,
  plan: BackupPlan,
  deps: TransportFactsDeps,
  signal: AbortSignal,
): Promise<BackupOutlook> {
  const facts = await readTransportFacts(session, plan, deps, signal);
  return {
    room: await readSnapshotRoom(session, plan.vm, signal),
    transports: transportOutlooks(facts, plan.transport),
  };
}
