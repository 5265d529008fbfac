import { notification, request } from './message.ts';
import type { VmRef } from './vm.ts';

/** The snapshots of one vCenter, as the guardian sees them. */
export interface SnapshotReportDto {
  readonly vcenter: string;
  /** By the server's clock, as all ages are; RFC 3339. */
  readonly at: string;
  /** All but young ones of people and other products, the oldest first; the first `maxToldSnapshots`. */
  readonly snapshots: readonly GuardedSnapshotDto[];
  readonly snapshotCount: number;
  /** VMs whose disks stand on files that no snapshot needs; the bytes are missing where they are not known. */
  readonly toConsolidate: readonly { readonly vm: VmRef; readonly unneededBytes?: number }[];
  /** Datastores on which something grows, the first to be full first. */
  readonly datastores: readonly DatastoreForecastDto[];
}

export interface GuardedSnapshotDto {
  readonly vm: VmRef;
  readonly snapshotId: string;
  /** As the vSphere client shows it. */
  readonly name: string;
  readonly createdAt: string;
  readonly ageMs: number;
  /**
   * `live`: of a job that runs, or of a leftover that is given back anyway; `orphan`: ours, and nobody answers for it: it is
   * removed; `other`: of another installation; `expired`: the same, surely left over: removed if somebody agrees; `old`: of a
   * person or another product, which is never touched.
   */
  readonly verdict: 'live' | 'orphan' | 'other' | 'expired' | 'old';
  /** What its description says, if it is of Quiesce. */
  readonly owner?: {
    readonly token: string;
    readonly installationId: string;
    readonly job: string;
    readonly expiresAt: string;
  };
  /** Written beside the disks since, as the server last counted it; missing where it does not tell. */
  readonly writtenBytes?: number;
  readonly bytesPerDay?: number;
}

export interface DatastoreForecastDto {
  readonly name: string;
  readonly freeBytes: number;
  /** Of all VMs with snapshots on it together. */
  readonly bytesPerDay: number;
  readonly fullInMs: number;
}

export const maxToldSnapshots = 200;

/** Looks at the server now; every client is told what was found. Nothing is changed. */
export const readSnapshotReport = request<{ readonly vcenter: string }, SnapshotReportDto>('snapshot/report');

/** The guardian has looked at the snapshots of a vCenter: when it was opened, from time to time, or because it was asked. */
export const snapshotsReported = notification<SnapshotReportDto>('snapshot/changed');
