import { GiB } from '../../base/units.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { describedObject } from './managedObject.ts';
import type { ObjectRegistry } from './objectRegistry.ts';
import { VmIndex } from './vmIndex.ts';

/** Where the lab's VMs live. Ids look like those of a vCenter, and stay the same from run to run. */
export interface Inventory {
  readonly rootFolder: MoRef;
  readonly datacenter: MoRef;
  readonly vmFolder: MoRef;
  /** Folders below the VM folder by name. */
  readonly vmFolders: ReadonlyMap<string, MoRef>;
  readonly resourcePool: MoRef;
  readonly cluster: MoRef;
  readonly hosts: readonly MoRef[];
  readonly datastores: ReadonlyMap<string, MoRef>;
  readonly networks: ReadonlyMap<string, MoRef>;
  /** All datacenters; the generated ones come after the lab's own. */
  readonly datacenters: MoRef[];
  readonly vmIndex: VmIndex;
}

/** Makes everything but the VMs and puts it into the registry. */
export function createInventory(registry: ObjectRegistry): Inventory {
  const inventory: Inventory = {
    rootFolder: { type: 'Folder', value: 'group-d1' },
    datacenter: { type: 'Datacenter', value: 'datacenter-21' },
    vmFolder: { type: 'Folder', value: 'group-v22' },
    vmFolders: new Map([
      ['Production', { type: 'Folder', value: 'group-v41' }],
      ['Archive', { type: 'Folder', value: 'group-v42' }],
    ]),
    resourcePool: { type: 'ResourcePool', value: 'resgroup-27' },
    cluster: { type: 'ClusterComputeResource', value: 'domain-c26' },
    hosts: [
      { type: 'HostSystem', value: 'host-28' },
      { type: 'HostSystem', value: 'host-30' },
    ],
    datastores: new Map([
      ['datastore1', { type: 'Datastore', value: 'datastore-31' }],
      ['datastore2', { type: 'Datastore', value: 'datastore-32' }],
    ]),
    networks: new Map([
      ['VM Network', { type: 'Network', value: 'network-33' }],
      ['Backend', { type: 'Network', value: 'network-34' }],
    ]),
    datacenters: [{ type: 'Datacenter', value: 'datacenter-21' }],
    vmIndex: new VmIndex(registry),
  };
  const add = addTo(registry);
  addFolders(inventory, add);
  addCompute(inventory, add);
  for (const [name, ref] of inventory.datastores)
    add(
      ref,
      folders.datastore,
      name,
      datastoreProperties(ref, name, () => inventory.vmIndex.at(ref)),
    );
  for (const [name, ref] of inventory.networks) {
    add(ref, folders.network, name, {
      summary: { network: ref, name, accessible: true, ipPoolName: '' },
      host: inventory.hosts,
      vm: () => inventory.vmIndex.at(ref),
    });
  }
  return inventory;
}

const folders = {
  host: { type: 'Folder', value: 'group-h23' },
  datastore: { type: 'Folder', value: 'group-s24' },
  network: { type: 'Folder', value: 'group-n25' },
} as const;

export type AddEntity = (
  ref: MoRef,
  parent: MoRef | undefined,
  name: string,
  properties: Record<string, unknown>,
) => void;

/** Puts entities into the registry, with what all entities have. */
export function addTo(registry: ObjectRegistry): AddEntity {
  return (ref, parent, name, properties) => {
    registry.add(
      describedObject(ref, {
        parent,
        name,
        overallStatus: 'green',
        recentTask: [],
        effectiveRole: [-1],
        disabledMethod: [],
        ...properties,
      }),
    );
  };
}

/** What a folder of VMs may hold. */
export const vmFolderTypes = ['Folder', 'VirtualMachine', 'VirtualApp'];

function addFolders(inventory: Inventory, add: AddEntity): void {
  const { rootFolder, datacenter, vmFolder, vmFolders, cluster, vmIndex } = inventory;
  const datastores = [...inventory.datastores.values()];
  const networks = [...inventory.networks.values()];
  add(rootFolder, undefined, 'Datacenters', {
    childType: ['Folder', 'Datacenter'],
    childEntity: () => inventory.datacenters,
  });
  add(datacenter, rootFolder, 'Lab', {
    vmFolder,
    hostFolder: folders.host,
    datastoreFolder: folders.datastore,
    networkFolder: folders.network,
    datastore: datastores,
    network: networks,
  });
  add(vmFolder, datacenter, 'vm', {
    childType: vmFolderTypes,
    childEntity: () => [...vmFolders.values(), ...vmIndex.at(vmFolder)],
  });
  for (const [name, ref] of vmFolders)
    add(ref, vmFolder, name, { childType: vmFolderTypes, childEntity: () => vmIndex.at(ref) });
  add(folders.host, datacenter, 'host', { childType: ['Folder', 'ComputeResource'], childEntity: [cluster] });
  add(folders.datastore, datacenter, 'datastore', {
    childType: ['Folder', 'Datastore', 'StoragePod'],
    childEntity: datastores,
  });
  add(folders.network, datacenter, 'network', {
    childType: ['Folder', 'Network', 'DistributedVirtualSwitch'],
    childEntity: networks,
  });
}

function addCompute(inventory: Inventory, add: AddEntity): void {
  const { cluster, hosts, resourcePool, vmIndex } = inventory;
  const datastore = [...inventory.datastores.values()];
  const network = [...inventory.networks.values()];
  add(cluster, folders.host, 'Cluster', { resourcePool, host: hosts, datastore, network });
  for (const [index, host] of hosts.entries()) {
    const name = `esx${String(index + 1).padStart(2, '0')}.lab.invalid`;
    add(host, cluster, name, {
      summary: hostSummary(host, name),
      vm: () => vmIndex.at(host),
      datastore,
      network,
    });
  }
  add(resourcePool, cluster, 'Resources', {
    runtime: poolRuntime,
    owner: cluster,
    resourcePool: [],
    vm: () => vmIndex.at(resourcePool),
  });
}

const usage = {
  reservationUsed: 0,
  reservationUsedForVm: 0,
  unreservedForPool: 64 * GiB,
  unreservedForVm: 64 * GiB,
  overallUsage: 0,
  maxUsage: 64 * GiB,
};

export const poolRuntime = { memory: usage, cpu: usage, overallStatus: 'green' };

export function hostSummary(host: MoRef, name: string): Record<string, unknown> {
  return {
    host,
    config: { name, port: 443, product: hostProduct, vmotionEnabled: true, faultToleranceEnabled: false },
    overallStatus: 'green',
    rebootRequired: false,
  };
}

const hostProduct = {
  name: 'VMware ESXi',
  fullName: 'Quiesce lab, a simulation of VMware ESXi 8.0.3',
  vendor: 'Quiesce lab (simulation)',
  version: '8.0.3',
  build: '0',
  localeVersion: 'INTL',
  localeBuild: '000',
  osType: 'vmnix-x86',
  productLineId: 'embeddedEsx',
  apiType: 'HostAgent',
  apiVersion: '8.0.3.0',
  licenseProductName: 'Quiesce lab (simulation)',
  licenseProductVersion: '8.0',
};

export function datastoreProperties(
  ref: MoRef,
  name: string,
  vm: () => readonly MoRef[],
): Record<string, unknown> {
  const url = `ds:///vmfs/volumes/5f3c0a10-${ref.value.replace(/\D/g, '').padStart(8, '0')}-7c1e-0050568f0001/`;
  const capacity = 2048 * GiB;
  const freeSpace = 1536 * GiB;
  return {
    info: {
      name,
      url,
      freeSpace,
      maxFileSize: 64 * 1024 * GiB,
      maxVirtualDiskCapacity: 62 * 1024 * GiB,
      maxMemoryFileSize: 64 * 1024 * GiB,
    },
    summary: {
      datastore: ref,
      name,
      url,
      capacity,
      freeSpace,
      uncommitted: 0,
      accessible: true,
      multipleHostAccess: true,
      type: 'VMFS',
      maintenanceMode: 'normal',
    },
    capability: {
      directoryHierarchySupported: true,
      rawDiskMappingsSupported: true,
      perFileThinProvisioningSupported: true,
      storageIORMSupported: true,
      nativeSnapshotSupported: false,
      topLevelDirectoryCreateSupported: true,
      seSparseSupported: true,
    },
    vm,
  };
}
