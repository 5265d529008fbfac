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
  /** What is set in the guest's `tools.conf`; undefined until somebody has looked. */
  readonly toolsConfig: ToolsConfig | undefined;
  readonly supportsSnapshots: boolean | undefined;
  readonly supportsQuiescedSnapshots: boolean | undefined;
  readonly snapshotsDisabled: boolean | undefined;
  readonly disabledMethods: readonly string[] | undefined;
  /** How many snapshots lie between the first one and the running state. */
  readonly snapshotDepth: number | undefined;
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
}

export interface ToolsConfig {
  readonly enableSyncDriver: boolean;
  readonly disableAppQuiescing: boolean;
  readonly excludedFileSystems: readonly string[];
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
  /** Only those that are connected. */
  readonly floppies: readonly string[];
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
  'snapshot',
  'disabledMethod',
] as const;

/** The same properties in the shape of the API. */
export interface AssessedProperties {
  readonly config?: Partial<
    Pick<
      Vim<'VirtualMachineConfigInfo'>,
      'guestId' | 'version' | 'template' | 'keyId' | 'flags' | 'extraConfig'
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
    toolsConfig: undefined,
    supportsSnapshots: capability?.snapshotOperationsSupported,
    supportsQuiescedSnapshots: capability?.quiescedSnapshotsSupported,
    snapshotsDisabled: isReadable ? (config.flags?.snapshotDisabled ?? false) : undefined,
    disabledMethods: disabledMethod,
    snapshotDepth: isReadable ? depthOf(snapshot) : undefined,
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
  const option = extraConfig?.find(({ key }) => key.toLowerCase() === 'disk.enableuuid');
  return typeof option?.value === 'string' && option.value.toLowerCase() === 'true';
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
    floppies: devices
      .filter(device => isVim(device, 'VirtualFloppy') && device.connectable?.connected === true)
      .map(labelOf),
  };
}

function labelOf({ deviceInfo, key }: Vim<'VirtualDevice'>): string {
  return deviceInfo?.label ?? `device ${key}`;
}
