import type { LeftOutDisk, ReadMode } from '../../catalog/manifest.ts';
import type { RestorePointSummary } from '../../catalog/backupSet.ts';
import { assess, type Assessment } from '../../consistency/assess.ts';
import { disksOutside } from '../../consistency/disksOutside.ts';
import { type ConsistencyLevel, weakest } from '../../consistency/level.ts';
import type { VirtualMachineFacts } from '../../inventory/readVirtualMachine.ts';
import { AppError } from '../../../base/errors.ts';

/** What a backup will do, before it does anything. */
export interface BackupPlan {
  readonly vm: VirtualMachineFacts;
  /** Whether the guest is asked to come to rest before the snapshot. */
  readonly quiesce: boolean;
  readonly requested: ConsistencyLevel;
  /** What the best backup of the VM can be expected to reach, and why it is no more. */
  readonly assessment: Assessment;
  /** What this backup can be expected to reach. */
  readonly predicted: ConsistencyLevel;
  readonly disks: readonly DiskPlan[];
  readonly leftOutDisks: readonly LeftOutDisk[];
  /** Newest restore point of this VM, whose chunks are not stored again. */
  readonly previous: RestorePointSummary | undefined;
}

export interface DiskPlan {
  readonly deviceKey: number;
  readonly label: string;
  readonly capacityBytes: number;
  readonly readMode: ReadMode;
}

export interface BackupOptions {
  readonly quiesce: boolean;
}

/**
 * @throws CONFLICT if the VM cannot be backed up as it is: a template, or one whose host is gone
 */
export function planBackup(
  vm: VirtualMachineFacts,
  options: BackupOptions,
  previous: RestorePointSummary | undefined,
): BackupPlan {
  assertCanBeSnapshotted(vm);
  // A VM that is switched off has nothing to bring to rest: its disks are as its last shutdown left them.
  const quiesce = options.quiesce && vm.runtime.powerState === 'poweredOn';
  const leftOut = disksOutside(vm.disks).map(({ deviceKey: key, label, reason }) => ({ key, label, reason }));
  const assessment = assess(vm.facts);
  const leftOutKeys = new Set(leftOut.map(({ key }) => key));
  return {
    vm,
    quiesce,
    requested: quiesce ? 'filesystem' : 'crash',
    assessment,
    predicted: predictedLevel(assessment, quiesce, vm),
    disks: vm.disks
      .filter(disk => !leftOutKeys.has(disk.deviceKey))
      .map(({ deviceKey, label, capacityBytes }) => ({
        deviceKey,
        label,
        capacityBytes,
        readMode: previous === undefined ? 'first-backup' : 'stream-transport',
      })),
    leftOutDisks: leftOut,
    previous,
  };
}

/** A guest that runs and is not asked is at most as after a power failure. */
function predictedLevel(
  { level }: Assessment,
  quiesce: boolean,
  { runtime }: VirtualMachineFacts,
): ConsistencyLevel {
  return quiesce || runtime.powerState !== 'poweredOn' ? level : weakest([level, 'crash']);
}

function assertCanBeSnapshotted({ name, config, runtime }: VirtualMachineFacts): void {
  if (config.template) {
    throw new AppError('CONFLICT', `${name} is a template, of which no snapshot can be taken`, {
      object: name,
      remedy: 'Convert it to a virtual machine first, or back up a VM deployed from it',
    });
  }
  if (runtime.connectionState !== 'connected') {
    throw new AppError('CONFLICT', `${name} is ${runtime.connectionState}`, {
      object: name,
      remedy: 'Bring its host back, or register the VM on another one',
    });
  }
}
