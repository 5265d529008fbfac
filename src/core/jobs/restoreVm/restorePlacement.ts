import { AppError } from '../../../base/errors.ts';
import type { Manifest } from '../../catalog/manifest.ts';
import { plainName } from '../../vsphere/entityName.ts';
import type { NamedRef } from '../../inventory/readVirtualMachine.ts';
import { readAllOfType } from '../../vsphere/propertyCollector.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { Vim } from '../../vsphere/vimCaller.ts';

/** Where the new VM goes. */
export interface RestorePlacement {
  readonly folder: NamedRef;
  readonly resourcePool: NamedRef;
  readonly datastore: NamedRef;
  /** Networks of the target by name. */
  readonly networks: readonly NamedRef[];
}

export interface PlacementWishes {
  /** A name each; without one the place the VM had is taken, or the only one there is. */
  readonly folder: string | undefined;
  readonly resourcePool: string | undefined;
  readonly datastore: string | undefined;
}

/** What the restore point knows of where the VM was. */
export interface FormerPlacement {
  readonly folder: string | undefined;
  readonly resourcePool: string | undefined;
  readonly datastore: string | undefined;
}

export function formerPlacement({ vm }: Manifest, config: Vim<'VirtualMachineConfigInfo'>): FormerPlacement {
  return {
    folder: vm.inventoryPath.split('/').at(-2),
    resourcePool: vm.resourcePool,
    datastore: /^\[([^\]]+)\]/.exec(config.files.vmPathName ?? '')?.[1],
  };
}

/** @throws NOT_FOUND or INVALID_INPUT listing what there is to choose from */
export async function findPlacement(
  session: VimSession,
  wishes: PlacementWishes,
  former: FormerPlacement,
  signal: AbortSignal,
): Promise<RestorePlacement> {
  const folders = await vmFolders(session, signal);
  const resourcePools = await namedOfType(session, 'ResourcePool', signal);
  const datastores = await namedOfType(session, 'Datastore', signal);
  return {
    folder: choose('folder', '--folder', folders, wishes.folder, former.folder ?? 'vm'),
    resourcePool: choose('resource pool', '--pool', resourcePools, wishes.resourcePool, former.resourcePool),
    datastore: choose('datastore', '--datastore', datastores, wishes.datastore, former.datastore),
    networks: await namedOfType(session, 'Network', signal),
  };
}

/** Hosts, datastores and networks are in folders too, in which no VM can be. */
async function vmFolders(session: VimSession, signal: AbortSignal): Promise<NamedRef[]> {
  const found = await readAllOfType(session, 'Folder', ['name', 'childType'], signal);
  return found
    .filter(({ properties }) => properties.childType?.includes('VirtualMachine') ?? true)
    .map(({ object, properties }) => ({ ref: object, name: plainName(properties.name) }));
}

async function namedOfType(
  session: VimSession,
  type: 'ResourcePool' | 'Datastore' | 'Network',
  signal: AbortSignal,
): Promise<NamedRef[]> {
  const found = await readAllOfType(session, type, ['name'], signal);
  return found.map(({ object, properties }) => ({ ref: object, name: plainName(properties.name) }));
}

function choose(
  what: string,
  option: string,
  all: readonly NamedRef[],
  wish: string | undefined,
  former: string | undefined,
): NamedRef {
  const byName = (name: string | undefined) =>
    all.filter(candidate => candidate.name === name || candidate.ref.value === name);
  const names = all.map(({ name, ref }) => `${name} (${ref.value})`).join(', ');
  if (wish !== undefined) {
    const [found, another] = byName(wish);
    if (found !== undefined && another === undefined) return found;
    const problem = found === undefined ? 'does not exist' : 'is the name of several';
    throw new AppError(found === undefined ? 'NOT_FOUND' : 'CONFLICT', `the ${what} ${wish} ${problem}`, {
      object: wish,
      remedy: `Choose one of ${names}`,
    });
  }
  const [formerOne, anotherFormer] = byName(former);
  if (formerOne !== undefined && anotherFormer === undefined) return formerOne;
  const [only, another] = all;
  if (only !== undefined && another === undefined) return only;
  throw new AppError('INVALID_INPUT', `it is not clear which ${what} the VM is restored to`, {
    object: what,
    remedy: `Choose one with ${option}: ${names}`,
  });
}
