import { toAppError } from '../../../../base/errors.ts';
import type { Logger } from '../../../../base/logger.ts';
import type { LocalMachine } from '../../../disk/node/localMachine.ts';
import { assessmentFacts } from '../../../inventory/assessmentFacts.ts';
import type { VmIdentity } from '../../../inventory/listVirtualMachines.ts';
import { plainName } from '../../../vsphere/entityName.ts';
import { readObject } from '../../../vsphere/propertyCollector.ts';
import type { MoRef } from '../../../vsphere/schema/moRef.ts';
import type { VimSession } from '../../../vsphere/session.ts';

/** The VM in which this program runs, as its server knows it. */
export interface OwnVm extends VmIdentity {
  /** Whether its guest sees the UUIDs of its disks, by which one is recognized. */
  readonly showsDiskUuids: boolean;
  /** Ids of the datastores that its host reaches; undefined if nobody tells. */
  readonly datastoreIds: ReadonlySet<string> | undefined;
}

/**
 * Looks for the VM by what the firmware of this machine says. Undefined if the server knows no such VM, or several: then
 * nobody knows which one it is. A server that cannot be asked keeps no backup from being made.
 */
export async function findOwnVm(
  session: VimSession,
  machine: LocalMachine,
  logger: Logger,
  signal: AbortSignal,
): Promise<OwnVm | undefined> {
  const { searchIndex } = session.content;
  if (searchIndex === undefined) return undefined;
  try {
    const found = new Map<string, MoRef>();
    for (const uuid of await machine.biosUuids()) {
      const query = { uuid, vmSearch: true, instanceUuid: false };
      for (const ref of await session.call('FindAllByUuid', searchIndex, query, signal))
        found.set(ref.value, ref);
    }
    const [ref, another] = [...found.values()];
    if (ref === undefined || another !== undefined) return undefined;
    return await readOwnVm(session, ref, signal);
  } catch (error) {
    signal.throwIfAborted();
    logger.info('nobody tells in which VM this runs', { reason: toAppError(error).message });
    return undefined;
  }
}

async function readOwnVm(session: VimSession, ref: MoRef, signal: AbortSignal): Promise<OwnVm | undefined> {
  const paths = ['name', 'config', 'runtime'] as const;
  const { name, config, runtime } = await readObject(session, 'VirtualMachine', ref, paths, signal);
  if (config === undefined || runtime?.host === undefined) return undefined;
  const { datastore } = await readObject(session, 'HostSystem', runtime.host, ['datastore'], signal);
  return {
    ref,
    name: plainName(name),
    showsDiskUuids: assessmentFacts({ config, runtime }, undefined).diskUuidEnabled === true,
    datastoreIds: datastore && new Set(datastore.map(({ value }) => value)),
  };
}
