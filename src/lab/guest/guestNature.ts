/** What a guest is as far as a snapshot meets it: its system, its VMware Tools, and what they do when asked to quiesce. */
export interface GuestNature {
  readonly family: 'windowsGuest' | 'linuxGuest' | 'otherGuestFamily';
  /** As VMware Tools report it; what the VM is configured for without it. */
  readonly reportedGuestId?: string;
  readonly tools: GuestTools;
  /** `notConfigured`, `running`, …. */
  readonly faultTolerance: string;
  readonly quiescing: Quiescing;
  readonly inside: GuestInside;
}

/** What whoever looks inside finds beside what follows from how it quiesces. */
export interface GuestInside {
  /** Scripts that VMware Tools run at the freeze, by name. */
  readonly freezeScripts: Readonly<Record<string, string>>;
  /** A MariaDB runs, with its files on the last disk. */
  readonly hasMariaDb: boolean;
  /** What its freeze script has done with the database by the moment of the snapshot. */
  readonly hold: 'held' | 'expired' | undefined;
  /** Of a Linux, lines of its mount table whose bytes come over the network. */
  readonly networkMounts: readonly string[];
  /** Of a Windows, shares of others that it uses: `server share`. */
  readonly shares: readonly string[];
  /** Of a Windows, pools of Storage Spaces. */
  readonly pools: readonly string[];
}

export interface GuestTools {
  /** As the API encodes it: major · 1024 + minor · 32 + patch. */
  readonly version: number;
  readonly versionStatus: string;
  readonly installType: string;
}

export interface Quiescing {
  /**
   * `vss`: writers and file systems of Windows. `freeze`: FIFREEZE. `sync`: buffers are written, nothing is held, and
   * nothing says so.
   */
  readonly mechanism: 'vss' | 'freeze' | 'sync';
  /** VSS writers that take part when applications do. */
  readonly writers: readonly GuestWriter[];
  /** What the API does not tell of a Windows and VSS does not get past. */
  readonly hasDynamicDisks: boolean;
  /** Versions before 10.2 of VMware Tools leave no manifest of a Linux. */
  readonly leavesManifest: boolean;
  /** `tools.conf` has `enableSyncDriver=false`: success is reported and nothing is frozen. */
  readonly claimsWithoutFreezing: boolean;
  /** `tools.conf` has `excludedFileSystems`: the one on the last disk stays in use. */
  readonly excludesLastDisk: boolean;
  /** `tools.conf` has `vss.disableAppQuiescing=true`: no writer is asked. */
  readonly isWithoutApplications: boolean;
  /** `tools.conf` has `enableVSS=false`. */
  readonly isWithoutVss: boolean;
  readonly failure: QuiesceFailure | undefined;
}

export interface GuestWriter {
  readonly id: string;
  readonly name: string;
  /** As `vssadmin` numbers it; 1, stable, without it. Only a stable one takes part. */
  readonly state?: number;
  /** It is stable until it is asked. */
  readonly dropsOut?: true;
}

export interface QuiesceFailure {
  /** `applications`: without writers it works. `complaint`: the task succeeds all the same. */
  readonly when: 'applications' | 'always' | 'complaint';
  /** Type of the fault. */
  readonly fault: 'ApplicationQuiesceFault' | 'FilesystemQuiesceFault';
  readonly message: string;
  /** What the VM's events say, which is more. */
  readonly event: string;
}

export const openVmTools: GuestTools = {
  version: 12_389,
  versionStatus: 'guestToolsUnmanaged',
  installType: 'guestToolsTypeOpenVMTools',
};

/** A Linux of these days. */
export const usualNature: GuestNature = {
  family: 'linuxGuest',
  tools: openVmTools,
  faultTolerance: 'notConfigured',
  quiescing: {
    mechanism: 'freeze',
    writers: [],
    hasDynamicDisks: false,
    leavesManifest: true,
    claimsWithoutFreezing: false,
    excludesLastDisk: false,
    isWithoutApplications: false,
    isWithoutVss: false,
    failure: undefined,
  },
  inside: { freezeScripts: {}, hasMariaDb: false, hold: undefined, networkMounts: [], shares: [], pools: [] },
};
