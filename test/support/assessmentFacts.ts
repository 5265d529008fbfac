import type {
  AssessmentFacts,
  ControllerFacts,
  GuestLook,
  ToolsConfig,
} from '../../src/core/inventory/assessmentFacts.ts';
import type { DiskBacking, VirtualDiskFacts } from '../../src/core/inventory/virtualDisk.ts';

/** A Windows Server 2022 with everything as application quiescing wants it. */
export function perfectServer(change: Partial<AssessmentFacts> = {}): AssessmentFacts {
  return {
    powerState: 'poweredOn',
    lastPowerOff: undefined,
    connectionState: 'connected',
    isTemplate: false,
    guestId: 'windows2019srvNext_64Guest',
    reportedGuestId: 'windows2019srvNext_64Guest',
    windowsBuild: '20348.1970',
    host: { version: '8.0.3', build: 24_022_510 },
    toolsRunning: 'guestToolsRunning',
    toolsStatus: 'guestToolsCurrent',
    toolsVersion: 12_448,
    toolsInstallType: 'guestToolsTypeMSI',
    toolsConfig: undefined,
    guestLook: undefined,
    guestVolumes: undefined,
    supportsSnapshots: true,
    supportsQuiescedSnapshots: true,
    supportsChangeTracking: true,
    tracksChanges: true,
    snapshotsDisabled: false,
    disabledMethods: [],
    snapshotDepth: 0,
    snapshotLimit: undefined,
    quiescedSnapshots: [],
    needsConsolidation: false,
    faultTolerance: 'notConfigured',
    isEncrypted: false,
    diskUuidEnabled: true,
    disks: [diskFacts()],
    controllers: [controllerFacts()],
    devices: { passthrough: [], persistentMemory: [], trustedPlatformModules: [], removableMedia: [] },
    ...change,
  };
}

/** A `tools.conf` as VMware Tools have it without one. */
export function toolsConfig(change: Partial<ToolsConfig> = {}): ToolsConfig {
  return {
    ...{ enableSyncDriver: true, enableVss: true, disableAppQuiescing: false, excludedFileSystems: [] },
    ...{ ignoreFrozenFileSystems: false, runsScripts: true },
    ...change,
  };
}

/** A Linux with open-vm-tools. */
export function linuxGuest(change: Partial<AssessmentFacts> = {}): AssessmentFacts {
  return perfectServer({
    guestId: 'ubuntu64Guest',
    reportedGuestId: 'ubuntu64Guest',
    windowsBuild: undefined,
    toolsStatus: 'guestToolsUnmanaged',
    toolsVersion: 12_384,
    toolsInstallType: 'guestToolsTypeOpenVMTools',
    ...change,
  });
}

export function diskFacts(unitNumber = 0, backing: Partial<DiskBacking> = {}, controllerKey = 1000) {
  return {
    deviceKey: 2000 + unitNumber,
    label: `Hard disk ${unitNumber + 1}`,
    capacityBytes: 1024 ** 3,
    controller: { deviceKey: controllerKey, type: 'ParaVirtualSCSIController', busNumber: 0 },
    unitNumber,
    backing: {
      type: 'VirtualDiskFlatVer2BackingInfo',
      fileName: `[ds1] vm/vm_${unitNumber}.vmdk`,
      datastore: undefined,
      uuid: undefined,
      changeId: undefined,
      diskMode: 'persistent',
      isThin: true,
      sharing: 'sharingNone',
      compatibilityMode: undefined,
      hasParent: false,
      ...backing,
    },
    diskObjectId: undefined,
  } satisfies VirtualDiskFacts;
}

export function controllerFacts(change: Partial<ControllerFacts> = {}): ControllerFacts {
  return {
    deviceKey: 1000,
    label: 'SCSI controller 0',
    bus: 'scsi',
    slotCount: 64,
    sharing: 'noSharing',
    ...change,
  };
}

/** A guest somebody looked into, and found nothing. */
export function guestLook(change: Partial<GuestLook> = {}): GuestLook {
  return {
    usesDynamicDisks: false,
    usesStorageSpaces: false,
    ownStorage: [],
    ownFreezers: [],
    freezeScripts: [],
    writers: [],
    databases: [],
    ...change,
  };
}
