import { queryChangedAreas } from '../../../changes/queryChangedAreas.ts';
import { defaultChunkGeometry } from '../../../chunking/geometry.ts';
import type { Extent } from '../../../block/extent.ts';
import { openHotAddedDisk } from '../../../disk/node/hotAddedDisk.ts';
import type { VirtualDiskFacts } from '../../../inventory/virtualDisk.ts';
import { compareVersions } from '../../../vsphere/schema/versions.ts';
import type { OwnVm } from './ownVm.ts';
import type { ReadRequest, TransportRefusal, TransportRow } from './diskTransport.ts';

/** From this version on what hosts tell of allocated areas is complete, also for disks that had content before tracking. */
const tellsAllocatedSince = '8.0.1';

/** The disk becomes one of the VM in which this program runs: storage at its own speed, only where something is needed. */
export const hotAddTransport: TransportRow = {
  kind: 'hot-add',
  offer: request => {
    const { session, place, ownVm, isForced, deps } = request;
    if (ownVm === undefined && !isForced) return undefined;
    const { snapshot, disk } = place;
    const isEncrypted = snapshot.config.keyId !== undefined;
    const refusal = hotAddRefusal(disk, { vm: snapshot.vm.ref.value, isEncrypted, ownVm });
    if (refusal !== undefined || ownVm === undefined) return refusal;
    const { type, fileName = '', uuid = '' } = disk.backing;
    return {
      open: async signal =>
        await openHotAddedDisk(
          session,
          {
            ...{ name: `${snapshot.vm.name} ${disk.label}`, proxy: ownVm, backing: { type, fileName } },
            ...{ diskUuid: uuid, capacityBytes: disk.capacityBytes },
            allocatedAreas: async stop => await allocatedAreas(request, stop),
          },
          deps,
          signal,
        ),
    };
  },
};

/** What speaks against it before anything is tried. */
export function hotAddRefusal(
  { backing: { type, fileName, uuid, datastore } }: VirtualDiskFacts,
  {
    vm,
    isEncrypted,
    ownVm,
  }: { readonly vm: string; readonly isEncrypted: boolean; readonly ownVm: OwnVm | undefined },
): TransportRefusal | undefined {
  if (ownVm === undefined) return elsewhere;
  if (vm === ownVm.ref.value)
    return { refused: 'it is a disk of the VM in which this runs', remedy: 'Back it up from elsewhere' };
  if (isEncrypted) return { refused: 'an encrypted disk is not attached to another VM' };
  if (fileName === undefined || uuid === undefined || type.includes('RawDisk'))
    return { refused: 'it is no virtual disk with a file and a UUID' };
  if (!ownVm.showsDiskUuids)
    return {
      refused: `${ownVm.name} does not show its guest the UUIDs of disks`,
      remedy: `Switch ${ownVm.name} off and set disk.EnableUUID to TRUE`,
    };
  if (datastore !== undefined && ownVm.datastoreIds?.has(datastore.value) === false)
    return {
      refused: `the host of ${ownVm.name} does not reach the datastore of the disk`,
      remedy: `Move ${ownVm.name} to a host that does`,
    };
  return undefined;
}

/** Whether what a host tells of allocated areas can be believed. */
export function tellsAllocated(hostVersion: string | undefined): boolean {
  return hostVersion !== undefined && compareVersions(hostVersion, tellsAllocatedSince) >= 0;
}

const elsewhere: TransportRefusal = {
  refused: 'this program does not run in a VM of the server',
  remedy: 'Run it in a VM of the same vSphere',
};

/** The whole disk wherever what the server tells is less than certain. */
async function allocatedAreas(
  { session, place: { snapshot, disk }, hostVersion }: ReadRequest,
  signal: AbortSignal,
): Promise<readonly Extent[]> {
  const { capacityBytes: diskBytes, deviceKey, backing } = disk;
  const everything = [{ startBytes: 0, lengthBytes: diskBytes }];
  if (backing.changeId === undefined || !tellsAllocated(hostVersion)) return everything;
  const { chunkBytes } = defaultChunkGeometry;
  const ask = async (startOffset: number, stop: AbortSignal) =>
    await session.call(
      'QueryChangedDiskAreas',
      snapshot.vm.ref,
      { snapshot: snapshot.snapshot, deviceKey, startOffset, changeId: '*' },
      stop,
    );
  const told = await queryChangedAreas(ask, { diskBytes, chunkBytes }, signal);
  return told.kind === 'areas' ? [...told.chunks.areas()] : everything;
}
