import type { VirtualDiskFacts } from '../inventory/virtualDisk.ts';

/** A disk that a snapshot leaves as it is; reading it would give another moment, or fail. */
export interface OutsideDisk {
  readonly rule: 'DSK-01' | 'DSK-02' | 'DSK-03' | 'DSK-06';
  readonly deviceKey: number;
  readonly label: string;
  readonly reason: string;
}

export function disksOutside(disks: readonly VirtualDiskFacts[]): OutsideDisk[] {
  return disks.flatMap(disk => {
    const why = whyOutside(disk);
    return why === undefined ? [] : [{ deviceKey: disk.deviceKey, label: disk.label, ...why }];
  });
}

function whyOutside({ backing }: VirtualDiskFacts): Pick<OutsideDisk, 'rule' | 'reason'> | undefined {
  if (backing.diskMode?.startsWith('independent') === true) {
    return {
      rule: backing.diskMode === 'independent_nonpersistent' ? 'DSK-02' : 'DSK-01',
      reason: 'independent disks are not part of snapshots',
    };
  }
  if (backing.type.startsWith('VirtualDiskRawDiskMapping')) {
    return backing.compatibilityMode === 'virtualMode'
      ? undefined
      : { rule: 'DSK-03', reason: 'raw device mappings in physical mode are not part of snapshots' };
  }
  if (/^VirtualDisk(PartitionedRaw|RawDisk)/.test(backing.type))
    return { rule: 'DSK-03', reason: 'raw disks of a host are not part of snapshots' };
  if (backing.sharing === 'sharingMultiWriter')
    return { rule: 'DSK-06', reason: 'disks shared by several VMs are not part of snapshots' };
  return undefined;
}
