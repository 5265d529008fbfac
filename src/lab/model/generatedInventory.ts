import { defined } from '../../base/assert.ts';
import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import {
  addDatastore,
  addTo,
  hostConfig,
  hostRuntime,
  hostSummary,
  poolRuntime,
  vmFolderTypes,
  type AddEntity,
  type Inventory,
} from './inventory.ts';
import type { ObjectRegistry } from './objectRegistry.ts';

/** A datacenter as large companies have them: what its VMs can be placed on. */
export interface GeneratedSites {
  /** Without those that only hold other folders. */
  readonly vmFolders: readonly MoRef[];
  readonly clusters: readonly GeneratedCluster[];
  readonly networks: readonly { readonly ref: MoRef; readonly name: string }[];
}

export interface GeneratedCluster {
  readonly resourcePool: MoRef;
  readonly vApp: MoRef;
  readonly hosts: readonly MoRef[];
  readonly datastores: readonly { readonly ref: MoRef; readonly name: string }[];
}

const hostsPerCluster = 8;
const vmsPerHost = 78;
const datastoresPerCluster = 3;
const departments = ['Finance', 'Logistics', 'Research', 'Sales', 'Service', 'Web'];
const stages = ['Production', 'Staging', 'Test'];

/** 64 hosts in 8 clusters for 5,000 VMs, fewer for fewer. */
export function createGeneratedSites(
  registry: ObjectRegistry,
  inventory: Inventory,
  vmCount: number,
): GeneratedSites {
  const add = addTo(registry);
  const datacenter: MoRef = { type: 'Datacenter', value: 'datacenter-5001' };
  const folders = {
    vm: folder('group-v5002'),
    host: folder('group-h5003'),
    datastore: folder('group-s5004'),
    network: folder('group-n5005'),
  };
  const networks = ['Frontend', 'Backend', 'Storage', 'Management'].map((name, index) => ({
    ref: { type: 'Network', value: `network-${5010 + index}` },
    name,
  }));
  const hostCount = Math.max(1, Math.ceil(vmCount / vmsPerHost));
  const clusters = Array.from({ length: Math.ceil(hostCount / hostsPerCluster) }, (_, index) =>
    planCluster(index, Math.min(hostsPerCluster, hostCount - index * hostsPerCluster)),
  );
  const datastores = clusters.flatMap(cluster => cluster.datastores);
  inventory.datacenters.push(datacenter);
  add(datacenter, inventory.rootFolder, 'Generated', {
    vmFolder: folders.vm,
    hostFolder: folders.host,
    datastoreFolder: folders.datastore,
    networkFolder: folders.network,
    datastore: datastores.map(({ ref }) => ref),
    network: networks.map(({ ref }) => ref),
  });
  add(folders.host, datacenter, 'host', {
    childType: ['Folder', 'ComputeResource'],
    childEntity: clusters.map(({ ref }) => ref),
  });
  add(folders.datastore, datacenter, 'datastore', {
    childType: ['Folder', 'Datastore', 'StoragePod'],
    childEntity: datastores.map(({ ref }) => ref),
  });
  add(folders.network, datacenter, 'network', {
    childType: ['Folder', 'Network', 'DistributedVirtualSwitch'],
    childEntity: networks.map(({ ref }) => ref),
  });
  for (const { ref, name } of networks)
    add(ref, folders.network, name, {
      summary: { network: ref, name, accessible: true, ipPoolName: '' },
      host: clusters.flatMap(({ hosts }) => hosts),
      vm: () => inventory.vmIndex.at(ref),
    });
  const vmFolders = addVmFolders(add, inventory, folders.vm, datacenter, clusters);
  for (const [index, cluster] of clusters.entries())
    addCluster(add, inventory, cluster, index, folders, networks);
  return { vmFolders, clusters, networks };
}

interface ClusterPlan extends GeneratedCluster {
  readonly ref: MoRef;
}

function planCluster(index: number, hostCount: number): ClusterPlan {
  const first = 6000 + index * 100;
  return {
    ref: { type: 'ClusterComputeResource', value: `domain-c${first}` },
    resourcePool: { type: 'ResourcePool', value: `resgroup-${first + 1}` },
    vApp: { type: 'VirtualApp', value: `resgroup-v${first + 2}` },
    hosts: Array.from({ length: hostCount }, (_, host) => ({
      type: 'HostSystem',
      value: `host-${first + 10 + host}`,
    })),
    datastores: Array.from({ length: datastoresPerCluster }, (_, datastore) => ({
      ref: { type: 'Datastore', value: `datastore-${first + 50 + datastore}` },
      name: `cluster${String(index + 1).padStart(2, '0')}-vmfs${datastore + 1}`,
    })),
  };
}

/** Departments with stages below; the vApps are shown in the uppermost folder, as vCenter does. */
function addVmFolders(
  add: AddEntity,
  { vmIndex }: Inventory,
  top: MoRef,
  datacenter: MoRef,
  clusters: readonly ClusterPlan[],
): MoRef[] {
  const leaves: MoRef[] = [];
  const tree = departments.map((name, department) => ({
    ref: folder(`group-v${5100 + department * 10}`),
    name,
    stages: stages.map((stage, index) => ({
      ref: folder(`group-v${5101 + department * 10 + index}`),
      stage,
    })),
  }));
  add(top, datacenter, 'vm', {
    childType: vmFolderTypes,
    childEntity: () => [
      ...tree.map(({ ref }) => ref),
      ...clusters.map(({ vApp }) => vApp),
      ...vmIndex.at(top),
    ],
  });
  for (const { ref, name, stages: below } of tree) {
    add(ref, top, name, {
      childType: vmFolderTypes,
      childEntity: () => [...below.map(stage => stage.ref), ...vmIndex.at(ref)],
    });
    for (const stage of below) {
      leaves.push(stage.ref);
      add(stage.ref, ref, stage.stage, {
        childType: vmFolderTypes,
        childEntity: () => vmIndex.at(stage.ref),
      });
    }
  }
  return leaves;
}

function addCluster(
  add: AddEntity,
  inventory: Inventory,
  cluster: ClusterPlan,
  index: number,
  folders: { readonly vm: MoRef; readonly host: MoRef; readonly datastore: MoRef },
  networks: readonly { readonly ref: MoRef }[],
): void {
  const { vmIndex } = inventory;
  const { ref, resourcePool, vApp, hosts } = cluster;
  const number = String(index + 1).padStart(2, '0');
  const datastore = cluster.datastores.map(({ ref: one }) => one);
  const network = networks.map(({ ref: one }) => one);
  add(ref, folders.host, `Cluster ${number}`, { resourcePool, host: hosts, datastore, network });
  for (const [position, host] of hosts.entries()) {
    const name = `esx${number}${String(position + 1).padStart(2, '0')}.lab.invalid`;
    add(host, ref, name, {
      summary: () => hostSummary(host, name, inventory),
      runtime: hostRuntime,
      configManager: {},
      config: () => hostConfig(inventory.certificateOf(host)),
      vm: () => vmIndex.at(host),
      datastore,
      network,
    });
  }
  add(resourcePool, ref, 'Resources', {
    runtime: poolRuntime,
    owner: ref,
    resourcePool: [vApp],
    vm: () => vmIndex.at(resourcePool),
  });
  add(vApp, resourcePool, `Shop ${number}`, {
    runtime: poolRuntime,
    owner: ref,
    resourcePool: [],
    parentFolder: folders.vm,
    datastore,
    network,
    vm: () => vmIndex.at(vApp),
  });
  for (const { ref: one, name } of cluster.datastores)
    addDatastore(add, inventory, folders.datastore, { ref: one, name });
}

function folder(value: string): MoRef {
  return { type: 'Folder', value };
}

/** One of the list, whichever number comes. */
export function pick<T>(list: readonly T[], number: number): T {
  return defined(list[number % list.length], 'an element of the list');
}
