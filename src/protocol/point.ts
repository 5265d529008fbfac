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
  readonly disks: readonly PointDiskDto[];
  readonly leftOutDisks: readonly LeftOutDiskDto[];
}

/** Three answers, never one word: what was expected, what was asked for, what the evidence proves. */
export interface ConsistencyDto {
  readonly requested: ConsistencyLevelDto;
  readonly predicted?: ConsistencyLevelDto;
  readonly proven: ConsistencyLevelDto;
  /** What the server reported beyond what is proven. */
  readonly claimed?: ConsistencyLevelDto;
  readonly evidence: readonly { readonly rule: string; readonly statement: string }[];
  readonly downgrades: readonly {
    readonly from: ConsistencyLevelDto;
    readonly to: ConsistencyLevelDto;
    readonly reason: string;
  }[];
}

export interface PointDiskDto {
  readonly deviceKey: number;
  readonly label: string;
  readonly capacityBytes: number;
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
