import type { MoRef } from '../../core/vsphere/schema/moRef.ts';

/** What the lab's VMs can be placed on. Ids look like those of real servers, and stay the same from run to run. */
export interface Places {
  readonly names: { readonly root: string; readonly datacenter: string; readonly cluster: string };
  readonly rootFolder: MoRef;
  readonly datacenter: MoRef;
  readonly vmFolder: MoRef;
  readonly hostFolder: MoRef;
  readonly datastoreFolder: MoRef;
  readonly networkFolder: MoRef;
  /** Folders below the VM folder by name. */
  readonly vmFolders: ReadonlyMap<string, MoRef>;
  readonly resourcePool: MoRef;
  /** The hosts and what they share: a cluster, or of a host on its own just that. */
  readonly cluster: MoRef;
  readonly hosts: readonly MoRef[];
  readonly datastores: ReadonlyMap<string, MoRef>;
  readonly networks: ReadonlyMap<string, MoRef>;
}

export const vCenterPlaces: Places = {
  names: { root: 'Datacenters', datacenter: 'Lab', cluster: 'Cluster' },
  rootFolder: { type: 'Folder', value: 'group-d1' },
  datacenter: { type: 'Datacenter', value: 'datacenter-21' },
  vmFolder: { type: 'Folder', value: 'group-v22' },
  hostFolder: { type: 'Folder', value: 'group-h23' },
  datastoreFolder: { type: 'Folder', value: 'group-s24' },
  networkFolder: { type: 'Folder', value: 'group-n25' },
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
};

/** A host on its own: one of everything that has no choice, and no folders for VMs. */
export const hostPlaces: Places = {
  names: { root: 'ha-folder-root', datacenter: 'ha-datacenter', cluster: 'esx01.lab.invalid' },
  rootFolder: { type: 'Folder', value: 'ha-folder-root' },
  datacenter: { type: 'Datacenter', value: 'ha-datacenter' },
  vmFolder: { type: 'Folder', value: 'ha-folder-vm' },
  hostFolder: { type: 'Folder', value: 'ha-folder-host' },
  datastoreFolder: { type: 'Folder', value: 'ha-folder-datastore' },
  networkFolder: { type: 'Folder', value: 'ha-folder-network' },
  vmFolders: new Map(),
  resourcePool: { type: 'ResourcePool', value: 'ha-root-pool' },
  cluster: { type: 'ComputeResource', value: 'ha-compute-res' },
  hosts: [{ type: 'HostSystem', value: 'ha-host' }],
  datastores: new Map([
    ['datastore1', { type: 'Datastore', value: '5f3c0a10-00000031-7c1e-0050568f0001' }],
    ['datastore2', { type: 'Datastore', value: '5f3c0a10-00000032-7c1e-0050568f0001' }],
  ]),
  networks: new Map([
    ['VM Network', { type: 'Network', value: 'HaNetwork-VM Network' }],
    ['Backend', { type: 'Network', value: 'HaNetwork-Backend' }],
  ]),
};
