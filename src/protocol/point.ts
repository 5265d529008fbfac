import { request } from './message.ts';
import type { WireError } from './wireError.ts';

/** Which restore point a request is about. */
export interface PointRef {
  /** Name of an open repository. */
  readonly repository: string;
  /** The whole id, 64 hexadecimal digits. */
  readonly point: string;
}

/** How consistent the bytes of a restore point are, from weakest to strongest. */
export type ConsistencyLevelDto = 'none' | 'crash' | 'filesystem' | 'application';

/** The restore points of one VM, newest first. */
export interface BackupSetDto {
  readonly vmInstanceUuid: string;
  /** The VM's name in its newest restore point. */
  readonly vmName: string;
  readonly points: readonly PointSummaryDto[];
}

export interface PointSummaryDto {
  readonly id: string;
  readonly takenAt: string;
  readonly vmName: string;
  readonly serverInstanceUuid: string;
  readonly proven?: ConsistencyLevelDto;
  /** Missing also for restore points of programs that did not tell. */
  readonly requested?: ConsistencyLevelDto;
  /** Reported beyond what is proven: claimed, unproven. */
  readonly claimed?: ConsistencyLevelDto;
  /** Missing for a VM that was backed up by itself. */
  readonly group?: {
    /** The same in each member's restore point. */
    readonly id: string;
    /** From the first to the last snapshot. They are never consistent with each other. */
    readonly skewMs: number;
  };
  /** How its disks were read; missing for restore points of programs that did not tell. */
  readonly read?: 'full' | 'incremental' | 'mixed';
}

/** What a restore point says of itself. */
export interface PointDto {
  readonly id: string;
  readonly takenAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly program: string;
  readonly vm: {
    readonly instanceUuid: string;
    readonly name: string;
    readonly inventoryPath: string;
    readonly guestName: string;
    readonly powerState: string;
  };
  readonly server: { readonly instanceUuid: string; readonly address: string; readonly product: string };
  readonly consistency: ConsistencyDto;
  /** Missing for a VM that was backed up by itself. */
  readonly group?: PointGroupDto;
  readonly disks: readonly StoredDiskDto[];
  readonly leftOutDisks: readonly LeftOutDiskDto[];
}

/** Three answers, never one word: what was expected, what was asked for, what the evidence proves. */
export interface ConsistencyDto {
  readonly requested: ConsistencyLevelDto;
  readonly predicted?: ConsistencyLevelDto;
  readonly proven: ConsistencyLevelDto;
  /** What the server reported beyond what is proven. */
  readonly claimed?: ConsistencyLevelDto;
  readonly evidence: readonly EvidenceDto[];
  /** Each step from requested to a lower level, in order. */
  readonly downgrades: readonly DowngradeDto[];
  /** Each call for a snapshot, the one that succeeded last. */
  readonly attempts: readonly SnapshotAttemptDto[];
  /** Each application of which something is known by itself. */
  readonly applications: readonly ApplicationProofDto[];
  /** What the file systems in the restore point's own disks say. */
  readonly volumes: readonly VolumeEvidenceDto[];
}

export interface EvidenceDto {
  /** Stable id of the rule that judged it. */
  readonly rule: string;
  readonly statement: string;
  /** The level is at least this. */
  readonly proves?: ConsistencyLevelDto;
  /** The level is this at most. */
  readonly limits?: ConsistencyLevelDto;
  /** Reported, not proven. */
  readonly claims?: ConsistencyLevelDto;
  /** Names it is about: writers, texts of events. */
  readonly items?: readonly string[];
}

export interface DowngradeDto {
  readonly from: ConsistencyLevelDto;
  readonly to: ConsistencyLevelDto;
  readonly reason: string;
}

export interface SnapshotAttemptDto {
  readonly level: ConsistencyLevelDto;
  /** The call in one line. */
  readonly call: string;
  readonly at: string;
  /** Why the server refused; missing for the one that succeeded. */
  readonly problem?: string;
}

export interface ApplicationProofDto {
  /** A VSS writer, or what a freeze script holds. */
  readonly name: string;
  readonly rule: string;
  readonly isProven: boolean;
}

export interface VolumeEvidenceDto {
  readonly deviceKey: number;
  readonly volumeIndex: number;
  readonly name: string;
  /** `ext4`, `xfs`, `ntfs`; missing where it was not recognized. */
  readonly fileSystem?: string;
  /** `in-use`: as after a power failure. */
  readonly state: 'clean' | 'in-use' | 'unknown';
  readonly rule: string;
  readonly statement: string;
}

/** VMs whose snapshots were taken together: near each other, never at one moment. */
export interface PointGroupDto {
  readonly id: string;
  readonly name?: string;
  /** From the first to the last snapshot, by the server's clock. */
  readonly skewMs: number;
  /** This VM among them, in the order of their times. */
  readonly members: readonly {
    readonly vmInstanceUuid: string;
    readonly name: string;
    readonly takenAt: string;
  }[];
}

export interface PointDiskDto {
  readonly deviceKey: number;
  readonly label: string;
  readonly capacityBytes: number;
}

/** How a disk got into a restore point. */
export interface DiskReadDto {
  /** `changed-areas`: what had not changed is as in the restore point before. */
  readonly mode: 'whole' | 'changed-areas';
  readonly transport: TransportKindDto;
  /** Better transports that were closed, or closed in the midst of it, with the reason for people. */
  readonly passedOver?: readonly { readonly kind: TransportKindDto; readonly reason: string }[];
  /** Why everything was read; missing otherwise, and where it was not kept. */
  readonly fullReason?: FullReasonDto;
  /** What was said when that turned out, for people. */
  readonly fullDetail?: string;
  /** What crossed the network. */
  readonly receivedBytes: number;
  /** What of the disk was looked at. */
  readonly readBytes?: number;
  /** Of the chunks with a change in them; missing where the server was not asked. */
  readonly changedBytes?: number;
  /** What the repository grew by. */
  readonly storedBytes: number;
  /** Of chunks said to be unchanged: how many were compared, and how many had changed. */
  readonly audit?: { readonly chunks: number; readonly mismatches: number };
}

/**
 * Through a lease as one stream; by ranges of its file on the datastore; through an NBD program; as a disk of the worker's own
 * machine.
 */
export type TransportKindDto = 'nfc-lease' | 'datastore-files' | 'nbd' | 'hot-add';

/** Why a disk is read whole. */
export type FullReasonDto =
  | 'first-backup'
  | 'requested'
  | 'previous-gone'
  | 'disk-added'
  | 'disk-replaced'
  | 'capacity-changed'
  | 'tracking-not-reset'
  | 'geometry-changed'
  | 'tracking-off'
  | 'tracking-not-begun'
  | 'previous-untracked'
  | 'tracking-reset'
  | 'reverted'
  | 'verification-failed'
  | 'scheduled'
  | 'change-id-unknown'
  | 'file-fault'
  | 'query-denied'
  | 'query-unsupported'
  | 'query-refused'
  | 'answer-invalid';

export interface StoredDiskDto extends PointDiskDto {
  readonly read: DiskReadDto;
}

export interface LeftOutDiskDto {
  readonly deviceKey: number;
  readonly label: string;
  readonly reason: string;
}

/** All backup sets by name of the VM; snapshots that cannot be read are told beside them. */
export const listPoints = request<
  { readonly repository: string },
  { readonly sets: readonly BackupSetDto[]; readonly problems: readonly WireError[] }
>('point/list');

export const readPoint = request<PointRef, PointDto>('point/read');
