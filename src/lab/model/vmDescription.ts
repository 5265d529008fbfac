import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { fieldsOf } from '../../core/vsphere/schema/schema.ts';
import type { GuestNature } from '../guest/guestNature.ts';
import type { LabGuest } from '../guest/labGuest.ts';
import type { DiskChain } from './diskChain.ts';
import type { PlainObject } from './managedObject.ts';
import type { Snapshot } from './snapshot.ts';
import type { AddedFile } from './vmFileType.ts';
import type { VmSettings } from './vmSettings.ts';

/** Of a VM, what its read-only properties besides `config` derive from. */
export interface VmFacts {
  readonly ref: MoRef;
  readonly name: string;
  readonly home: { readonly host: MoRef; readonly path: string };
  readonly settings: VmSettings;
  readonly hardware: {
    readonly numCPU: number;
    readonly numCoresPerSocket: number;
    readonly memoryMB: number;
  };
  readonly disks: readonly DiskChain[];
  readonly snapshots: readonly Snapshot[];
  readonly currentSnapshot: Snapshot | undefined;
  readonly nextSnapshotNumber: number;
  readonly powerState: string;
  readonly connectionState: string;
  readonly bootTime: Date | undefined;
  readonly toolsInstalled: boolean;
  readonly toolsRunning: boolean;
  readonly nature: GuestNature;
  readonly consolidationNeeded: boolean;
  readonly hasBeenOn: boolean;
  /** Devices other than disks. */
  readonly devices: readonly PlainObject[];
  /** By name, what others have put into its folder. */
  readonly addedFiles: ReadonlyMap<string, AddedFile>;
  readonly guest: LabGuest | undefined;
  networks(): readonly MoRef[];
}

export function describeRuntime(vm: VmFacts): PlainObject {
  return {
    host: vm.home.host,
    connectionState: vm.connectionState,
    powerState: vm.powerState,
    faultToleranceState: vm.nature.faultTolerance,
    toolsInstallerMounted: false,
    bootTime: vm.bootTime,
    suspendInterval: 0,
    memoryOverhead: 0,
    maxCpuUsage: vm.hardware.numCPU * 2600,
    maxMemoryUsage: vm.hardware.memoryMB,
    numMksConnections: 0,
    recordReplayState: 'inactive',
    cleanPowerOff: vm.powerState === 'poweredOff' ? true : undefined,
    onlineStandby: false,
    consolidationNeeded: vm.consolidationNeeded,
    paused: false,
    snapshotInBackground: false,
  };
}

export function describeGuest(vm: VmFacts): PlainObject {
  return {
    ...toolsState(vm),
    toolsVersion: vm.toolsInstalled ? String(vm.nature.tools.version) : '0',
    toolsInstallType: vm.toolsInstalled ? vm.nature.tools.installType : undefined,
    ...(vm.toolsRunning && {
      guestId: vm.nature.reportedGuestId ?? vm.settings['guestId'],
      guestFamily: vm.nature.family,
      guestFullName: vm.settings['guestFullName'],
      hostName: vm.name,
      ipAddress: addressOf(vm),
      disk: vm.disks.flatMap(chain => vm.guest?.describeDisk(vm.name, chain) ?? []),
    }),
    guestState: vm.toolsRunning ? 'running' : 'notRunning',
    guestOperationsReady: vm.toolsRunning,
    interactiveGuestOperationsReady: false,
    guestStateChangeSupported: vm.toolsRunning,
    hwVersion: vm.settings['version'],
  };
}

export function describeSummary(vm: VmFacts): PlainObject {
  const { settings, hardware } = vm;
  const files = settings['files'] as PlainObject;
  const committed = vm.disks.reduce((sum, disk) => sum + disk.content.sizeBytes, 0);
  return {
    vm: vm.ref,
    runtime: describeRuntime(vm),
    guest: {
      guestId: settings['guestId'],
      guestFullName: settings['guestFullName'],
      ...toolsState(vm),
      ...(vm.toolsRunning && { hostName: vm.name, ipAddress: addressOf(vm) }),
      hwVersion: settings['version'],
    },
    config: {
      name: vm.name,
      template: settings['template'],
      vmPathName: files['vmPathName'],
      memorySizeMB: hardware.memoryMB,
      cpuReservation: 0,
      memoryReservation: 0,
      numCpu: hardware.numCPU,
      numEthernetCards: vm.networks().length,
      numVirtualDisks: vm.disks.length,
      uuid: settings['uuid'],
      instanceUuid: settings['instanceUuid'],
      guestId: settings['guestId'],
      guestFullName: settings['guestFullName'],
      annotation: settings['annotation'],
      installBootRequired: false,
      hwVersion: settings['version'],
    },
    storage: { committed, uncommitted: 0, unshared: committed, timestamp: settings['modified'] },
    quickStats: { guestHeartbeatStatus: vm.toolsRunning ? 'green' : 'gray' },
    overallStatus: 'green',
  };
}

/** Everything a current ESXi host offers, but for what the lab does not do. */
export function describeCapability(): PlainObject {
  const absent = new Set([
    'memorySnapshotsSupported',
    'vmNpivWwnSupported',
    'recordReplaySupported',
    'poweredOnMonitorTypeChangeSupported',
  ]);
  const fields = fieldsOf('VirtualMachineCapability').filter(field => !field.optional);
  return Object.fromEntries(fields.map(field => [field.name, !absent.has(field.name)]));
}

function toolsState(vm: VmFacts): PlainObject {
  return {
    toolsStatus: vm.toolsRunning ? 'toolsOk' : vm.toolsInstalled ? 'toolsNotRunning' : 'toolsNotInstalled',
    toolsVersionStatus: vm.toolsInstalled ? vm.nature.tools.versionStatus : 'guestToolsNotInstalled',
    toolsVersionStatus2: vm.toolsInstalled ? vm.nature.tools.versionStatus : 'guestToolsNotInstalled',
    toolsRunningStatus: vm.toolsRunning ? 'guestToolsRunning' : 'guestToolsNotRunning',
  };
}

/** From the range reserved for documentation. */
function addressOf(vm: VmFacts): string {
  return `192.0.2.${(Number(vm.ref.value.replace(/\D/g, '')) % 200) + 10}`;
}
