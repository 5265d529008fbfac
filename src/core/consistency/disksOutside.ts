import type { VirtualDiskFacts } from '../inventory/virtualDisk.ts';

/** A disk that a snapshot leaves as it is; reading it would give another moment, or fail. */
export interface OutsideDisk {
  readonly rule: 'DSK-01' | 'DSK-02' | 'DSK-03' | 'DSK-06';
  readonly deviceKey: number;
  readonly label: string;
  readonly reason: string;
}

const reasons: Readonly<Record<OutsideDisk['rule'], string>> = {
  'DSK-01': 'independent disks are not part of snapshots',
  'DSK-02': 'independent disks are not part of snapshots',
  'DSK-03': 'raw devices in physical mode are not part of snapshots',
  'DSK-06': 'disks shared by several VMs are not part of snapshots',
};

export function disksOutside(disks: readonly VirtualDiskFacts[]): OutsideDisk[] {
  return disks.flatMap(disk => {
    const rule = outsideRuleOf(disk);
    const { deviceKey, label } = disk;
    return rule === undefined ? [] : [{ rule, deviceKey, label, reason: reasonOf(disk, rule) }];
  });
}

function reasonOf({ backing }: VirtualDiskFacts, rule: OutsideDisk['rule']): string {
  return rule === 'DSK-03' && !backing.type.startsWith('VirtualDiskRawDiskMapping')
    ? 'raw disks of a host are not part of snapshots'
    : reasons[rule];
}

/** The rule that leaves a disk out of snapshots, if any does. */
export function outsideRuleOf({ backing }: VirtualDiskFacts): OutsideDisk['rule'] | undefined {
  const { type, diskMode, compatibilityMode, sharing } = backing;
  if (diskMode?.startsWith('independent') === true)
    return diskMode === 'independent_nonpersistent' ? 'DSK-02' : 'DSK-01';
  if (type.startsWith('VirtualDiskRawDiskMapping') && compatibilityMode !== 'virtualMode') return 'DSK-03';
  if (type.startsWith('VirtualDiskPartitionedRaw') || type.startsWith('VirtualDiskRawDiskVer'))
    return 'DSK-03';
  return sharing === 'sharingMultiWriter' ? 'DSK-06' : undefined;
}
