import type { FullReason } from '../changes/fullReason.ts';
import type { ConsistencyLevel } from '../consistency/level.ts';

/**
 * What a restore point says of itself: `/manifest.json` of its tree. Plain JSON; sizes in bytes, times in RFC 3339.
 * Fields are only ever added; a change of meaning is a new version.
 */
export interface Manifest {
  readonly version: typeof manifestVersion;
  /** The program that wrote it, for instance `quiesce 0.1.0`. */
  readonly program: string;
  readonly vm: ManifestVm;
  readonly server: ManifestServer;
  /** The moment the restore point stands for: when the snapshot existed. */
  readonly takenAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly consistency: ConsistencyRecord;
  readonly snapshot: ManifestSnapshot;
  /** Missing for a VM that was backed up by itself. */
  readonly group?: ManifestGroup;
  readonly disks: readonly ManifestDisk[];
  /** Disks of the VM that are not in this restore point, and why. Never silently left out. */
  readonly leftOutDisks: readonly LeftOutDisk[];
}

export const manifestVersion = 1;

export interface ManifestVm {
  readonly instanceUuid: string;
  readonly biosUuid: string;
  readonly name: string;
  /** The managed object id at backup time, such as `vm-42`. */
  readonly id: string;
  readonly inventoryPath: string;
  /** Name of its resource pool; undefined if the user could not see it. */
  readonly resourcePool?: string;
  readonly guestId: string;
  readonly guestName: string;
  readonly powerState: string;
}

export interface ManifestServer {
  readonly instanceUuid: string;
  /** Host name or address it was reached at. */
  readonly address: string;
  readonly product: string;
  readonly apiVersion: string;
}

export interface ConsistencyRecord {
  /** What the job asked for. */
  readonly requested: ConsistencyLevel;
  /** What the rules expected before the job; undefined when nothing was assessed. */
  readonly predicted?: ConsistencyLevel;
  /** What the evidence proves. */
  readonly proven: ConsistencyLevel;
  /** What the server reported beyond what is proven; a claim, not a proof. */
  readonly claimed?: ConsistencyLevel;
  readonly evidence: readonly Evidence[];
  /** Each step from requested to a lower level, in order. */
  readonly downgrades: readonly Downgrade[];
  /** Each call for a snapshot, the one that succeeded last; missing in points of programs that did not keep it. */
  readonly attempts?: readonly SnapshotAttemptRecord[];
  /** Each application of which something is known by itself; missing if nobody looked. */
  readonly applications?: readonly ApplicationRecord[];
  /** What the file systems in the restore point's own disks say; missing if nobody looked. */
  readonly volumes?: readonly VolumeRecord[];
}

export interface ApplicationRecord {
  /** A VSS writer, or what a freeze script holds. */
  readonly name: string;
  readonly rule: string;
  readonly isProven: boolean;
}

export interface VolumeRecord {
  readonly deviceKey: number;
  readonly volumeIndex: number;
  /** Name of the partition or label of the file system, for people. */
  readonly name: string;
  /** `ext4`, `xfs`, `ntfs`; missing where it was not recognized. */
  readonly fileSystem?: string;
  readonly state: VolumeState;
  /** Stable id of the rule that judged it. */
  readonly rule: string;
  readonly statement: string;
}

/**
 * `clean`: nothing waits in its journal and no mark says it is in use. `in-use`: as after a power failure. `unknown`: it
 * cannot be read or does not tell.
 */
export const volumeStates = ['clean', 'in-use', 'unknown'] as const;
export type VolumeState = (typeof volumeStates)[number];

/** Several VMs whose snapshots were taken together. Near each other, never at one moment. */
export interface ManifestGroup {
  /** Random; the same in each member's restore point. */
  readonly id: string;
  /** As the user calls it; missing where it has no name. */
  readonly name?: string;
  /** Milliseconds from the first to the last snapshot, by the server's clock. */
  readonly skewMs: number;
  /** Every VM of the group that has a snapshot, this one among them, in the order of their times. */
  readonly members: readonly {
    readonly vmInstanceUuid: string;
    readonly name: string;
    readonly takenAt: string;
  }[];
}

export interface SnapshotAttemptRecord {
  readonly level: ConsistencyLevel;
  /** The call in one line, for people. */
  readonly call: string;
  /** By the clock of the computer that ran the backup. */
  readonly at: string;
  /** Why the server refused; missing for the one that succeeded. */
  readonly problem?: string;
}

export interface Evidence {
  /** Stable id of the rule that judged it, such as `E3`. */
  readonly rule: string;
  readonly statement: string;
  /** The level is at least this. */
  readonly proves?: ConsistencyLevel;
  /** The level is this at most. */
  readonly limits?: ConsistencyLevel;
  /** Reported, not proven. */
  readonly claims?: ConsistencyLevel;
  /** Names it is about: writers, texts of events. */
  readonly items?: readonly string[];
}

export interface Downgrade {
  readonly from: ConsistencyLevel;
  readonly to: ConsistencyLevel;
  readonly reason: string;
}

export interface ManifestSnapshot {
  readonly id: string;
  readonly name: string;
  readonly quiesced: boolean;
}

export interface ManifestDisk {
  /** The virtual device key; names the disk's folder in the tree. */
  readonly key: number;
  readonly label: string;
  readonly capacityBytes: number;
  readonly chunkBytes: number;
  readonly partBytes: number;
  /** How it was attached, for people; what a restore uses is the VM's configuration. */
  readonly attachment: string;
  readonly backing: ManifestBacking;
  /** Changed block tracking: what the next backup asks "changed since" with; undefined when tracking was off. */
  readonly changeId?: string;
  readonly transport: ManifestTransport;
}

export interface ManifestBacking {
  readonly fileName: string;
  readonly thinProvisioned: boolean;
  readonly diskMode: string;
  /** The disk's own UUID, which survives moves. */
  readonly uuid?: string;
}

export interface ManifestTransport {
  readonly kind: TransportKind;
  /** Better ways to read it that were closed, or closed in the midst of it; missing if there were none. */
  readonly passedOver?: readonly PassedOver[];
  /** `changed-areas`: what had not changed is as in the restore point before. */
  readonly readMode: ReadMode;
  /** Why the whole disk was read; missing otherwise, and in points of programs that did not keep it. */
  readonly fullReason?: FullReason;
  /** What was said when that turned out, for people. */
  readonly fullDetail?: string;
  /** Bytes that crossed the network. */
  readonly receivedBytes: number;
  /** Bytes of the disk that were looked at; what passed by packed is not among them. */
  readonly readBytes?: number;
  /** Of the chunks with a change in them, as the server told; missing where it was not asked. */
  readonly changedBytes?: number;
  /** Bytes of new chunks, sealed. */
  readonly storedBytes: number;
  /** Of chunks said to be unchanged: how many were read all the same, and how many had changed. */
  readonly audit?: { readonly chunks: number; readonly mismatches: number };
  /** The last whole read: when the restore point was taken that made it, and how many came after it. */
  readonly whole?: { readonly at: string; readonly pointsSince: number };
}

export const transportKinds = ['nfc-lease', 'datastore-files', 'nbd', 'hot-add'] as const;
export type TransportKind = (typeof transportKinds)[number];

/** A transport that was not taken, and why, for people. */
export interface PassedOver {
  readonly kind: TransportKind;
  readonly reason: string;
}

export const readModes = ['whole', 'changed-areas'] as const;
export type ReadMode = (typeof readModes)[number];

export interface LeftOutDisk {
  readonly key: number;
  readonly label: string;
  readonly reason: string;
}
