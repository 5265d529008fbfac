import { request } from './message.ts';

/** Which VM a request is about. */
export interface VmRef {
  /** Name of an open vCenter. */
  readonly vcenter: string;
  /** Managed object id, for instance `vm-42`. */
  readonly id: string;
  /** As the user knows it, for messages. */
  readonly name: string;
}

export interface VmDto {
  readonly id: string;
  readonly name: string;
  /** Unique within a vCenter; missing for a VM whose configuration cannot be read. */
  readonly instanceUuid?: string;
  /** `/datacenter/vm/folder/name`. */
  readonly inventoryPath: string;
  /** `poweredOn`, `poweredOff`, `suspended` or `unknown`. */
  readonly powerState: string;
  /** `connected`, or why the VM cannot be used: `disconnected`, `inaccessible`, `orphaned`, `invalid`. */
  readonly connectionState: string;
  readonly isTemplate: boolean;
  readonly guestName?: string;
  /** `guestToolsRunning`, `guestToolsNotRunning`, …; missing if the server does not say. */
  readonly toolsState?: string;
  readonly diskCount: number;
  readonly capacityBytes: number;
  readonly hasSnapshots: boolean;
}

/** What the list leaves out, for one VM. */
export interface VmDetailsDto {
  readonly id: string;
  readonly name: string;
  readonly inventoryPath: string;
  readonly guestId: string;
  readonly toolsVersionStatus?: string;
  readonly disks: readonly VmDiskDto[];
  /** Parents before children. */
  readonly snapshots: readonly VmSnapshotDto[];
  /** Names of where it is. */
  readonly host?: string;
  readonly resourcePool?: string;
  readonly datastores: readonly string[];
  readonly networks: readonly string[];
}

export interface VmDiskDto {
  readonly deviceKey: number;
  readonly label: string;
  readonly capacityBytes: number;
  /** The API's type name of what it is stored as, for instance `VirtualDiskFlatVer2BackingInfo`. */
  readonly backing: string;
  /** `persistent`, `independent_persistent`, …. */
  readonly diskMode?: string;
  readonly sharing?: string;
  readonly isThin?: boolean;
}

export interface VmSnapshotDto {
  readonly id: string;
  /** Missing for a root. */
  readonly parentId?: string;
  readonly name: string;
  readonly description: string;
  /** By the server's clock. */
  readonly createdAt: string;
  readonly isQuiesced: boolean;
  /** The running state descends from it directly. */
  readonly isCurrent: boolean;
  /** Taken for a backup of ours, which removes it. */
  readonly isOurs: boolean;
}

/** Every VM and template the user may see, by path. */
export const listVms = request<{ readonly vcenter: string }, { readonly vms: readonly VmDto[] }>('vm/list');

export const readVm = request<VmRef, VmDetailsDto>('vm/read');
