import { openFlatExtent } from '../../../disk/node/flatExtentDisk.ts';
import type { VirtualDiskFacts } from '../../../inventory/virtualDisk.ts';
import type { TransportRefusal, TransportRow } from './diskTransport.ts';

/** Reading more of a disk range by range takes longer than to let it stream by. */
const largestShare = 0.3;

/**
 * Ranges of the disk's file. They can only be had of a disk whose file holds all of it: below a snapshot of others lies a
 * chain that `/folder` does not join.
 */
export const folderTransport: TransportRow = {
  kind: 'datastore-files',
  offer: ({ place, wanted, isForced, deps }) => {
    const { snapshot, disk, datacenterPath } = place;
    const refusal = folderRefusal(disk, datacenterPath);
    if (refusal !== undefined) return refusal;
    if (!isForced && !isWorthRanges(wanted?.sizeBytes, disk.capacityBytes)) return undefined;
    const { fileName: path = '' } = disk.backing;
    const request = {
      name: `${snapshot.vm.name} ${disk.label}`,
      descriptor: { datacenterPath: datacenterPath ?? '', path },
      capacityBytes: disk.capacityBytes,
    };
    return { open: async signal => await openFlatExtent(request, deps, signal) };
  },
};

export function folderRefusal(
  { backing: { type, fileName, hasParent } }: VirtualDiskFacts,
  datacenterPath: string | undefined,
): TransportRefusal | undefined {
  const isFlat = type === 'VirtualDiskFlatVer2BackingInfo' && !hasParent;
  if (!isFlat || fileName === undefined)
    return { refused: 'its file does not hold all of the disk', remedy: 'Remove the older snapshots' };
  if (datacenterPath === undefined) return { refused: 'nobody tells in which datacenter its files are' };
  return undefined;
}

/**
 * Whether ranges are faster than the stream.
 * @param wantedBytes  undefined: everything, for nobody tells which parts of a file are in use
 */
export function isWorthRanges(wantedBytes: number | undefined, diskBytes: number): boolean {
  return wantedBytes !== undefined && wantedBytes <= largestShare * diskBytes;
}
