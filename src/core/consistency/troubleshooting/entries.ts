import type { SourceId } from '../sources.ts';

/** A failure from the field: how it shows, why, and what to do. */
export interface TroubleEntry {
  /** Stable name. */
  readonly id: `TRB-${number}`;
  readonly symptom: string;
  readonly cause: string;
  readonly remedy: string;
  readonly source: SourceId;
  /** In the text of a fault, an event or a log. */
  readonly texts: readonly RegExp[];
  /** Names of faults of the API that point to it even without a text. */
  readonly faults?: readonly string[];
  /** Codes of VSS. */
  readonly codes?: readonly number[];
  /** Rules of prediction or proof whose finding points to it. */
  readonly findings?: readonly string[];
}

/** The more telling ones of a text come first. */
export const troubleEntries: readonly TroubleEntry[] = [
  {
    id: 'TRB-1',
    symptom: 'VMware Tools are not available, or do not answer in time',
    cause: 'The service of VMware Tools is stopped, or the guest is overloaded or still booting',
    remedy: 'Start or repair VMware Tools; quiesce later, retry once',
    source: 'field-reports',
    texts: [
      /cannot quiesce this virtual machine because VMware Tools is not currently available/i,
      /timeout occurred while communicating with VMware Tools/i,
    ],
    faults: ['ToolsUnavailable'],
    findings: ['TLS-02'],
  },
  {
    id: 'TRB-2',
    symptom: 'VssSyncStart failed: VSS is in a bad state',
    cause: 'A stale snapshot provider of VMware, or another requester of VSS',
    remedy:
      'Restart the services VSS and "VMware Snapshot Provider"; reinstall the VSS component of VMware Tools if that does not help',
    source: 'field-reports',
    texts: [/VssSyncStart' operation failed/i],
    codes: [0x8004_2301, 0x8004_2303, 0x8004_2304],
  },
  {
    id: 'TRB-3',
    symptom: 'The time limit for holding off I/O was exceeded',
    cause: 'A busy disk, many volumes or slow storage: VSS holds writes for 10 seconds at most',
    remedy:
      'Back up at a quiet time, give more memory, use fewer volumes, or ask for file-system quiescing; a longer time-out does not lengthen the 10 seconds',
    source: 'field-reports',
    texts: [/exceeded the time limit for holding off I\/O/i],
    faults: ['FilesystemQuiesceFault'],
    codes: [0x8004_2313, 0x8004_2314],
  },
  {
    id: 'TRB-4',
    symptom: 'A writer timed out or failed; errors of SQL Server at the time of the backup',
    cause: 'Too many databases for one snapshot (more than 35), stalled storage, or a writer that crashed',
    remedy: 'Restart the writer’s service, put fewer databases into one snapshot, spread the schedules',
    source: 'microsoft',
    texts: [/last error: timed out/i, /non-retryable/i],
    codes: [0x8004_23f2, 0x8004_23f4, 0x8004_2319],
    findings: ['APP-02'],
  },
  {
    id: 'TRB-5',
    symptom: 'Insufficient storage for the shadow copy',
    cause: 'Shadow storage on a tiny partition: system reserved, EFI, recovery',
    remedy:
      'Give it a drive letter or move its shadow storage (vssadmin resize shadowstorage); keep 15 % of every volume free',
    source: 'field-reports',
    texts: [/insufficient storage/i],
    codes: [0x8004_231f],
  },
  {
    id: 'TRB-6',
    symptom: 'Another shadow copy is already in progress',
    cause: 'Two backup products at the same time',
    remedy: 'Let one run at a time, or switch the agent of the other off',
    source: 'field-reports',
    texts: [/another shadow copy (creation )?is already in progress/i],
    codes: [0x8004_2316],
  },
  {
    id: 'TRB-7',
    symptom: 'NTFS events 57 or 137, or events of the kernel, during the backup',
    cause: 'Shadow disks of the hardware provider appear and disappear; a floppy or CD drive is connected',
    remedy: 'Ignore them if the snapshot succeeded; disconnect the floppy drive, upgrade VMware Tools',
    source: 'field-reports',
    texts: [/\bntfs\b.*\bevent(?: id)?\s*:?\s*(57|137)\b/i, /\bevent(?: id)?\s*:?\s*(57|137)\b.*\bntfs\b/i],
    findings: ['FLP-01'],
  },
  {
    id: 'TRB-8',
    symptom: 'A Linux VM stays frozen, or hangs until it is restarted',
    cause:
      'The freezer left a file system frozen: a stale -ctk.vmdk, logging on a frozen file system, loop or FUSE mounts',
    remedy: 'Upgrade VMware Tools, remove stale -ctk.vmdk files, log elsewhere, set excludedFileSystems',
    source: 'open-vm-tools',
    texts: [/(stays|remains|left) frozen/i, /hung_task.*freez|freez.*blocked for more than/i],
  },
  {
    id: 'TRB-9',
    symptom: 'Error when enabling the sync provider',
    cause: 'Bind mounts or overlays of containers, a mount point that is busy or has vanished',
    remedy: 'Upgrade VMware Tools, or set excludedFileSystems=/var/lib/docker/*',
    source: 'open-vm-tools',
    texts: [/error when enabling the sync provider/i, /error code was: 3\b/i],
  },
  {
    id: 'TRB-10',
    symptom: 'A file system appears locked or frozen by another process',
    cause: 'A script of your own with fsfreeze, or another agent (VMware Tools from 12.2 on refuse that)',
    remedy:
      'Remove it; or set excludedFileSystems, or from VMware Tools 12.3 on ignoreFrozenFileSystems=true',
    source: 'open-vm-tools',
    texts: [/appears locked or frozen by another process/i],
    findings: ['TLS-08'],
  },
  {
    id: 'TRB-11',
    symptom: 'A custom quiesce script failed, or scripts never run',
    cause: 'Not executable, wrong folder or name, SELinux, execScripts=false, or the script calls sudo',
    remedy: 'Mode 0755, owner root, the folder of your version of VMware Tools, exit code 0 on success',
    source: 'script-article',
    texts: [/custom quiesce script failed/i, /error code was: 2\b/i],
  },
  {
    id: 'TRB-12',
    symptom: 'The snapshot is listed as not quiesced, or nothing proves it, although it worked',
    cause:
      'VMware Tools before 10.2 or ESXi before 6.7 leave no manifest; or the configuration folder cannot be written',
    remedy: 'Upgrade both to get a proof; else accept the level as unproven',
    source: 'open-vm-tools',
    texts: [/snapshot .*not quiesced/i],
    findings: ['TLS-07', 'E3', 'E7'],
  },
  {
    id: 'TRB-13',
    symptom: 'A quiesce operation is already in progress',
    cause: 'An earlier one has not ended',
    remedy: 'Wait; use one backup product at a time; restart VMware Tools',
    source: 'field-reports',
    texts: [/quiesce operation already in progress/i],
    findings: ['SNAP-03'],
  },
  {
    id: 'TRB-14',
    symptom: 'Application consistency was asked for, but the manifest holds backup.xml only',
    cause: 'IDE, SATA or NVMe disks, no disk UUIDs, dynamic disks, or another guest configured',
    remedy: 'See the rules DSK-07 to DSK-12 and GOS-01 of this VM',
    source: 'vddk-guide',
    texts: [/backup\.xml only/i],
    findings: ['E4'],
  },
  {
    id: 'TRB-15',
    symptom: 'A differential backup of SQL Server fails (message 3035), or its log chain is broken',
    cause: 'Another product took a full backup through VSS',
    remedy: 'Take backups of type copy (COPY_ONLY)',
    source: 'microsoft',
    texts: [/\bmsg 3035\b/i, /cannot perform a differential backup/i],
  },
  {
    id: 'TRB-16',
    symptom: 'The VM cannot be reached for seconds while its snapshot is removed',
    cause: 'Consolidation stuns the VM: a long chain of snapshots, or a busy disk',
    remedy: 'Back up more often, and remove snapshots off peak',
    source: 'field-reports',
    texts: [/Checkpoint_Unstun: vm stopped for \d{7,} us/i, /consolidation (failed|is needed)/i],
    findings: ['SNAP-01'],
  },
  {
    id: 'TRB-17',
    symptom: 'A recovered VM boots, but its database is gone or old',
    cause: 'An independent disk or a raw device was not part of the snapshot',
    remedy: 'See the rules DSK-01 and DSK-03; never start a database from a torn set of disks',
    source: 'snapshot-guide',
    texts: [/independent disk.*snapshot/i],
    faults: ['RawDiskNotSupported'],
    findings: ['DSK-01', 'DSK-03', 'APP-06'],
  },
];
