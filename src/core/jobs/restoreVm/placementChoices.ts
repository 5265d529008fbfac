import type { RestorePoint } from '../../catalog/restorePoint.ts';
import { shortId } from '../../catalog/restorePoint.ts';
import { readInventoryTree } from '../../inventory/inventoryPath.ts';
import { plainName } from '../../vsphere/entityName.ts';
import { readAllOfType } from '../../vsphere/propertyCollector.ts';
import type { VimSession } from '../../vsphere/session.ts';
import { decodeVmConfig } from './decodeVmConfig.ts';
import { formerPlacement } from './restorePlacement.ts';
import { networksOf } from './restoredConfig.ts';

/** Where a VM of a restore point can go on a server, and where it was. */
export interface PlacementChoices {
  readonly originalName: string;
  readonly folders: readonly PlaceChoice[];
  readonly resourcePools: readonly PlaceChoice[];
  readonly datastores: readonly DatastoreChoice[];
  /** Those a network card can be moved to. */
  readonly networks: readonly PlaceChoice[];
  /** Networks the VM was in, by name. */
  readonly formerNetworks: readonly string[];
}

export interface PlaceChoice {
  readonly id: string;
  readonly name: string;
  /** Where it is in the inventory. */
  readonly path: string;
  /** The VM was there, as far as its name tells. */
  readonly isFormer: boolean;
}

export interface DatastoreChoice extends PlaceChoice {
  readonly freeBytes: number;
  readonly capacityBytes: number;
}

/** What may be chosen: what the user may see, without what cannot take a VM. */
export async function placementChoices(
  session: VimSession,
  point: RestorePoint,
  signal: AbortSignal,
): Promise<PlacementChoices> {
  const config = decodeVmConfig(point.config, `configuration in restore point ${shortId(point.id)}`);
  const former = formerPlacement(point.manifest, config);
  const tree = await readInventoryTree(session, signal);
  const folders = await readAllOfType(session, 'Folder', ['name', 'parent', 'childType'], signal);
  const pools = await readAllOfType(session, 'ResourcePool', ['name', 'owner'], signal);
  const datastores = await readAllOfType(session, 'Datastore', ['name', 'parent', 'summary'], signal);
  const networks = await readAllOfType(session, 'Network', ['name', 'parent'], signal);
  const formerNetworks = networksOf(config);
  return {
    originalName: point.manifest.vm.name,
    folders: folders
      .filter(({ properties }) => properties.childType?.includes('VirtualMachine') === true)
      .map(({ object, properties }) => {
        const name = plainName(properties.name);
        const path = tree.pathOf(name, properties.parent);
        return { id: object.value, name, path, isFormer: name === (former.folder ?? 'vm') };
      })
      .sort(byPath),
    resourcePools: pools
      .filter(({ object }) => object.type === 'ResourcePool')
      .map(({ object, properties }) => {
        const name = plainName(properties.name);
        const path = tree.pathOf(name, properties.owner);
        return { id: object.value, name, path, isFormer: name === former.resourcePool };
      })
      .sort(byPath),
    datastores: datastores
      .filter(({ properties }) => properties.summary?.accessible === true)
      .map(({ object, properties }) => {
        const name = plainName(properties.name);
        const { freeSpace = 0, capacity = 0 } = properties.summary ?? {};
        const path = tree.pathOf(name, properties.parent);
        const sizes = { freeBytes: freeSpace, capacityBytes: capacity };
        return { id: object.value, name, path, isFormer: name === former.datastore, ...sizes };
      })
      .sort(byPath),
    networks: networks
      .filter(({ object }) => object.type === 'Network')
      .map(({ object, properties }) => {
        const name = plainName(properties.name);
        const path = tree.pathOf(name, properties.parent);
        return { id: object.value, name, path, isFormer: formerNetworks.includes(name) };
      })
      .sort(byPath),
    formerNetworks,
  };
}

function byPath(left: PlaceChoice, right: PlaceChoice): number {
  return left.path < right.path ? -1 : 1;
}
