import { dayMs } from '../../base/units.ts';
import type { Vim } from '../vsphere/vimCaller.ts';
import type { MoRef } from '../vsphere/schema/moRef.ts';

type FileLayout = Vim<'VirtualMachineFileLayoutEx'>;

/** What a VM writes beside a snapshot of it, instead of into its disks. */
export interface SnapshotGrowth {
  /** Of the files that came since the snapshot, as the server last counted them. */
  readonly writtenBytes: number;
  /** Undefined for a snapshot so young that nothing can be said. */
  readonly bytesPerDay: number | undefined;
  /** Bytes by the name of the datastore they are on. */
  readonly writtenOn: ReadonlyMap<string, number>;
}

/** Figures of a snapshot younger than that are chance. */
const leastAgeMs = 10 * 60_000;
/**
 * Files that the running disks stand on and the snapshot does not: they hold what was written since. Undefined where the
 * server does not tell the files of the snapshot.
 */
export function growthSince(
  layout: FileLayout | undefined,
  snapshot: MoRef,
  ageMs: number,
): SnapshotGrowth | undefined {
  const frozen = layout?.snapshot?.find(({ key }) => key.value === snapshot.value);
  if (layout === undefined || frozen === undefined) return undefined;
  const before = new Set((frozen.disk ?? []).flatMap(keysOf));
  // A disk that was added since has grown by itself.
  const disks = new Set((frozen.disk ?? []).map(({ key }) => key));
  const since = (layout.disk ?? []).filter(({ key }) => disks.has(key)).flatMap(keysOf);
  const writtenOn = sizesOn(
    layout,
    since.filter(key => !before.has(key)),
  );
  const writtenBytes = [...writtenOn.values()].reduce((sum, bytes) => sum + bytes, 0);
  const bytesPerDay = ageMs < leastAgeMs ? undefined : (writtenBytes * dayMs) / ageMs;
  return { writtenBytes, bytesPerDay, writtenOn };
}

/** What lies beside the disks of a VM although no snapshot needs it: what a consolidation would give back. */
export function unneededBytes(layout: FileLayout | undefined): number | undefined {
  if (layout === undefined || (layout.snapshot ?? []).length > 0) return undefined;
  const beside = (layout.disk ?? []).flatMap(({ chain }) =>
    (chain ?? []).slice(1).flatMap(({ fileKey }) => fileKey),
  );
  return [...sizesOn(layout, beside).values()].reduce((sum, bytes) => sum + bytes, 0);
}

function keysOf({ chain }: Vim<'VirtualMachineFileLayoutExDiskLayout'>): number[] {
  return (chain ?? []).flatMap(({ fileKey }) => fileKey);
}

function sizesOn({ file }: FileLayout, keys: readonly number[]): ReadonlyMap<string, number> {
  const wanted = new Set(keys);
  const sizes = new Map<string, number>();
  for (const { key, name, size } of file ?? []) {
    if (!wanted.has(key)) continue;
    const [, datastore = ''] = /^\[([^\]]*)\]/.exec(name) ?? [];
    sizes.set(datastore, (sizes.get(datastore) ?? 0) + size);
  }
  return sizes;
}
