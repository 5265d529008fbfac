/** A document or observation that a statement rests on, for people to read. */
export interface Source {
  readonly title: string;
  /** Missing where there is no public address. */
  readonly url?: string;
}

/** By stable keys. What is `likely` or `uncertain` often rests on the last ones. */
export const sources = {
  seed: { title: 'Data Consistency in the virtual world (talk, 2009)' },
  'vdr-guide': {
    title: 'VMware Data Recovery 2.0 Administration Guide',
    url: 'https://pubs.vmware.com/vsphere-50/topic/com.vmware.datarecovery.admin.doc_20/GUID-6F339449-8A9F-48C0-BE70-91A2654A79D2.html',
  },
  'vddk-guide': {
    title: 'Virtual Disk Development Kit Programming Guide 8.0: Working with Microsoft Shadow Copy',
    url: 'https://techdocs2-prod.adobecqms.net/us/en/vmware-cis/vsphere/vsphere-sdks-tools/8-0/virtual-disk-development-kit-programming-guide/backing-up-virtual-disks-in-vsphere/windows-backup-implementations/working-with-microsoft-shadow-copy.html',
  },
  'vddk-linux': {
    title:
      'Virtual Disk Development Kit Programming Guide: Linux Backup Implementation; Broadcom article 324275',
  },
  'script-article': {
    title: 'VMware article 1006671: Running custom quiescing scripts',
    url: 'https://kb.vmware.com/s/article/1006671',
  },
  'quiesce-article': { title: 'VMware article 5962168: What quiescing is' },
  'open-vm-tools': {
    title: 'open-vm-tools 13.1.0, source of vmbackup and the sync driver',
    url: 'https://github.com/vmware/open-vm-tools',
  },
  'vsphere-api': {
    title: 'vSphere Web Services API Reference',
    url: 'https://developer.broadcom.com/xapis/virtual-infrastructure-json-api/latest/data-structures/VirtualMachineWindowsQuiesceSpec',
  },
  'guest-validation': {
    title: 'VMware’s own validation of guest operating systems',
    url: 'https://github.com/vmware/ansible-vsphere-gos-validation',
  },
  'vcenter-capture': { title: 'Snapshot tree of a vCenter 8.0.3, as captured by others' },
  'field-reports': { title: 'Messages and faults reported from the field; VMware article 1018194' },
  'powered-off-practice': {
    title: 'Practice of other backup products: a VM that is off needs no quiescing',
  },
  'replication-api': {
    title: 'QuiesceMode in the vSphere API: how VMware’s own replication steps down',
    url: 'https://developer.broadcom.com/xapis/virtual-infrastructure-json-api/latest/data-structures/QuiesceMode_enum',
  },
  'manifest-format': { title: 'Names in the documents of VSS, from the source of a manifest explorer' },
  microsoft: {
    title:
      'Microsoft: SQL writer guide, articles 915331, 943471 and 975688, virtualization of Active Directory',
  },
  'availability-guide': { title: 'vSphere Availability: Fault Tolerance' },
  'snapshot-guide': { title: 'vSphere Virtual Machine Administration 7.0: snapshot limitations' },
  'ext4-layout': {
    title: 'ext4 Data Structures and Algorithms: Super Block',
    url: 'https://docs.kernel.org/filesystems/ext4/super.html',
  },
  'xfs-layout': {
    title: 'XFS Algorithms and Data Structures: Journaling Log',
    url: 'https://mirrors.edge.kernel.org/pub/linux/utils/fs/xfs/docs/xfs_filesystem_structure.pdf',
  },
  'ntfs-layout': {
    title: 'libyal: New Technologies File System (NTFS); NTFS documentation of the Linux-NTFS project',
    url: 'https://github.com/libyal/libfsntfs',
  },
  measured: { title: 'Own measurements with PostgreSQL 15.18 and MariaDB 10.11.19' },
  inference: { title: 'Concluded from the other facts' },
  experience: { title: 'Known from practice, without a document at hand' },
} as const satisfies Readonly<Record<string, Source>>;

export type SourceId = keyof typeof sources;
