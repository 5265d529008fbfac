import { guestFullName } from './guestNames.ts';
import type { PlainObject } from './managedObject.ts';

/** The parts of a VM's configuration that are simply kept, under the names of VirtualMachineConfigInfo. */
export type VmSettings = Record<string, unknown>;

export interface SettingsPlan {
  readonly name: string;
  readonly guestId: string;
  readonly firmware: 'bios' | 'efi';
  readonly annotation: string;
  readonly uuid: string;
  readonly instanceUuid: string;
  readonly createDate: Date;
  /** For instance "[datastore1] web01/web01.vmx". */
  readonly vmPathName: string;
  /** Of the server, for instance `vmx-19`. */
  readonly newestHardware: string;
}

/** What a VM created in the vSphere client of version 8 has. */
export function standardSettings(plan: SettingsPlan): VmSettings {
  const folder = plan.vmPathName.slice(0, plan.vmPathName.lastIndexOf('/') + 1);
  return {
    changeVersion: plan.createDate.toISOString(),
    modified: plan.createDate,
    name: plan.name,
    guestFullName: guestFullName(plan.guestId),
    version: olderHardware('vmx-19', plan.newestHardware),
    uuid: plan.uuid,
    createDate: plan.createDate,
    instanceUuid: plan.instanceUuid,
    npivTemporaryDisabled: true,
    locationId: `564d${plan.uuid.slice(4)}`,
    template: false,
    guestId: plan.guestId,
    alternateGuestName: '',
    annotation: plan.annotation,
    files: {
      vmPathName: plan.vmPathName,
      snapshotDirectory: folder,
      suspendDirectory: folder,
      logDirectory: folder,
    },
    tools: {
      toolsVersion: 12389,
      toolsInstallType: 'guestToolsTypeOpenVMTools',
      afterPowerOn: true,
      afterResume: true,
      beforeGuestStandby: true,
      beforeGuestShutdown: true,
      toolsUpgradePolicy: 'manual',
      syncTimeWithHostAllowed: true,
      syncTimeWithHost: false,
      lastInstallInfo: { counter: 0 },
    },
    flags: {
      disableAcceleration: false,
      enableLogging: true,
      useToe: false,
      runWithDebugInfo: false,
      monitorType: 'release',
      htSharing: 'any',
      snapshotDisabled: false,
      snapshotLocked: false,
      diskUuidEnabled: true,
      virtualMmuUsage: 'automatic',
      virtualExecUsage: 'hvAuto',
      snapshotPowerOffBehavior: 'powerOff',
      recordReplayEnabled: false,
      faultToleranceType: 'unset',
      cbrcCacheEnabled: false,
      vvtdEnabled: false,
      vbsEnabled: false,
    },
    defaultPowerOps: {
      powerOffType: 'soft',
      suspendType: 'hard',
      resetType: 'soft',
      defaultPowerOffType: 'soft',
      defaultSuspendType: 'hard',
      defaultResetType: 'soft',
      standbyAction: 'checkpoint',
    },
    rebootPowerOff: false,
    cpuAllocation: allocation(2000),
    memoryAllocation: allocation(20480),
    latencySensitivity: { level: 'normal' },
    memoryHotAddEnabled: false,
    cpuHotAddEnabled: false,
    cpuHotRemoveEnabled: false,
    extraConfig: extraConfig(plan),
    swapPlacement: 'inherit',
    bootOptions: {
      bootDelay: 0,
      enterBIOSSetup: false,
      efiSecureBootEnabled: false,
      bootRetryEnabled: false,
      bootRetryDelay: 10000,
      networkBootProtocol: 'ipv4',
    },
    vAssertsEnabled: false,
    changeTrackingEnabled: false,
    firmware: plan.firmware,
    maxMksConnections: -1,
    guestAutoLockEnabled: true,
    memoryReservationLockedToMax: false,
    initialOverhead: { initialMemoryReservation: 83_181_568, initialSwapReservation: 1_201_655_808 },
    nestedHVEnabled: false,
    vPMCEnabled: false,
    scheduledHardwareUpgradeInfo: { upgradePolicy: 'never', scheduledHardwareUpgradeStatus: 'none' },
    messageBusTunnelEnabled: false,
    guestIntegrityInfo: { enabled: false },
    migrateEncryption: 'opportunistic',
    sgxInfo: { epcSize: 0, flcMode: 'unlocked', requireAttestation: false },
    ftEncryptionMode: 'ftEncryptionOpportunistic',
    sevEnabled: false,
    pmemFailoverEnabled: false,
    vmxStatsCollectionEnabled: true,
    vmOpNotificationToAppEnabled: false,
    vmOpNotificationTimeout: -1,
    fixedPassthruHotPlugEnabled: false,
    metroFtEnabled: false,
  };
}

function allocation(shares: number): PlainObject {
  return {
    reservation: 0,
    expandableReservation: false,
    limit: -1,
    shares: { shares, level: 'normal' },
  };
}

function extraConfig(plan: SettingsPlan): PlainObject[] {
  const values: Readonly<Record<string, string>> = {
    nvram: `${plan.name}.nvram`,
    'pciBridge0.present': 'TRUE',
    svga_present: 'TRUE',
    'svga.present': 'TRUE',
    'hpet0.present': 'TRUE',
    'disk.EnableUUID': 'TRUE',
    'sched.cpu.latencySensitivity': 'normal',
    'tools.guest.desktop.autolock': 'TRUE',
    'vmware.tools.internalversion': '12389',
    'vmware.tools.requiredversion': '12389',
    'migrate.hostLogState': 'none',
    'migrate.migrationId': '0',
    'guestinfo.vmtools.description': 'open-vm-tools 12.3.5 build 22544099',
    'scsi0.pciSlotNumber': '160',
    'scsi0:0.redo': '',
  };
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

/** Two digits each, for as long as there are servers that the lab passes for. */
function olderHardware(left: string, right: string): string {
  return left < right ? left : right;
}
