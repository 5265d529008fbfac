import { GiB } from '../../base/units.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { ServerState } from '../personality.ts';
import type { ServerCertificate } from '../tls/selfSigned.ts';
import { describedObject, type PlainObject } from './managedObject.ts';
import type { ObjectRegistry } from './objectRegistry.ts';
import { hostPlaces, vCenterPlaces, type Places } from './places.ts';
import { hostProduct } from './product.ts';
import { VmIndex } from './vmIndex.ts';

/** Where the lab's VMs live. */
export interface Inventory extends Places {
  /** All datacenters; the generated ones come after the lab's own. */
  readonly datacenters: MoRef[];
  readonly vmIndex: VmIndex;
  readonly server: ServerState;
  /** Of a host, as clients are told. */
  readonly certificateOf: (host: MoRef) => ServerCertificate;
  /** What is free on a datastore. */
  readonly freeBytes: FreeBytes;
}

export type FreeBytes = (datastore: string) => number;

/** Of a datastore that nobody fills. */
export const usualFreeBytes = 1536 * GiB;

/** What the inventory tells that others know. */
export type InventoryFacts = Pick<Inventory, 'server' | 'certificateOf' | 'freeBytes'>;

/** Makes everything but the VMs and puts it into the registry. */
export function createInventory(registry: ObjectRegistry, facts: InventoryFacts): Inventory {
  const places = facts.server.personality.isHost ? hostPlaces : vCenterPlaces;
  const inventory: Inventory = {
    ...places,
    datacenters: [places.datacenter],
    vmIndex: new VmIndex(registry),
    ...facts,
  };
  const add = addTo(registry);
  addFolders(inventory, add);
  addCompute(inventory, add);
  for (const [name, ref] of inventory.datastores)
    addDatastore(add, inventory, inventory.datastoreFolder, { ref, name });
  for (const [name, ref] of inventory.networks) {
    add(ref, inventory.networkFolder, name, {
      summary: { network: ref, name, accessible: true, ipPoolName: '' },
      host: inventory.hosts,
      vm: () => inventory.vmIndex.at(ref),
    });
  }
  return inventory;
}

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
  const { rootFolder, datacenter, vmFolder, vmFolders, cluster, vmIndex, names } = inventory;
  const datastores = [...inventory.datastores.values()];
  const networks = [...inventory.networks.values()];
  add(rootFolder, undefined, names.root, {
    childType: ['Folder', 'Datacenter'],
    childEntity: () => inventory.datacenters,
  });
  add(datacenter, rootFolder, names.datacenter, {
    vmFolder,
    hostFolder: inventory.hostFolder,
    datastoreFolder: inventory.datastoreFolder,
    networkFolder: inventory.networkFolder,
    datastore: datastores,
    network: networks,
  });
  add(vmFolder, datacenter, 'vm', {
    childType: vmFolderTypes,
    childEntity: () => [...vmFolders.values(), ...vmIndex.at(vmFolder)],
  });
  for (const [name, ref] of vmFolders)
    add(ref, vmFolder, name, { childType: vmFolderTypes, childEntity: () => vmIndex.at(ref) });
  add(inventory.hostFolder, datacenter, 'host', {
    childType: ['Folder', 'ComputeResource'],
    childEntity: [cluster],
  });
  add(inventory.datastoreFolder, datacenter, 'datastore', {
    childType: ['Folder', 'Datastore', 'StoragePod'],
    childEntity: datastores,
  });
  add(inventory.networkFolder, datacenter, 'network', {
    childType: ['Folder', 'Network', 'DistributedVirtualSwitch'],
    childEntity: networks,
  });
}

function addCompute(inventory: Inventory, add: AddEntity): void {
  const { cluster, hosts, resourcePool, vmIndex, names } = inventory;
  const datastore = [...inventory.datastores.values()];
  const network = [...inventory.networks.values()];
  add(cluster, inventory.hostFolder, names.cluster, { resourcePool, host: hosts, datastore, network });
  for (const [index, host] of hosts.entries()) {
    const name = `esx${String(index + 1).padStart(2, '0')}.lab.invalid`;
    add(host, cluster, name, {
      summary: () => hostSummary(host, name, inventory),
      runtime: hostRuntime,
      configManager: {},
      config: () => hostConfig(inventory.certificateOf(host)),
      vm: () => vmIndex.at(host),
      datastore,
      network,
      datastoreBrowser: browserOf(host),
    });
    add(browserOf(host), undefined, '', { datastore });
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

export function hostSummary(
  host: MoRef,
  name: string,
  { server: { personality }, certificateOf }: Inventory,
): PlainObject {
  return {
    host,
    hardware: hostHardware,
    runtime: hostRuntime,
    quickStats: { overallCpuUsage: 0, overallMemoryUsage: 0, uptime: 0 },
    config: {
      name,
      port: 443,
      sslThumbprint: certificateOf(host).sha1Thumbprint,
      product: hostProduct(personality),
      vmotionEnabled: true,
      faultToleranceEnabled: false,
    },
    overallStatus: 'green',
    rebootRequired: false,
  };
}

export const hostRuntime = {
  connectionState: 'connected',
  powerState: 'poweredOn',
  inMaintenanceMode: false,
};

const hostHardware = {
  vendor: 'Quiesce lab (simulation)',
  model: 'None',
  uuid: '00000000-0000-0000-0000-000000000000',
  memorySize: 128 * GiB,
  cpuModel: 'None',
  cpuMhz: 2600,
  numCpuPkgs: 2,
  numCpuCores: 32,
  numCpuThreads: 64,
  numNics: 2,
  numHBAs: 1,
};

/** Bytes of the API are signed. */
export function hostConfig({ certificatePem }: ServerCertificate): PlainObject {
  return { certificate: [...new Int8Array(Buffer.from(certificatePem))] };
}

/** A datastore, and the browser that searches it. */
export function addDatastore(
  add: AddEntity,
  { freeBytes, vmIndex }: Inventory,
  parent: MoRef,
  { ref, name }: { readonly ref: MoRef; readonly name: string },
): void {
  const browser = browserOf(ref);
  const properties = datastoreProperties(ref, name, freeBytes, () => vmIndex.at(ref));
  add(ref, parent, name, { ...properties, browser });
  add(browser, undefined, '', { datastore: [ref] });
}

/** What searches a datastore, or all of a host. */
export function browserOf({ value }: MoRef): MoRef {
  return { type: 'HostDatastoreBrowser', value: `datastoreBrowser-${value}` };
}

function datastoreProperties(
  ref: MoRef,
  name: string,
  freeBytes: FreeBytes,
  vm: () => readonly MoRef[],
): Record<string, unknown> {
  const url = `ds:///vmfs/volumes/5f3c0a10-${ref.value.replace(/\D/g, '').padStart(8, '0')}-7c1e-0050568f0001/`;
  const capacity = 2048 * GiB;
  return {
    info: () => ({
      name,
      url,
      freeSpace: freeBytes(name),
      maxFileSize: 64 * 1024 * GiB,
      maxVirtualDiskCapacity: 62 * 1024 * GiB,
      maxMemoryFileSize: 64 * 1024 * GiB,
    }),
    summary: () => ({
      datastore: ref,
      name,
      url,
      capacity,
      freeSpace: freeBytes(name),
      uncommitted: 0,
      accessible: true,
      multipleHostAccess: true,
      type: 'VMFS',
      maintenanceMode: 'normal',
    }),
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
