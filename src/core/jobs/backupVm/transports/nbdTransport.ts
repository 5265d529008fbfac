import { nbdCommandOf } from '../../../disk/nbd/nbdCommand.ts';
import { nbdReads } from '../../../disk/nbd/nbdSettings.ts';
import { missingForNbd } from '../../../disk/node/explainNbdFailure.ts';
import { openNbdDisk } from '../../../disk/node/nbdDisk.ts';
import { readFingerprints } from '../../../vsphere/node/pinnedAgent.ts';
import type { VirtualDiskFacts } from '../../../inventory/virtualDisk.ts';
import type { NbdAccess } from '../readDeps.ts';
import type { TransportRefusal, TransportRow } from './diskTransport.ts';

/** Only what is needed of the disk, through a program of somebody else's that serves it as a network block device. */
export const nbdTransport: TransportRow = {
  kind: 'nbd',
  offer: ({ place, isForced, deps }) => {
    const { snapshot, disk, datacenterPath } = place;
    const { endpoint, nbd } = deps;
    if (nbd === undefined) return isForced ? noNbdProgram : undefined;
    const refusal = namelessFile(disk);
    if (refusal !== undefined) return refusal;
    const { fileName: file = '' } = disk.backing;
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
    };
  },
};

const noNbdProgram: TransportRefusal = {
  refused: 'no NBD program is settled',
  remedy: 'Settle one by --nbd-command or the setting quiesce.nbd.command',
};

/** What speaks against it on this machine; undefined if that is nothing, as far as can be told without starting it. */
export async function nbdRefusal(
  nbd: Pick<NbdAccess, 'settings'> | undefined,
  signal: AbortSignal,
): Promise<TransportRefusal | undefined> {
  if (nbd === undefined) return noNbdProgram;
  const { command, library } = nbd.settings;
  const missing = await missingForNbd(nbdCommandOf(command), library, signal);
  return missing && { refused: missing.what, remedy: missing.remedy };
}

export function namelessFile({ backing: { fileName } }: VirtualDiskFacts): TransportRefusal | undefined {
  return fileName === undefined
    ? { refused: 'it has no file that could be named to an NBD program' }
    : undefined;
}
