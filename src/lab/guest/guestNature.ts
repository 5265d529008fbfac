/** What a guest is as far as a snapshot meets it: its system, its VMware Tools, and what they do when asked to quiesce. */
export interface GuestNature {
  readonly family: 'windowsGuest' | 'linuxGuest' | 'otherGuestFamily';
  /** As VMware Tools report it; what the VM is configured for without it. */
  readonly reportedGuestId?: string;
  readonly tools: GuestTools;
  /** `notConfigured`, `running`, …. */
  readonly faultTolerance: string;
  readonly quiescing: Quiescing;
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
  readonly failure: QuiesceFailure | undefined;
}

export interface GuestWriter {
  readonly id: string;
  readonly name: string;
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
    failure: undefined,
  },
};
