import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { type GuestNature, usualNature } from '../guest/guestNature.ts';
import type { LabGuest } from '../guest/labGuest.ts';
import { taskInProgress } from '../soap/vimFault.ts';
import type { DiskChain } from './diskChain.ts';
import type { ManagedObject, PlainObject } from './managedObject.ts';
import type { Snapshot } from './snapshot.ts';
import { describeConfig, type VmConfig, type VmHardware } from './vmConfig.ts';
import type { AddedFile } from './vmFileType.ts';
import { describeLayoutEx } from './vmLayout.ts';
import type { VmSettings } from './vmSettings.ts';
import { describeCapability, describeGuest, describeRuntime, describeSummary } from './vmDescription.ts';

export interface VmHome {
  readonly folder: MoRef;
  readonly resourcePool: MoRef;
  readonly host: MoRef;
  readonly datastore: MoRef;
  /** For instance "[datastore1] web01/". */
  readonly path: string;
}

export type PowerState = 'poweredOn' | 'poweredOff';

export type ConnectionState = 'connected' | 'disconnected' | 'orphaned' | 'inaccessible' | 'invalid';

export interface VmParts {
  readonly home: VmHome;
  readonly settings: VmSettings;
  readonly hardware: VmHardware;
  /** Devices other than disks. */
  readonly devices: readonly PlainObject[];
  readonly disks: readonly DiskChain[];
  readonly powerState: PowerState;
  readonly bootTime: Date | undefined;
  /** Whether the guest has VMware Tools, which run while it does. */
  readonly toolsInstalled: boolean;
  /** What runs in it; undefined where the lab knows nothing of what is on its disks. */
  readonly guest?: LabGuest | undefined;
  /** `connected` without it. */
  readonly connectionState?: ConnectionState;
  /** False for a VM that was just made. */
  readonly hasBeenOn?: boolean;
}

/** So many tasks of a VM are told with it. */
const maxRecentTasks = 5;

/** A virtual machine: configuration, disks, snapshots, power. */
export class LabVm implements ManagedObject {
  readonly ref: MoRef;
  /** All its changes are told to the registry under its name. */
  readonly tellsChanges = true;
  home: VmHome;
  settings: VmSettings;
  hardware: VmHardware;
  devices: readonly PlainObject[];
  disks: readonly DiskChain[];
  #powerState: PowerState;
  /** Whether its firmware has ever run. */
  hasBeenOn: boolean;
  bootTime: Date | undefined;
  toolsInstalled: boolean;
  /** What its guest is, and does when it is asked to quiesce. */
  nature: GuestNature = usualNature;
  /** Its guest did not shut down before it went off. */
  wasSwitchedOff = false;
  /** By name, files in the VM's folder beside those that follow from what it is. */
  readonly addedFiles = new Map<string, AddedFile>();
  /** Somebody has stopped them in the guest. */
  toolsStopped = false;
  readonly guest: LabGuest | undefined;
  consolidationNeeded = false;
  /** Somebody holds its disks, so that their files cannot be joined. */
  filesLocked = false;
  connectionState: ConnectionState;
  /** From the oldest to the newest. */
  readonly snapshots: Snapshot[] = [];
  /** The one the VM goes on from; undefined only without snapshots. */
  currentSnapshot: Snapshot | undefined;
  nextSnapshotNumber = 1;
  #recentTasks: readonly MoRef[] = [];
  /** The task or leases that keep others from changing the VM. */
  #lockedBy: readonly MoRef[] = [];
  #isShared = false;

  constructor(ref: MoRef, parts: VmParts) {
    this.ref = ref;
    this.home = parts.home;
    this.settings = parts.settings;
    this.hardware = parts.hardware;
    this.devices = parts.devices;
    this.disks = parts.disks;
    this.#powerState = parts.powerState;
    this.hasBeenOn = parts.hasBeenOn ?? true;
    this.bootTime = parts.bootTime;
    this.toolsInstalled = parts.toolsInstalled;
    this.guest = parts.guest;
    this.connectionState = parts.connectionState ?? 'connected';
  }

  get powerState(): PowerState {
    return this.#powerState;
  }

  set powerState(state: PowerState) {
    this.#powerState = state;
    this.hasBeenOn ||= state === 'poweredOn';
  }

  addRecentTask(task: MoRef): void {
    this.#recentTasks = [...this.#recentTasks, task].slice(-maxRecentTasks);
  }

  get name(): string {
    return this.settings['name'] as string;
  }

  /** A VM of a vApp is in no folder. */
  get vApp(): MoRef | undefined {
    return this.home.resourcePool.type === 'VirtualApp' ? this.home.resourcePool : undefined;
  }

  /** Of a VM whose files cannot be read, hardly more than its name is known. */
  get isReadable(): boolean {
    return this.connectionState !== 'inaccessible' && this.connectionState !== 'invalid';
  }

  get toolsRunning(): boolean {
    return this.toolsInstalled && !this.toolsStopped && this.powerState === 'poweredOn';
  }

  /** @throws VimFault TaskInProgress */
  assertUnlocked(): void {
    const [by] = this.#lockedBy;
    if (by !== undefined) throw taskInProgress(by);
  }

  /** @throws VimFault TaskInProgress */
  assertCanBeShared(most: number): void {
    if (!this.#isShared || this.#lockedBy.length >= most) this.assertUnlocked();
  }

  /** @throws VimFault TaskInProgress */
  lock(by: MoRef): void {
    this.assertUnlocked();
    this.#lockedBy = [by];
    this.#isShared = false;
  }

  /** Beside up to so many others who only read. @throws VimFault TaskInProgress */
  share(by: MoRef, most: number): void {
    this.assertCanBeShared(most);
    this.#lockedBy = [...this.#lockedBy, by];
    this.#isShared = true;
  }

  unlock(by: MoRef): void {
    this.#lockedBy = this.#lockedBy.filter(({ value }) => value !== by.value);
  }

  networks(): MoRef[] {
    const networks = this.devices.map(device => (device['backing'] as PlainObject | undefined)?.['network']);
    return networks.filter(network => network !== undefined) as MoRef[];
  }

  /** The configuration now. */
  get config(): VmConfig {
    const { settings, hardware, devices, home } = this;
    const disks = this.disks.map(chain => ({ chain, device: chain.device }));
    return { settings, hardware, devices, disks, datastore: home.datastore };
  }

  property(name: string): unknown {
    switch (name) {
      case 'parent':
        return this.vApp === undefined ? this.home.folder : undefined;
      case 'parentVApp':
        return this.vApp;
      case 'name':
        return this.name;
      case 'overallStatus':
        return 'green';
      case 'recentTask':
        return this.#recentTasks;
      case 'effectiveRole':
        return [-1];
      case 'disabledMethod':
        return [];
      case 'capability':
        return describeCapability();
      case 'config':
        return this.isReadable ? describeConfig(this.config, []) : undefined;
      case 'layoutEx':
        return this.isReadable ? describeLayoutEx(this) : undefined;
      case 'resourcePool':
        return this.home.resourcePool;
      case 'runtime':
        return describeRuntime(this);
      case 'guest':
        return this.isReadable ? describeGuest(this) : undefined;
      case 'summary':
        return describeSummary(this);
      case 'datastore':
        return uniqueRefs([this.home.datastore, ...this.disks.flatMap(({ datastore }) => datastore ?? [])]);
      case 'network':
        return uniqueRefs(this.networks());
      case 'snapshot':
        return this.#describeSnapshots();
      case 'rootSnapshot':
        return this.#rootSnapshots().map(snapshot => snapshot.ref);
      case 'guestHeartbeatStatus':
        return this.toolsRunning ? 'green' : 'gray';
      default:
        return undefined;
    }
  }

  #describeSnapshots(): PlainObject | undefined {
    const roots = this.#rootSnapshots();
    if (roots.length === 0) return undefined;
    return {
      currentSnapshot: this.currentSnapshot?.ref,
      rootSnapshotList: roots.map(root => root.tree()),
    };
  }

  #rootSnapshots(): Snapshot[] {
    return this.snapshots.filter(({ parent }) => parent === undefined);
  }
}

function uniqueRefs(refs: readonly MoRef[]): MoRef[] {
  return [...new Map(refs.map(ref => [ref.value, ref])).values()];
}
