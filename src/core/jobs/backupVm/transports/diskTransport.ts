import { AppError } from '../../../../base/errors.ts';
import type { TransportKind } from '../../../catalog/manifest.ts';
import type { ChunkSet } from '../../../changes/chunkSet.ts';
import type { DiskReader } from '../../../disk/diskTransport.ts';
import type { VirtualDiskFacts } from '../../../inventory/virtualDisk.ts';
import type { SnapshotLease } from '../../../snapshot/snapshotLease.ts';
import type { VimSession } from '../../../vsphere/session.ts';
import type { OwnVm } from './ownVm.ts';
import type { ReadDeps } from '../readDeps.ts';

/** A disk of a snapshot, and where its files are. */
export interface SnapshotDisk {
  readonly snapshot: SnapshotLease;
  readonly disk: VirtualDiskFacts;
  readonly datacenterPath: string | undefined;
}

/** What is asked of a way to read a disk. */
export interface ReadRequest {
  readonly session: VimSession;
  readonly place: SnapshotDisk;
  /** The chunks that are needed; undefined: all of them. */
  readonly wanted: ChunkSet | undefined;
  /** Nothing else may be taken in its stead, so that it is no matter whether another one would be faster. */
  readonly isForced: boolean;
  /** The VM in which this program runs, if that is one of the same server. */
  readonly ownVm: OwnVm | undefined;
  /** Of the host that runs the VM. */
  readonly hostVersion: string | undefined;
  readonly deps: ReadDeps;
}

/** One way to read a disk. */
export interface DiskTransport {
  open(signal: AbortSignal): Promise<DiskReader>;
}

/** Why a way is not taken; nothing was tried. */
export interface TransportRefusal {
  readonly refused: string;
  /** What would open it, for whoever has forced it. */
  readonly remedy?: string;
}

/** A kind of transport, as `transportsFor` asks it. */
export interface TransportRow {
  readonly kind: TransportKind;
  /** Tells from what is known, and asks nobody. Undefined: nobody expects it here, and nothing is to be said of it. */
  offer(request: ReadRequest): DiskTransport | TransportRefusal | undefined;
}

/** Whether another way may be open where this one was closed. */
export function isClosedWay(error: unknown): error is AppError {
  return AppError.is(
    error,
    'CONFLICT',
    'PERMISSION',
    'NOT_FOUND',
    'UNSUPPORTED_FORMAT',
    'UNREACHABLE',
    'AUTHENTICATION',
    'CORRUPT_DATA',
  );
}
