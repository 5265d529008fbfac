import { AppError } from '../../../base/errors.ts';
import type { TransportKind } from '../../catalog/manifest.ts';
import type { ChunkSet } from '../../changes/chunkSet.ts';
import type { DiskReader } from '../../disk/diskTransport.ts';
import { openFlatExtent } from '../../disk/node/flatExtentDisk.ts';
import { openNfcExport } from '../../disk/node/nfcExport.ts';
import type { VirtualDiskFacts } from '../../inventory/virtualDisk.ts';
import { virtualDisks } from '../../inventory/virtualDisk.ts';
import type { SnapshotLease } from '../../snapshot/snapshotLease.ts';
import { readObject } from '../../vsphere/propertyCollector.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { ReadDeps } from './readDeps.ts';

/** A disk of a snapshot, and where its files are. */
export interface SnapshotDisk {
  readonly snapshot: SnapshotLease;
  readonly disk: VirtualDiskFacts;
  readonly datacenterPath: string | undefined;
}

/** One way to read a disk. */
export interface DiskTransport {
  readonly kind: TransportKind;
  open(signal: AbortSignal): Promise<DiskReader>;
  /** Whether what was read is what the snapshot has, once all is read. */
  isStillRight(signal: AbortSignal): Promise<boolean>;
}

/** Reading more of a disk range by range takes longer than to let it stream by. */
const largestShare = 0.3;

/** The whole disk in one stream. */
export function streamTransport(
  session: VimSession,
  { snapshot, disk }: SnapshotDisk,
  deps: ReadDeps,
): DiskTransport {
  return {
    kind: 'nfc-lease',
    open: async signal => {
      const { vm, disks } = snapshot;
      const request = {
        vmName: vm.name,
        snapshot: snapshot.snapshot,
        disks,
        deviceKey: disk.deviceKey,
      };
      return await openNfcExport(session, request, deps, signal);
    },
    isStillRight: async () => await Promise.resolve(true),
  };
}

/**
 * The ways to read a few chunks of a disk, best first; a way that turns out to be closed leaves the next one. Ranges can
 * only be had of a disk whose file holds all of it: below a snapshot of others lies a chain that `/folder` does not join.
 */
export function changedAreasTransports(
  session: VimSession,
  place: SnapshotDisk,
  wanted: ChunkSet,
  deps: ReadDeps,
): readonly DiskTransport[] {
  const { disk, datacenterPath } = place;
  const { type, fileName, hasParent } = disk.backing;
  const isFlat = type === 'VirtualDiskFlatVer2BackingInfo' && !hasParent;
  const stream = streamTransport(session, place, deps);
  if (!isFlat || fileName === undefined || datacenterPath === undefined) return [stream];
  if (wanted.sizeBytes > largestShare * wanted.diskBytes) return [stream];
  return [rangeTransport(session, place, { datacenterPath, path: fileName }, deps), stream];
}

function rangeTransport(
  session: VimSession,
  { snapshot, disk }: SnapshotDisk,
  descriptor: { readonly datacenterPath: string; readonly path: string },
  deps: ReadDeps,
): DiskTransport {
  const { capacityBytes, deviceKey } = disk;
  return {
    kind: 'datastore-files',
    open: async signal =>
      await openFlatExtent(
        { name: `${snapshot.vm.name} ${disk.label}`, descriptor, capacityBytes },
        deps,
        signal,
      ),
    // Whoever reads files locks nothing: they may be moved to another datastore in the midst of it.
    isStillRight: async signal => {
      const { config } = await readObject(
        session,
        'VirtualMachineSnapshot',
        snapshot.snapshot,
        ['config'],
        signal,
      );
      const now = config && virtualDisks(config).find(candidate => candidate.deviceKey === deviceKey);
      return (
        now?.backing.fileName === disk.backing.fileName &&
        now?.backing.datastore?.value === disk.backing.datastore?.value
      );
    },
  };
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
