import { openFlatExtent } from '../../../disk/node/flatExtentDisk.ts';
import type { TransportRow } from './diskTransport.ts';

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
    const { type, fileName: path, hasParent } = disk.backing;
    const isFlat = type === 'VirtualDiskFlatVer2BackingInfo' && !hasParent;
    if (!isFlat || path === undefined)
      return { refused: 'its file does not hold all of the disk', remedy: 'Remove the older snapshots' };
    if (datacenterPath === undefined) return { refused: 'nobody tells in which datacenter its files are' };
    // Nobody tells which parts of a file are in use.
    if (!isForced && (wanted === undefined || wanted.sizeBytes > largestShare * wanted.diskBytes))
      return undefined;
    const request = {
      name: `${snapshot.vm.name} ${disk.label}`,
      descriptor: { datacenterPath, path },
      capacityBytes: disk.capacityBytes,
    };
    return { open: async signal => await openFlatExtent(request, deps, signal) };
  },
};
