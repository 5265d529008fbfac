import { createHash } from 'node:crypto';

import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MiB } from '../../src/base/units.ts';
import { openRestorePoint } from '../../src/core/catalog/restorePoint.ts';
import { defaultWholeReads, type WholeReadPolicy } from '../../src/core/changes/readDecision.ts';
import { localMachine } from '../../src/core/disk/node/localMachine.ts';
import { openDiskImage } from '../../src/core/image/diskImage.ts';
import { findVirtualMachine } from '../../src/core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { planBackup } from '../../src/core/jobs/backupVm/backupPlan.ts';
import { type BackupDeps, type BackupResult, backUpVm } from '../../src/core/jobs/backupVm/backupVm.ts';
import { neverPaused } from '../../src/core/jobs/backupVm/pause.ts';
import { TransferSlots, usualParallelLimits } from '../../src/core/jobs/backupVm/transferSlots.ts';
import { openPreviousPoint } from '../../src/core/jobs/backupVm/previousPoint.ts';
import type { TransportChoice } from '../../src/core/jobs/backupVm/transports/transportsFor.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import { HttpNfcLease } from '../../src/core/vsphere/httpNfcLease.ts';
import type { MoRef } from '../../src/core/vsphere/schema/moRef.ts';
import type { VimSession } from '../../src/core/vsphere/session.ts';
import { waitForTask } from '../../src/core/vsphere/task.ts';
import type { Vim } from '../../src/core/vsphere/vimCaller.ts';
import type { Lab, LoggedIn } from '../vcsim/servers.ts';
import { anySignal } from './anySignal.ts';
import { memoryJournal } from './memoryJournal.ts';

export interface LabSnapshotRecord {
  readonly vm: string;
  readonly snapshotId: string;
  readonly disks: readonly { readonly deviceKey: number; readonly position: number }[];
}

const importPool: MoRef = { type: 'ResourcePool', value: 'resgroup-27' };

/** A small VM of the lab with one empty disk, which is off, and everything that may happen to it between two backups. */
export class ChangedVm {
  readonly ref: MoRef;
  readonly name: string;
  readonly #lab: Lab;
  readonly #open: LoggedIn;

  private constructor(lab: Lab, open: LoggedIn, name: string, ref: MoRef) {
    this.#lab = lab;
    this.#open = open;
    this.name = name;
    this.ref = ref;
  }

  static async create(lab: Lab, open: LoggedIn, name: string, diskBytes: number): Promise<ChangedVm> {
    const { session } = open;
    const device = [
      {
        operation: 'add',
        device: { _type: 'ParaVirtualSCSIController', key: -5, busNumber: 0, sharedBus: 'noSharing' },
      },
      {
        operation: 'add',
        device: {
          _type: 'VirtualDisk',
          key: -6,
          backing: { _type: 'VirtualDiskFlatVer2BackingInfo', fileName: '', diskMode: 'persistent' },
          controllerKey: -5,
          unitNumber: 0,
          capacityInKB: diskBytes / 1024,
        },
      },
    ];
    const spec = {
      _type: 'VirtualMachineImportSpec',
      configSpec: { name, deviceChange: device, changeTrackingEnabled: true },
    };
    const lease = await session.call('ImportVApp', importPool, { spec: spec }, anySignal);
    const deps = { clock: systemClock, logger: silentLogger };
    const ready = await HttpNfcLease.ready(session, lease, name, deps, anySignal);
    const vms = (await lab.control('vms')) as readonly { readonly name: string; readonly id: string }[];
    await ready.complete(anySignal);
    const id = vms.find(vm => vm.name === name)?.id;
    if (id === undefined) throw new Error(`the lab has no ${name}`);
    return new ChangedVm(lab, open, name, { type: 'VirtualMachine', value: id });
  }

  get session(): VimSession {
    return this.#open.session;
  }

  async write(offset: number, length: number, seed: number): Promise<void> {
    await this.#lab.control(`disks/${this.name}/2000/bytes`, { offset, length, seed });
  }

  /** What a file of this machine has at that place. */
  async writeFrom(path: string, pathOffset: number, offset: number, length: number): Promise<void> {
    await this.#lab.control(`disks/${this.name}/2000/bytes`, { offset, length, path, pathOffset });
  }

  /** @returns whether its file cannot be read now */
  async setTracking(state: { readonly reset?: boolean; readonly unusable?: boolean }): Promise<boolean> {
    const answer = await this.#lab.control(`disks/${this.name}/2000/tracking`, state);
    return (answer as { readonly unusable: boolean }).unusable;
  }

  async set(state: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#lab.control(`vms/${this.name}`, state);
  }

  async enableTracking(changeTrackingEnabled: boolean): Promise<void> {
    await this.#reconfigure({ changeTrackingEnabled });
  }

  async grow(diskBytes: number): Promise<void> {
    const { config } = await readVirtualMachine(this.session, { ref: this.ref, name: this.name }, anySignal);
    const disk = config.hardware.device?.find(({ key }) => key === 2000);
    const device = { ...disk, capacityInKB: diskBytes / 1024, capacityInBytes: diskBytes } as never;
    await this.#reconfigure({ deviceChange: [{ operation: 'edit', device }] });
  }

  async powerOn(): Promise<void> {
    const task = await this.session.call('PowerOnVM_Task', this.ref, {}, anySignal);
    await waitForTask(this.session, task, { what: 'power on', object: this.name }, anySignal);
  }

  async powerOff(): Promise<void> {
    const task = await this.session.call('PowerOffVM_Task', this.ref, {}, anySignal);
    await waitForTask(this.session, task, { what: 'power off', object: this.name }, anySignal);
  }

  /** As somebody else takes one. */
  async takeSnapshot(): Promise<MoRef> {
    const args = { name: 'of somebody else', description: '', memory: false, quiesce: false };
    const task = await this.session.call('CreateSnapshot_Task', this.ref, args, anySignal);
    return (await waitForTask(
      this.session,
      task,
      { what: 'snapshot', object: this.name },
      anySignal,
    )) as MoRef;
  }

  async removeSnapshot(snapshot: MoRef): Promise<void> {
    const args = { removeChildren: false, consolidate: true };
    const task = await this.session.call('RemoveSnapshot_Task', snapshot, args, anySignal);
    await waitForTask(this.session, task, { what: 'removal', object: this.name }, anySignal);
  }

  async revertTo(snapshot: MoRef): Promise<void> {
    const task = await this.session.call('RevertToSnapshot_Task', snapshot, {}, anySignal);
    await waitForTask(this.session, task, { what: 'revert', object: this.name }, anySignal);
  }

  async #reconfigure(spec: Vim<'VirtualMachineConfigSpec'>): Promise<void> {
    const task = await this.session.call('ReconfigVM_Task', this.ref, { spec }, anySignal);
    await waitForTask(this.session, task, { what: 'reconfiguring', object: this.name }, anySignal);
  }

  async backUp(
    repository: Repository,
    previous: SnapshotId | undefined,
    wholeReads: Partial<WholeReadPolicy> = {},
    transport: TransportChoice = 'auto',
  ): Promise<BackupResult> {
    const { session } = this;
    const identity = await findVirtualMachine(session, this.name, anySignal);
    const vm = await readVirtualMachine(session, identity, anySignal);
    const summary = previous === undefined ? undefined : { id: previous };
    const options = {
      policy: { ...crashPolicy },
      wholeReads: { ...defaultWholeReads, ...wholeReads },
      transport,
      knowsSpecs: true,
      hasUser: false,
      now: systemClock.now(),
    };
    const plan = planBackup(vm, options, await openPreviousPoint(repository, summary, anySignal));
    return await backUpVm(session, repository, plan, this.#deps(), () => undefined, anySignal);
  }

  /** Of the disk at the moment of the last snapshot, ours. */
  async hashAtSnapshot(): Promise<string> {
    const taken = (await this.#lab.control('snapshots')) as readonly LabSnapshotRecord[];
    const position = taken.findLast(({ vm }) => vm === this.name)?.disks[0]?.position ?? -1;
    const query = `disks/${this.name}/2000/sha256?position=${position}`;
    return ((await this.#lab.control(query)) as { readonly sha256: string }).sha256;
  }

  #deps(): BackupDeps {
    return {
      ...{ clock: systemClock, random: systemRandom, logger: silentLogger, journal: memoryJournal() },
      ...{ endpoint: this.#open.client, job: 'test', program: 'test', username: 'test' },
      ...{ slots: new TransferSlots(usualParallelLimits), pause: neverPaused },
      machine: localMachine({ clock: systemClock, environment: {} }),
      askForLess: async () => await Promise.resolve(false),
    };
  }
}

const crashPolicy = {
  wanted: 'crash',
  minimum: 'crash',
  onShortfall: 'fail',
  timeoutMinutes: undefined,
  vssBackupType: 'copy',
} as const;

/** Of a disk of a restore point, as it is put together from the repository. */
export async function hashOfPoint(repository: Repository, id: SnapshotId): Promise<string> {
  const point = await openRestorePoint(repository, id, anySignal);
  const image = await openDiskImage(repository, point, 2000, anySignal);
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(MiB);
  let hashedBytes = 0;
  const skipTo = (offsetBytes: number) => {
    for (; hashedBytes < offsetBytes; hashedBytes += Math.min(MiB, offsetBytes - hashedBytes))
      hash.update(zeros.subarray(0, Math.min(MiB, offsetBytes - hashedBytes)));
  };
  for await (const { offsetBytes, bytes } of image.blocks(4, anySignal)) {
    skipTo(offsetBytes);
    hash.update(bytes);
    hashedBytes += bytes.byteLength;
  }
  skipTo(image.sizeBytes);
  return hash.digest('hex');
}
