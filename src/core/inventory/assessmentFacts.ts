import type { Vim } from '../vsphere/vimCaller.ts';
import { isVim } from '../vsphere/vimCaller.ts';
import { flattenSnapshots } from './snapshotTree.ts';
import { disksOfDevices, type VirtualDiskFacts } from './virtualDisk.ts';

/** What the assessment of a VM's consistency looks at. Undefined is "not known", never "no". */
export interface AssessmentFacts {
  readonly powerState: string | undefined;
  /** How the VM was switched off; undefined also for one that is on. */
  readonly lastPowerOff: 'guest-shutdown' | 'hard' | undefined;
  readonly connectionState: string | undefined;
  readonly isTemplate: boolean | undefined;
  /** What the VM is configured for. */
  readonly guestId: string | undefined;
  /** What VMware Tools found the guest to be. */
  readonly reportedGuestId: string | undefined;
  /** Of a Windows guest, for instance `20348.2582`. */
  readonly windowsBuild: string | undefined;
  /** Of the host that runs the VM. */
  readonly host: HostProduct | undefined;
  /** `guestToolsRunning`, `guestToolsNotRunning`, `guestToolsExecutingScripts`. */
  readonly toolsRunning: string | undefined;
  /** `guestToolsNotInstalled`, `guestToolsUnmanaged`, `guestToolsBlacklisted`, …. */
  readonly toolsStatus: string | undefined;
  /** As the API encodes it: major · 1024 + minor · 32 + patch; 0 without VMware Tools. */
  readonly toolsVersion: number | undefined;
  /** `guestToolsTypeMSI`, `guestToolsTypeOpenVMTools`, …. */
  readonly toolsInstallType: string | undefined;
  /** What is set in the guest's `tools.conf`; undefined until somebody has looked. */
  readonly toolsConfig: ToolsConfig | undefined;
  /** What else somebody has seen inside the guest; undefined until somebody has looked. */
  readonly guestLook: GuestLook | undefined;
  /** As VMware Tools report them, which a list does not read. */
  readonly guestVolumes: readonly GuestVolumeFacts[] | undefined;
  readonly supportsSnapshots: boolean | undefined;
  readonly supportsQuiescedSnapshots: boolean | undefined;
  readonly supportsChangeTracking: boolean | undefined;
  readonly tracksChanges: boolean | undefined;
  readonly snapshotsDisabled: boolean | undefined;
  readonly disabledMethods: readonly string[] | undefined;
  /** How many snapshots lie between the first one and the running state. */
  readonly snapshotDepth: number | undefined;
  /** `snapshot.maxSnapshots` of the VM; undefined where it is not set, or a list did not read it. */
  readonly snapshotLimit: number | undefined;
  /** Names of the snapshots that are listed as quiesced. */
  readonly quiescedSnapshots: readonly string[] | undefined;
  readonly needsConsolidation: boolean | undefined;
  readonly faultTolerance: string | undefined;
  readonly isEncrypted: boolean | undefined;
  readonly diskUuidEnabled: boolean | undefined;
  readonly disks: readonly VirtualDiskFacts[] | undefined;
  readonly controllers: readonly ControllerFacts[] | undefined;
  /** Devices that stand in a snapshot's way, or in that of quiescing, by their labels. */
  readonly devices: DeviceLabels | undefined;
}

export interface HostProduct {
  /** For instance `8.0.3`. */
  readonly version: string;
  readonly build: number | undefined;
  /** Whether it is the edition for ARM processors. */
  readonly isArm?: boolean;
}

/** The settings that decide how the guest is brought to rest; what is not set is as VMware Tools have it without. */
export interface ToolsConfig {
  readonly enableSyncDriver: boolean;
  readonly enableVss: boolean;
  readonly disableAppQuiescing: boolean;
  readonly excludedFileSystems: readonly string[];
  /** Whether what is frozen already is passed over instead of refusing the snapshot. */
  readonly ignoreFrozenFileSystems: boolean;
  readonly runsScripts: boolean;
}

/** Each undefined until it was looked for. */
export interface GuestLook {
  readonly usesDynamicDisks: boolean | undefined;
  readonly usesStorageSpaces: boolean | undefined;
  /** Storage that the guest reaches past its virtual disks: iSCSI, NFS, SMB. */
  readonly ownStorage: readonly string[] | undefined;
  /** Scripts or programs in the guest that freeze its file systems themselves. */
  readonly ownFreezers: readonly string[] | undefined;
  /** Scripts that VMware Tools run before the freeze. */
  readonly freezeScripts: readonly string[] | undefined;
  readonly writers: readonly VssWriterFacts[] | undefined;
  readonly databases: readonly DatabaseFacts[] | undefined;
}

export interface VssWriterFacts {
  /** In lower case, without braces. */
  readonly id: string;
  readonly name: string;
  /** The number: the word beside it is translated. 1 is "stable". */
  readonly state: number;
}

export interface DatabaseFacts {
  readonly product: 'mssql' | 'exchange' | 'postgresql' | 'mysql' | 'mariadb' | 'oracle' | 'mongodb';
  readonly instance: string;
  /** Keys of the virtual disks its files lie on. */
  readonly diskKeys: readonly number[] | undefined;
  /** Whether its logs are kept outside the VM. */
  readonly shipsLogs: boolean | undefined;
}

export interface GuestVolumeFacts {
  /** Mount point or drive. */
  readonly path: string;
  readonly capacityBytes: number;
  readonly fileSystem: string | undefined;
  /** Whether the server knows the virtual disks it lies on; undefined where it says that of no volume. */
  readonly isMapped: boolean | undefined;
}

export interface ControllerFacts {
  readonly deviceKey: number;
  readonly label: string;
  readonly bus: 'scsi' | 'ide' | 'sata' | 'nvme';
  /** Places for disks. */
  readonly slotCount: number;
  /** `noSharing`, `virtualSharing`, `physicalSharing`. */
  readonly sharing: string | undefined;
}

export interface DeviceLabels {
  readonly passthrough: readonly string[];
  readonly persistentMemory: readonly string[];
  readonly trustedPlatformModules: readonly string[];
  /** Floppy and optical drives, only those that are connected. */
  readonly removableMedia: readonly string[];
}

/**
 * The properties they are made of, as a list reads them: nothing whose size grows with the guest, and nothing that servers
 * of version 6.5 do not know, which refuse the whole request then.
 */
export const assessmentPaths = [
  'config.guestId',
  'config.version',
  'config.template',
  'config.keyId',
  'config.changeTrackingEnabled',
  'config.flags',
  'config.hardware.device',
  'runtime.host',
  'runtime.powerState',
  'runtime.connectionState',
  'runtime.faultToleranceState',
  'runtime.consolidationNeeded',
  'runtime.cleanPowerOff',
  'guest.guestId',
  'guest.toolsRunningStatus',
  'guest.toolsVersionStatus2',
  'guest.toolsVersion',
  'capability.snapshotOperationsSupported',
  'capability.quiescedSnapshotsSupported',
  'capability.changeTrackingSupported',
  'snapshot',
  'disabledMethod',
] as const;

/** The same properties in the shape of the API. */
export interface AssessedProperties {
  readonly config?: Partial<
    Pick<
      Vim<'VirtualMachineConfigInfo'>,
      'guestId' | 'version' | 'template' | 'keyId' | 'changeTrackingEnabled' | 'flags' | 'extraConfig'
    >
  > & {
    readonly hardware?: Pick<Vim<'VirtualHardware'>, 'device'>;
  };
  readonly runtime?: Partial<Vim<'VirtualMachineRuntimeInfo'>>;
  readonly guest?: Partial<Vim<'GuestInfo'>> | undefined;
  readonly capability?: Partial<Vim<'VirtualMachineCapability'>> | undefined;
  readonly snapshot?: Vim<'VirtualMachineSnapshotInfo'> | undefined;
  readonly disabledMethod?: readonly string[] | undefined;
}

export function assessmentFacts(
  { config, runtime, guest, capability, snapshot, disabledMethod }: AssessedProperties,
  host: HostProduct | undefined,
): AssessmentFacts {
  // The guest id is never missing from a configuration that can be read: what else is missing is not set then.
  const isReadable = config?.guestId !== undefined;
  const devices = isReadable ? (config.hardware?.device ?? []) : undefined;
  const toolsVersion = Number(guest?.toolsVersion);
  return {
    powerState: said(runtime?.powerState),
    // The host's word for a clean end is the virtual machine's, not the guest's: only its "no" says something.
    lastPowerOff: runtime?.cleanPowerOff === false ? 'hard' : undefined,
    connectionState: said(runtime?.connectionState),
    isTemplate: config?.template,
    guestId: config?.guestId,
    reportedGuestId: said(guest?.guestId),
    windowsBuild: /kernelVersion='(\d+\.\d+)'/.exec(guest?.guestDetailedData ?? '')?.[1],
    host,
    toolsRunning: said(guest?.toolsRunningStatus),
    toolsStatus: said(guest?.toolsVersionStatus2),
    toolsVersion: Number.isInteger(toolsVersion) ? toolsVersion : undefined,
    toolsInstallType: said(guest?.toolsInstallType),
    toolsConfig: undefined,
    guestLook: undefined,
    guestVolumes: guestVolumes(guest?.disk),
    supportsSnapshots: capability?.snapshotOperationsSupported,
    supportsQuiescedSnapshots: capability?.quiescedSnapshotsSupported,
    supportsChangeTracking: capability?.changeTrackingSupported,
    tracksChanges: isReadable ? (config.changeTrackingEnabled ?? false) : undefined,
    snapshotsDisabled: isReadable ? (config.flags?.snapshotDisabled ?? false) : undefined,
    disabledMethods: disabledMethod,
    snapshotDepth: isReadable ? depthOf(snapshot) : undefined,
    snapshotLimit: snapshotLimit(config?.extraConfig),
    quiescedSnapshots: isReadable
      ? flattenSnapshots(snapshot).flatMap(({ isQuiesced, name }) => (isQuiesced ? [name] : []))
      : undefined,
    needsConsolidation: runtime?.consolidationNeeded,
    faultTolerance: said(runtime?.faultToleranceState),
    isEncrypted: isReadable ? config.keyId !== undefined : undefined,
    diskUuidEnabled: isReadable ? hasDiskUuids(config) : undefined,
    disks: devices && disksOfDevices(devices),
    controllers: devices?.flatMap(device => controllerFacts(device, config?.version) ?? []),
    devices: devices && deviceLabels(devices),
  };
}

/** Some servers send an empty word for what they do not know. */
function said(word: string | undefined): string | undefined {
  return word === '' ? undefined : word;
}

function depthOf(info: Vim<'VirtualMachineSnapshotInfo'> | undefined): number {
  const snapshots = new Map(flattenSnapshots(info).map(snapshot => [snapshot.ref.value, snapshot]));
  let depth = 0;
  // A snapshot that is its own ancestor must not hang us.
  for (let at = info?.currentSnapshot; at !== undefined && depth < snapshots.size; depth += 1)
    at = snapshots.get(at.value)?.parent;
  return depth;
}

/** Set as an option or as a flag; either is enough. */
function hasDiskUuids({ flags, extraConfig }: NonNullable<AssessedProperties['config']>): boolean {
  if (flags?.diskUuidEnabled === true) return true;
  return optionOf(extraConfig, 'disk.enableuuid')?.toLowerCase() === 'true';
}

function snapshotLimit(options: ExtraConfig): number | undefined {
  const text = optionOf(options, 'snapshot.maxsnapshots');
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

type ExtraConfig = NonNullable<AssessedProperties['config']>['extraConfig'];

/** @param key  in lower case: the server keeps keys as they were typed */
function optionOf(options: ExtraConfig, key: string): string | undefined {
  const value = options?.find(option => option.key.toLowerCase() === key)?.value;
  return typeof value === 'string' ? value : undefined;
}

/** Undefined where VMware Tools report none: that there are none they cannot know. */
function guestVolumes(
  volumes: readonly Vim<'GuestDiskInfo'>[] | undefined,
): readonly GuestVolumeFacts[] | undefined {
  if (volumes === undefined || volumes.length === 0) return undefined;
  const saysMappings = volumes.some(({ mappings = [] }) => mappings.length > 0);
  return volumes.map(({ diskPath, capacity, filesystemType, mappings = [] }) => ({
    path: diskPath ?? '',
    capacityBytes: capacity ?? 0,
    fileSystem: said(filesystemType),
    isMapped: saysMappings ? mappings.length > 0 : undefined,
  }));
}

function controllerFacts(
  device: Vim<'VirtualDevice'>,
  hardwareVersion: string | undefined,
): ControllerFacts | undefined {
  const common = { deviceKey: device.key, label: labelOf(device) };
  if (isVim(device, 'VirtualSCSIController')) {
    const isWide =
      device._type === 'ParaVirtualSCSIController' && Number(hardwareVersion?.replace('vmx-', '')) >= 14;
    return { ...common, bus: 'scsi', slotCount: isWide ? 64 : 15, sharing: device.sharedBus };
  }
  if (isVim(device, 'VirtualIDEController'))
    return { ...common, bus: 'ide', slotCount: 2, sharing: 'noSharing' };
  if (isVim(device, 'VirtualSATAController'))
    return { ...common, bus: 'sata', slotCount: 30, sharing: 'noSharing' };
  if (isVim(device, 'VirtualNVMEController'))
    return { ...common, bus: 'nvme', slotCount: 15, sharing: device.sharedBus ?? 'noSharing' };
  return undefined;
}

function deviceLabels(devices: readonly Vim<'VirtualDevice'>[]): DeviceLabels {
  return {
    passthrough: devices.filter(device => isVim(device, 'VirtualPCIPassthrough')).map(labelOf),
    persistentMemory: devices.filter(device => device._type === 'VirtualNVDIMM').map(labelOf),
    trustedPlatformModules: devices.filter(device => isVim(device, 'VirtualTPM')).map(labelOf),
    removableMedia: devices
      .filter(device => isVim(device, 'VirtualFloppy') || isVim(device, 'VirtualCdrom'))
      .filter(({ connectable }) => connectable?.connected === true)
      .map(labelOf),
  };
}

function labelOf({ deviceInfo, key }: Vim<'VirtualDevice'>): string {
  return deviceInfo?.label ?? `device ${key}`;
}
