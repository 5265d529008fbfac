import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Access } from './access/access.ts';
import type { Faults } from './control.ts';
import type { Datastores } from './datastore/datastores.ts';
import type { BlockDevices } from './disk/blockDevices.ts';
import type { DiskStore } from './disk/diskStore.ts';
import type { GuestPasswords } from './guest/accounts.ts';
import type { GuestTransfers } from './guest/guestTransfers.ts';
import type { EventLog } from './history/eventLog.ts';
import type { LabServers } from './http/servers.ts';
import type { Inventory } from './model/inventory.ts';
import type { LabVm } from './model/labVm.ts';
import type { ObjectRegistry } from './model/objectRegistry.ts';
import type { SnapshotRecord } from './model/snapshotHistory.ts';
import type { ServiceTickets } from './serviceTickets.ts';
import type { ServerState } from './personality.ts';
import type { Sessions } from './sessions.ts';
import type { TagStore } from './tags/tagStore.ts';

/** What every part of the lab works with. Made once, in main.ts. */
export interface LabContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly registry: ObjectRegistry;
  readonly inventory: Inventory;
  readonly sessions: Sessions;
  readonly access: Access;
  readonly tags: TagStore;
  readonly disks: DiskStore;
  /** Undefined: disks that are attached to a VM are seen by nobody. */
  readonly blockDevices: BlockDevices | undefined;
  /** The files of every datastore; who leaves files in a VM's folder does it here. */
  readonly datastores: Datastores;
  readonly serviceTickets: ServiceTickets;
  readonly events: EventLog;
  readonly faults: Faults;
  /** Of every guest alike. */
  readonly guestPasswords: GuestPasswords;
  readonly guestTransfers: GuestTransfers;
  /** Every snapshot ever taken, oldest first. */
  readonly snapshotHistory: SnapshotRecord[];
  /** VMs that are gone, in the order in which they went. */
  readonly retiredVms: LabVm[];
  readonly servers: LabServers;
  readonly server: ServerState;
}
