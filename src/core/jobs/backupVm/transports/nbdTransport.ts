import { nbdCommandOf } from '../../../disk/nbd/nbdCommand.ts';
import { nbdReads } from '../../../disk/nbd/nbdSettings.ts';
import { openNbdDisk } from '../../../disk/node/nbdDisk.ts';
import { readFingerprints } from '../../../vsphere/node/pinnedAgent.ts';
import type { TransportRow } from './diskTransport.ts';
import { isBackingUnchanged } from './isBackingUnchanged.ts';

/** Only what is needed of the disk, through a program of somebody else's that serves it as a network block device. */
export const nbdTransport: TransportRow = {
  kind: 'nbd',
  offer: ({ session, place, isForced, deps }) => {
    const { snapshot, disk, datacenterPath } = place;
    const { endpoint, nbd } = deps;
    if (nbd === undefined)
      return isForced
        ? {
            refused: 'no NBD program is settled',
            remedy: 'Settle one by --nbd-command or the setting quiesce.nbd.command',
          }
        : undefined;
    const { fileName: file } = disk.backing;
    if (file === undefined) return { refused: 'it has no file that could be named to an NBD program' };
    const { settings, account } = nbd;
    const { hostname: server, port } = new URL(`https://${endpoint.host}`);
    return {
      open: async signal => {
        const { sha1, sha256 } = await readFingerprints(endpoint.host, endpoint.identity, signal);
        const values = {
          ...{ server, port: port === '' ? undefined : port, user: account.user, file },
          ...{ thumbprint: sha1, fingerprint: sha256 },
          ...{ vm: snapshot.vm.ref.value, 'vm-name': snapshot.vm.name, snapshot: snapshot.snapshot.value },
          ...{ datacenter: datacenterPath, library: settings.library, 'disk-key': String(disk.deviceKey) },
        };
        const request = {
          ...{ name: `${snapshot.vm.name} ${disk.label}`, capacityBytes: disk.capacityBytes, values },
          ...{ command: nbdCommandOf(settings.command), reads: nbdReads(settings), source: account.source },
        };
        return await openNbdDisk(request, deps, signal);
      },
      // Such a program does not keep its VM where it is.
      isStillRight: async signal => await isBackingUnchanged(session, place, signal),
    };
  },
};
