import { notification, request } from './message.ts';
import type { ConsistencyLevelDto } from './point.ts';
import type { InventoryOwnerDto } from './vcenter.ts';

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
  /** `/datacenter/host/cluster/host/name`; missing while no host that may be seen has the VM. */
  readonly computePath?: string;
  /** Names of the datastores its files are on. */
  readonly datastores: readonly string[];
  /** Name of the vApp it is in, if it is in one. */
  readonly vAppName?: string;
  /** A disk of it stands on a file of another VM. */
  readonly isLinkedClone?: true;
  /** As last told by the server, sorted; they come a moment after the VM. An ESXi host has none. */
  readonly tags: readonly VmTagDto[];
  /** What a backup of it can be expected to reach. */
  readonly predicted: PredictionDto;
  /** When the server was last known to have it so, where it has not confirmed that since; RFC 3339. */
  readonly asOf?: string;
}

export interface VmTagDto {
  readonly category: string;
  /** Unique within its category. */
  readonly name: string;
}

/** How far the consistency of a backup can be told before it is taken. Texts are sentences without their full stop. */
export interface PredictionDto {
  readonly level: ConsistencyLevelDto;
  /** `cold`, `vss`, `vss-without-writers`, `sync-driver`, `freeze` or `none`. */
  readonly mechanism: string;
  readonly certainty: CertaintyDto;
  /** What the guest and the host allow at best, whatever is fixed. */
  readonly ceiling: ConsistencyLevelDto;
  /** Where the ceiling comes from: id of the rule, and why in a few words and in whole. */
  readonly base: { readonly rule: string; readonly reason: string; readonly text: string };
  /** What keeps the level down, the strongest limit first. */
  readonly limits: readonly LimitDto[];
  /** What does not lower the level but should be known. */
  readonly remarks: readonly RemarkDto[];
  /** What would have to be known for more certainty. */
  readonly unknowns: readonly { readonly rule: string; readonly question: string }[];
  /** Disks outside the snapshot: with any of them, the restore point is not of one moment. */
  readonly outsideDisks: readonly {
    readonly rule: string;
    readonly deviceKey: number;
    readonly label: string;
    readonly reason: string;
  }[];
  /** The level once every limit that has a remedy is gone. */
  readonly levelAfterAllFixes: ConsistencyLevelDto;
}

export type CertaintyDto = 'certain' | 'likely' | 'uncertain';

export interface RemarkDto {
  readonly rule: string;
  /** In a few words, for a row. */
  readonly reason: string;
  readonly text: string;
  /** Missing where nothing can be done. */
  readonly remedy?: string;
  readonly certainty: CertaintyDto;
  /** Title of what it rests on; `vm/explain` has its address. */
  readonly source: string;
}

export interface LimitDto extends RemarkDto {
  /** The level is this at most. */
  readonly cap: ConsistencyLevelDto;
  /** The level once this limit alone is gone. */
  readonly levelAfterFix: ConsistencyLevelDto;
}

/** Everything there is to say of a VM's prediction, each statement with where it comes from. */
export interface ExplanationDto {
  readonly name: string;
  /** Missing for a VM whose configuration cannot be read. */
  readonly instanceUuid?: string;
  readonly inventoryPath: string;
  /** As in a list. */
  readonly asOf?: string;
  readonly level: ConsistencyLevelDto;
  /** As in a prediction. */
  readonly mechanism: string;
  readonly certainty: CertaintyDto;
  readonly ceiling: ConsistencyLevelDto;
  /** Where the ceiling comes from. */
  readonly base: {
    readonly rule: string;
    readonly text: string;
    readonly certainty: CertaintyDto;
    readonly source: SourceDto;
    /** What the vendor supports, where that is less than what the technology gives. */
    readonly vendorLevel?: ConsistencyLevelDto;
  };
  /** The strongest first. */
  readonly limits: readonly ExplainedLimitDto[];
  /** Missing where it says nothing new: all fixes change nothing, or there is only one to make. */
  readonly levelAfterAllFixes?: ConsistencyLevelDto;
  /** Whether a snapshot holds the whole VM; unknown while its disks are. */
  readonly coverage: 'whole-vm' | 'partial' | 'nothing' | 'unknown';
  readonly outsideDisks: PredictionDto['outsideDisks'];
  readonly remarks: readonly ExplainedRemarkDto[];
  /** What is good to know where nothing is to be done. */
  readonly notes: readonly ExplainedRemarkDto[];
  /** With how one would find out, where there is a way. */
  readonly unknowns: readonly {
    readonly rule: string;
    readonly question: string;
    readonly remedy?: string;
    readonly certainty: CertaintyDto;
    readonly source: SourceDto;
  }[];
}

export interface ExplainedRemarkDto {
  readonly rule: string;
  /** The server can do what the remedy says. */
  readonly canBeApplied?: true;
  readonly text: string;
  /** Missing where nothing can be done. */
  readonly remedy?: string;
  readonly certainty: CertaintyDto;
  readonly source: SourceDto;
}

export interface ExplainedLimitDto extends ExplainedRemarkDto {
  readonly cap: ConsistencyLevelDto;
  /** The level once this limit alone is gone: the same as now where another remains. Missing without a remedy. */
  readonly levelAfterFix?: ConsistencyLevelDto;
}

/** A document or observation that a statement rests on. */
export interface SourceDto {
  readonly title: string;
  /** Missing where there is no public address. */
  readonly url?: string;
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

export interface ListVmsParams {
  readonly vcenter: string;
  /** Answer as soon as there are some; the others come as `vm/changed`. */
  readonly atOnce?: true;
  /** What the page before gave as `next`. */
  readonly after?: string;
}

/** At most 100, in no order; `next` is missing on the last page. */
export interface VmPageDto {
  readonly vms: readonly VmDto[];
  readonly next?: string;
}

/**
 * Every VM and template the user may see, page by page. The worker is told of changes by the server and knows them at any time; of a
 * large inventory, the predictions may still be those of VMs whose disks are not known, and come as `vm/changed`.
 */
export const listVms = request<ListVmsParams, VmPageDto>('vm/list');

/**
 * What was known of a server last, each VM with `asOf`: to be shown while the server is not open. Neither the server nor a
 * password is needed for it. One empty page if nothing is kept.
 */
export const listKeptVms = request<InventoryOwnerDto & Pick<ListVmsParams, 'after'>, VmPageDto>('vm/kept');

/** What has become different since a list was asked for; told to every client, of every vCenter that was listed. */
export interface VmChangesDto {
  readonly vcenter: string;
  readonly changed: readonly VmDto[];
  /** Ids of VMs that are gone. */
  readonly removed: readonly string[];
  /** Nothing is known of the vCenter any more, for instance because it shows another certificate; a new request tells why. */
  readonly isLost?: true;
}

export const vmsChanged = notification<VmChangesDto>('vm/changed');

export const readVm = request<VmRef, VmDetailsDto>('vm/read');

/** From what the worker knows already; it fails with NOT_FOUND for a VM that is gone. */
export const explainVm = request<VmRef, ExplanationDto>('vm/explain');
