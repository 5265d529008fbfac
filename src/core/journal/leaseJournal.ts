import type { AppError } from '../../base/errors.ts';

/**
 * Leases on the outside world: what this installation has taken from a vCenter or a repository and must give back,
 * even if the process that took it is killed. Each is written down, durably, before it is taken.
 */
export type Lease =
  | SnapshotLeaseRecord
  | NfcLeaseRecord
  | ImportedVmRecord
  | HotAddedDiskRecord
  | RepositoryLockRecord
  | GuestFileRecord;

/** A snapshot of a VM. Found again by `token`, which its description carries; `snapshot` is known once it exists. */
export interface SnapshotLeaseRecord {
  readonly kind: 'snapshot';
  /** The vCenter's instance UUID: a name or address may change between the crash and the clean-up. */
  readonly vcenterId: string;
  readonly vm: string;
  readonly vmName: string;
  readonly token: string;
  readonly snapshot?: string;
}

/** An HttpNfcLease. The server ends it by itself after its time-out; aborting it earlier frees the VM earlier. */
export interface NfcLeaseRecord {
  readonly kind: 'nfc-lease';
  readonly vcenterId: string;
  readonly vmName: string;
  readonly purpose: 'export' | 'import';
  /** Known once the server has answered. */
  readonly lease?: string;
}

/** A VM under construction by a restore. It is ours, and half, as long as its configuration carries `token`. */
export interface ImportedVmRecord {
  readonly kind: 'imported-vm';
  readonly vcenterId: string;
  readonly vmName: string;
  readonly token: string;
  readonly vm?: string;
}

/** A snapshot's disk that was attached to the VM in which the program runs; as long as it is, its files cannot be joined. */
export interface HotAddedDiskRecord {
  readonly kind: 'hot-added-disk';
  readonly vcenterId: string;
  /** The VM that it was attached to. */
  readonly vm: string;
  readonly vmName: string;
  /** `[datastore] folder/file.vmdk`; the VM did not have a disk with that file before. */
  readonly fileName: string;
}

/** A half written file in a running guest. Its name, which nobody else has, is settled before it is written. */
export interface GuestFileRecord {
  readonly kind: 'guest-temporary-file';
  readonly vcenterId: string;
  readonly vm: string;
  readonly vmName: string;
  /** The account of the guest that wrote it; only with its password the file can be removed. */
  readonly user: string;
  readonly path: string;
  /** The place the file is to take, and where what was there is meanwhile; known once the exchange begins. */
  readonly target?: string;
  readonly aside?: string;
}

/** A lock file in a repository. */
export interface RepositoryLockRecord {
  readonly kind: 'repository-lock';
  readonly repositoryId: string;
  /** Where the repository was, for a person to recognize it. */
  readonly location: string;
  readonly lockId?: string;
}

/** A lease this process has written down and answers for. */
export interface JournalledLease<L extends Lease = Lease> {
  readonly id: string;
  readonly record: L;
  /** Replaces the record, durably, once more is known of the lease. */
  update(record: L): Promise<void>;
  /** Forgets the lease: it was given back, or it is proven that it was never taken. */
  settle(): Promise<void>;
}

/** A lease whose owner no longer runs. Whoever reads it takes it over and answers for it from then on. */
export interface LeftoverLease {
  readonly lease: JournalledLease;
  /** When the dead owner wrote it down. */
  readonly recordedAt: Date;
}

export interface LeaseJournal {
  /** Stands for this installation in snapshot descriptions; random, made once, no secret. */
  readonly installationId: string;
  /** Stands for the machine: a state folder that was copied, or is shared, has its owners on several. */
  readonly machineId: string;
  /** Durable when it resolves; only then may the lease be taken. */
  record<L extends Lease>(lease: L): Promise<JournalledLease<L>>;
  /**
   * Takes over every lease whose owner is proven dead, by the operating system and not by a process id. Leases of
   * living owners, and of other machines that share the folder, are left alone.
   */
  takeOverLeftovers(): Promise<readonly LeftoverLease[]>;
  /**
   * What is written down and not settled, by owners living and dead, on this machine and others; records that cannot be
   * read are missing (`damagedRecords`).
   */
  openLeases(): Promise<readonly Lease[]>;
  /**
   * What of other processes' records cannot be read, each error naming its file. It stays in place: somebody has to
   * look whether a lease was left behind.
   */
  damagedRecords(): Promise<readonly AppError[]>;
}
