import type { VolumeRef } from './guest.ts';
import type { LiveGuestRef } from './liveGuest.ts';
import { request } from './message.ts';
import type {
  ConsistencyLevelDto,
  DowngradeDto,
  FullReasonDto,
  LeftOutDiskDto,
  PointDiskDto,
  PointRef,
  TransportKindDto,
} from './point.ts';
import type { PredictionDto, VmRef } from './vm.ts';

export interface BackupParams {
  readonly vm: VmRef;
  readonly repository: string;
  readonly policy: ConsistencyPolicyDto;
  /**
   * An account of the guest, open by `liveGuest/open`: the guest is looked into first, as `liveGuest/look` does. A look
   * that fails ends no backup, it is in the job's log.
   */
  readonly lookAs?: string;
  /** When disks are read whole although their changes are known; 30 points or days without it. */
  readonly wholeReads?: WholeReadsDto;
  /** What disks are read by; without it, or with `auto`, by the best that is open. */
  readonly transport?: TransportChoiceDto;
  /** Without it disks are not read through NBD programs. */
  readonly nbd?: NbdSettingsDto;
}

/** A program that the worker starts, and how its disks are read. It logs in with the account of the vCenter. */
export interface NbdSettingsDto {
  /** Words with values in braces, or the name of a known command: `vddk`, `nfc`, `pynfc`, `vectura`. */
  readonly command: readonly string[];
  /** Folder of VMware's library. */
  readonly library?: string;
  /** 64 to 16384. */
  readonly requestKiB?: number;
  /** 1 to 32. */
  readonly inFlight?: number;
}

export type TransportChoiceDto = 'auto' | TransportKindDto;

export interface WholeReadsDto {
  /** Now. */
  readonly isRequested?: boolean;
  /** At the latest with so many restore points since the last time. */
  readonly everyPoints?: number;
  /** Or so many days. */
  readonly everyDays?: number;
}

/** VMs of one vCenter, each once. */
export interface GroupBackupParams {
  readonly vms: readonly VmRef[];
  readonly repository: string;
  readonly policy: ConsistencyPolicyDto;
  readonly wholeReads?: WholeReadsDto;
  /** As the user calls them together. */
  readonly groupName?: string;
  readonly transport?: TransportChoiceDto;
  readonly nbd?: NbdSettingsDto;
}

/** How consistent a snapshot has to be, and what happens if it cannot be. */
export interface ConsistencyPolicyDto {
  /** What is asked for at most; where a guest cannot have that, the best it can have. `crash`: the guest is not asked. */
  readonly wanted: ConsistencyLevelDto;
  /** Not stronger than `wanted`. */
  readonly minimum: ConsistencyLevelDto;
  /** Below the minimum. `ask` puts a question to the clients, and means `fail` while none is connected. */
  readonly onShortfall: 'fail' | 'step-down' | 'ask';
  /** For the whole of quiescing, 5 to 240; the server takes 15 without it. */
  readonly timeoutMinutes?: number;
  /** `full` may truncate logs and breaks a differential chain; `copy` without it. */
  readonly vssBackupType?: 'copy' | 'full';
}

export interface BackupPlanDto {
  readonly vmName: string;
  /** Whether the guest is asked to come to rest. A VM that is switched off is not: there is nothing to bring to rest. */
  readonly quiesce: boolean;
  /** The level that the backup answers for. */
  readonly requested: ConsistencyLevelDto;
  /** What is known before to be out of reach, and what the policy makes of that. */
  readonly shortfall?: DowngradeDto & { readonly outcome: ConsistencyPolicyDto['onShortfall'] };
  /** What this backup can be expected to reach. */
  readonly predicted: ConsistencyLevelDto;
  /** What the best backup of the VM can be expected to reach, and why it is no more. */
  readonly prediction: PredictionDto;
  readonly disks: readonly BackupPlanDiskDto[];
  readonly leftOutDisks: readonly LeftOutDiskDto[];
  /** Newest restore point of this VM, whose chunks are not stored again. */
  readonly previousPoint?: string;
  /** Whether changed block tracking is on; without it every backup reads everything. */
  readonly isTracking: boolean;
  /** What each transport could read and would cost, best first. */
  readonly transports: readonly TransportOutlookDto[];
  readonly room: SnapshotRoomDto;
}

export interface TransportOutlookDto {
  readonly kind: TransportKindDto;
  /** Labels of the disks that would be read by it. */
  readonly takenFor: readonly string[];
  /** What it cannot read, and why; without a label it is all disks. */
  readonly closed: readonly { readonly label?: string; readonly refused: string; readonly remedy?: string }[];
  /** Whether it leaves unread what has not changed. */
  readonly readsChangesAlone: boolean;
  /** Missing if it can read none. */
  readonly cost?: TransportCostDto;
}

export interface TransportCostDto {
  readonly readBytes: number;
  /** How long the snapshot exists, at this rate. */
  readonly snapshotOpenMs: number;
  readonly bytesPerSecond: number;
  /** In the last backup of the VM; else it is assumed. */
  readonly isMeasured: boolean;
}

/** What a snapshot would find. */
export interface SnapshotRoomDto {
  readonly neededBytes: number;
  readonly datastores: readonly {
    readonly name: string;
    readonly freeBytes: number;
    readonly isEnough: boolean;
  }[];
  /** Snapshots that the VM has already. */
  readonly snapshotCount: number;
  /** Of the oldest one; missing without any. */
  readonly oldestAgeMs?: number;
}

export interface BackupPlanDiskDto extends PointDiskDto {
  /** Why the whole disk will be read, as far as can be told before; missing if only what has changed is. */
  readonly fullReason?: FullReasonDto;
}

export interface FileRestoreParams extends VolumeRef {
  /** Guest paths; a folder is restored with everything in it. */
  readonly paths: readonly string[];
  /** Absolute path of a folder on the worker's machine; created if missing. */
  readonly targetFolder: string;
  /** Name of the zip in it that everything goes into; else files and folders are restored as such. */
  readonly zipName?: string;
  /**
   * What becomes of a file where something stands: nothing is restored (CONFLICT), it is left out, it is restored beside it
   * under a name that is free, or what stands there is replaced. Of a zip: what becomes of the zip, which cannot be left out.
   */
  readonly onConflict: 'fail' | 'skip' | 'rename' | 'overwrite';
}

export interface FileRestorePlanDto {
  readonly targetFolder: string;
  /** The zip as it will be called. */
  readonly zipName?: string;
  /** The first `maxPlannedItems`, folders before what is in them. */
  readonly items: readonly FileRestoreItemDto[];
  readonly itemCount: number;
  readonly replacedCount: number;
  /** What stays out because something stands there, with everything in it. */
  readonly skippedCount: number;
  readonly totalBytes: number;
  /** What cannot be restored, and why; the rest is restored all the same. */
  readonly problems: readonly string[];
}

export interface FileRestoreItemDto {
  readonly kind: 'file' | 'folder' | 'symlink';
  readonly guestPath: string;
  /** In the zip, if there is one. */
  readonly targetPath: string;
  readonly sizeBytes: number;
  readonly replaces: boolean;
}

export const maxPlannedItems = 1000;

export interface GuestRestoreParams extends VolumeRef {
  /** Paths in the restore point; a folder is restored with everything in it, to where it was. */
  readonly paths: readonly string[];
  /** An account that `liveGuest/open` has let in. */
  readonly guest: LiveGuestRef;
  /** Where the guest has the volume, if VMware Tools do not tell. */
  readonly mountPath?: string;
}

export interface GuestRestorePlanDto {
  readonly vmName: string;
  readonly user: string;
  /** The first `maxPlannedItems`, folders before what is in them. Folders that are there are not named. */
  readonly items: readonly GuestRestoreItemDto[];
  readonly itemCount: number;
  readonly replacedCount: number;
  /** Files that are there already, all the same. */
  readonly skippedCount: number;
  /** What will be sent. */
  readonly totalBytes: number;
  /** What cannot be restored, and why; the rest is restored all the same. */
  readonly problems: readonly string[];
  /** What will be different from the restore point, or may fail. */
  readonly warnings: readonly string[];
}

export interface GuestRestoreItemDto {
  readonly kind: 'file' | 'folder';
  /** In the restore point's volume; missing for a folder. */
  readonly pointPath?: string;
  readonly guestPath: string;
  /** `replace`: what is there is kept aside. `attributes`: the content is the same. `skip`: all is there already. */
  readonly action: 'create' | 'replace' | 'attributes' | 'skip';
  readonly sizeBytes: number;
  /** Of the file in the restore point. */
  readonly modifiedAt?: string;
  /** What will be set; missing where the account may not. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** What the guest has there now. */
  readonly live?: LiveFileDto;
}

export interface LiveFileDto {
  readonly sizeBytes: number;
  readonly modifiedAt?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface DiskRestoreParams extends PointRef {
  readonly deviceKey: number;
  /** `raw`: the bytes, sparse. `vmdk`: streamOptimized, as vSphere and qemu import it. */
  readonly format: 'raw' | 'vmdk';
  /** Absolute path of a file on the worker's machine, which must not exist. */
  readonly targetPath: string;
}

export interface DiskRestorePlanDto {
  readonly vmName: string;
  readonly deviceKey: number;
  readonly label: string;
  readonly capacityBytes: number;
  readonly format: 'raw' | 'vmdk';
  readonly targetPath: string;
}

export interface VmRestoreParams extends PointRef {
  /** Name of an open vCenter. */
  readonly vcenter: string;
  /** Name of the new VM, free in its folder. */
  readonly name: string;
  /** Names or ids; without one the place the VM had is taken, or the only one there is. */
  readonly folder?: string;
  readonly resourcePool?: string;
  readonly datastore?: string;
  /** Target network for each network the VM was in; the others keep theirs. */
  readonly networks: readonly { readonly from: string; readonly to: string }[];
  /** Connect network cards at power-on, which is risky beside the original. */
  readonly connectNetworks: boolean;
}

export interface VmRestorePlanDto {
  readonly originalName: string;
  readonly vcenter: string;
  readonly name: string;
  readonly folder: string;
  readonly resourcePool: string;
  readonly datastore: string;
  /** Each network the VM was in, and the one its cards are in now. */
  readonly networks: readonly { readonly from: string; readonly to: string }[];
  readonly connectNetworks: boolean;
  readonly disks: readonly PointDiskDto[];
  /** Every way in which the new VM differs from the original. */
  readonly changes: readonly { readonly field: string; readonly reason: string }[];
  /** What the server said about the hardware without refusing it. */
  readonly warnings: readonly string[];
}

/** Where a VM of a restore point can go on a server, and where it was. */
export interface PlacementsDto {
  readonly originalName: string;
  readonly folders: readonly PlaceDto[];
  readonly resourcePools: readonly PlaceDto[];
  readonly datastores: readonly DatastorePlaceDto[];
  /** Those a network card can be moved to. */
  readonly networks: readonly PlaceDto[];
  /** Networks the VM was in, by name. */
  readonly formerNetworks: readonly string[];
}

export interface PlaceDto {
  /** Names it in `VmRestoreParams`, also where several have one name. */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  /** The VM was there, as far as the name tells. */
  readonly isFormer: boolean;
}

export interface DatastorePlaceDto extends PlaceDto {
  readonly freeBytes: number;
  readonly capacityBytes: number;
}

/** What `plan/restoreVm` can be asked for: only what can take a VM and may be seen. */
export const listPlacements = request<PointRef & { readonly vcenter: string }, PlacementsDto>(
  'plan/placements',
);

/** What a job with the same parameters will do. Nothing is changed; the job plans anew before it begins. */
export const planBackup = request<BackupParams, BackupPlanDto>('plan/backup');
export const planFileRestore = request<FileRestoreParams, FileRestorePlanDto>('plan/restoreFiles');
/** Fails with INVALID_INPUT about `mount` if it cannot be told where the guest has the volume. */
export const planGuestRestore = request<GuestRestoreParams, GuestRestorePlanDto>('plan/restoreToGuest');
export const planDiskRestore = request<DiskRestoreParams, DiskRestorePlanDto>('plan/restoreDisk');
export const planVmRestore = request<VmRestoreParams, VmRestorePlanDto>('plan/restoreVm');

export interface RemedyParams {
  readonly vm: VmRef;
  /** Id of a rule whose remedy can be applied, or `trackingReset`. */
  readonly rule: string;
}

/** What no rule asks for: changed block tracking is switched off and on again. */
export const trackingReset = 'CBT-RESET';

/** What will be done to a VM, and what it costs. */
export interface RemedyPlanDto {
  readonly vmName: string;
  readonly rule: string;
  readonly text: string;
  /** Sentences without their full stop, to be read first. */
  readonly price: readonly string[];
  readonly steps: readonly (
    'shut-down-guest' | 'reconfigure' | 'consolidate' | 'snapshot-and-remove' | 'power-on'
  )[];
}

/** Fails with INVALID_INPUT for a rule the server cannot help with, with CONFLICT where something is in the way. */
export const planRemedy = request<RemedyParams, RemedyPlanDto>('plan/remedy');
