import { openNfcExport } from '../../../disk/node/nfcExport.ts';
import type { TransportRow } from './diskTransport.ts';

/** The whole disk in one stream, under a lease that keeps its VM where it is. */
export const leaseTransport: TransportRow = {
  kind: 'nfc-lease',
  offer: ({ session, place: { snapshot, disk }, deps }) => ({
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
  }),
};
