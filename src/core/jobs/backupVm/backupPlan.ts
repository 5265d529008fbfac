import type { ConsistencyLevel, LeftOutDisk, ReadMode } from '../../catalog/manifest.ts';
import type { RestorePointSummary } from '../../catalog/backupSet.ts';
import type { VirtualMachineFacts } from '../../inventory/readVirtualMachine.ts';
import type { VirtualDiskFacts } from '../../inventory/virtualDisk.ts';
import { AppError } from '../../../base/errors.ts';

/** What a backup will do, before it does anything. */
export interface BackupPlan {
  readonly vm: VirtualMachineFacts;
  /** Whether the guest is asked to come to rest before the snapshot. */
  readonly quiesce: boolean;
  readonly requested: ConsistencyLevel;
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
  const leftOut = vm.disks.flatMap(disk => {
    const reason = whyNotInSnapshot(disk);
    return reason === undefined ? [] : [{ key: disk.deviceKey, label: disk.label, reason }];
  });
  const leftOutKeys = new Set(leftOut.map(({ key }) => key));
  return {
    vm,
    quiesce,
    requested: quiesce ? 'filesystem' : 'crash',
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

/** Disks that a snapshot silently leaves as they are; reading them would give another moment, or fail. */
function whyNotInSnapshot({ backing }: VirtualDiskFacts): string | undefined {
  if (backing.diskMode?.startsWith('independent') === true)
    return 'independent disks are not part of snapshots';
  if (backing.type.startsWith('VirtualDiskRawDiskMapping')) {
    return backing.compatibilityMode === 'virtualMode'
      ? undefined
      : 'raw device mappings in physical mode are not part of snapshots';
  }
  if (/^VirtualDisk(PartitionedRaw|RawDisk)/.test(backing.type))
    return 'raw disks of a host are not part of snapshots';
  if (backing.sharing === 'sharingMultiWriter')
    return 'disks shared by several VMs are not part of snapshots';
  return undefined;
}
