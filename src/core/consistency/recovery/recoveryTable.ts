import type { ConsistencyLevel } from '../level.ts';
import type { SourceId } from '../sources.ts';

/** What one may want back, from small to large. */
export const granularities = ['transaction', 'guest-file', 'disk', 'vm', 'datastore', 'site'] as const;
export type Granularity = (typeof granularities)[number];

/** How something is recovered, and what to mind. */
export interface RecoveryCell {
  readonly operation: string;
  readonly caveats: readonly string[];
  readonly source: SourceId;
}

/** The columns: what a restore point is, and beside it whether logs of an application reach on from it. */
export const recoveryColumns = ['crash', 'filesystem', 'application', 'log-chain'] as const;
export type RecoveryColumn = (typeof recoveryColumns)[number];

/** A cell's stable name: `RCV-vm-crash`. */
export function recoveryCellId(granularity: Granularity, column: RecoveryColumn): string {
  return `RCV-${granularity}-${column}`;
}

/** No writer's help at restore, no logs: of every image that VSS brought to rest. */
export const pointInTimeOnly =
  'No VSS-writer-assisted recovery, point in time only: logs cannot be rolled forward';

/** Where no log chain is stored. */
export const noRollForward =
  'Roll-forward: not available. This backup can be restored to the moment of the snapshot only. There is no VSS-writer-assisted recovery and no log replay for this VM (no log chain stored)';

const torn = 'The VM’s other disks keep their newer state: what spans disks is torn';
const identity = 'Change the identity of the disk where the original is still attached (LDM, LVM, ZFS)';

/** What can be recovered from what. Undefined: not possible. */
export const recoveryTable: Readonly<
  Record<Granularity, Readonly<Record<RecoveryColumn, RecoveryCell | undefined>>>
> = {
  transaction: {
    crash: undefined,
    filesystem: undefined,
    application: undefined,
    'log-chain': {
      operation: 'Restore the base, then roll the logs forward to a time, log position or transaction',
      caveats: [
        'The logs must be unbroken from the image to the target',
        'The database must not have been started before the recovery settings are in place',
        'Keep the failed state before recovering',
      ],
      source: 'measured',
    },
  },
  'guest-file': {
    crash: {
      operation: 'Copy files out of the image',
      caveats: [
        'The journal is not replayed in the image itself',
        'Files that were open for writing may be torn',
      ],
      source: 'inference',
    },
    filesystem: {
      operation: 'Copy files out of the image',
      caveats: ['Files in use by applications may not fit each other; the file system itself is clean'],
      source: 'inference',
    },
    application: {
      operation: 'Copy files out of the image',
      caveats: ['Files of applications without a writer may not fit each other'],
      source: 'inference',
    },
    'log-chain': {
      operation: 'Roll a copy of the database forward and take a dump of what is wanted',
      caveats: ['It takes a place to run the copy'],
      source: 'inference',
    },
  },
  disk: {
    crash: {
      operation: 'Attach the disk to the same or another VM',
      caveats: [identity, torn],
      source: 'inference',
    },
    filesystem: {
      operation: 'Attach the disk to the same or another VM',
      caveats: [identity, torn],
      source: 'inference',
    },
    application: {
      operation: 'Attach the disk to the same or another VM',
      caveats: [
        ...[identity, torn],
        'Of a database that spans several disks restore all of them from the same restore point',
      ],
      source: 'inference',
    },
    'log-chain': {
      operation: 'Restore all disks of the database, then roll its logs forward',
      caveats: [identity],
      source: 'inference',
    },
  },
  vm: {
    crash: {
      operation: 'Restore the whole VM',
      caveats: [
        'It boots as after a power failure: file systems replay their journals, databases recover by themselves',
        'Work in flight of applications is lost',
      ],
      source: 'measured',
    },
    filesystem: {
      operation: 'Restore the whole VM',
      caveats: ['It boots clean; databases still recover by themselves'],
      source: 'inference',
    },
    application: {
      operation: 'Restore the whole VM',
      caveats: ['Applications start from a flushed state; their logs were not truncated (copy)'],
      source: 'vddk-guide',
    },
    'log-chain': {
      operation: 'Restore the whole VM without network, then roll the logs forward',
      caveats: ['Keep the database from starting before its recovery settings are in place'],
      source: 'measured',
    },
  },
  datastore: {
    crash: {
      operation: 'Restore all its VMs',
      caveats: ['VMs on other datastores keep running on newer data'],
      source: 'inference',
    },
    filesystem: {
      operation: 'Restore all its VMs, each at its own moment',
      caveats: ['VMs on other datastores keep running on newer data'],
      source: 'inference',
    },
    application: {
      operation: 'Restore all its VMs, each at its own moment',
      caveats: ['VMs that work together are not consistent with each other, however each of them is'],
      source: 'inference',
    },
    'log-chain': {
      operation: 'Restore all its VMs, then roll forward application by application',
      caveats: [],
      source: 'inference',
    },
  },
  site: {
    crash: {
      operation: 'Restore all VMs in the order they depend on each other',
      caveats: ['The site is as old as its oldest restore point'],
      source: 'inference',
    },
    filesystem: {
      operation: 'Restore all VMs in the order they depend on each other',
      caveats: [
        'The site is as old as its oldest restore point',
        'Not all VMs can be quiesced at the same moment: expect databases to recover by themselves',
      ],
      source: 'inference',
    },
    application: {
      operation: 'Restore all VMs in order: name service and directory, databases, applications',
      caveats: ['The site is as old as its oldest restore point'],
      source: 'inference',
    },
    'log-chain': {
      operation: 'Build the log chain up again at the surviving site first',
      caveats: [],
      source: 'inference',
    },
  },
};

/** The column of a level; a restore point of none holds nothing. */
export function columnOf(level: ConsistencyLevel): Exclude<RecoveryColumn, 'log-chain'> | undefined {
  return level === 'none' ? undefined : level;
}
