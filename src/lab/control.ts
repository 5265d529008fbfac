/**
 * What can be made to go wrong. The state is one plain value: the control API shows it and changes it, the parts of
 * the lab look at it when they act.
 */
export interface Faults {
  /** Calls of a method that are answered with a fault. */
  readonly methods: MethodFault[];
  /** Methods that take longer, in milliseconds before they begin. */
  readonly delays: Record<string, number>;
  /** Methods whose answer is late, in milliseconds after they have done their work. */
  readonly lateAnswers: Record<string, number>;
  /** Steps of a task take this long each. */
  taskStepMs: number;
  /** What happens to exported disks on their way. */
  readonly streams: StreamFault[];
  /** What happens to disks of imports and files of datastores that clients send. */
  readonly uploads: UploadFault[];
  /** What happens to requests for files of datastores. */
  readonly datastoreRequests: DatastoreFault[];
  /** Whether what a snapshot of a running VM has frozen can be read from its datastore; hosts differ. */
  frozenExtents: 'readable' | 'locked';
  /** What happens to files on their way into guests and out of them. */
  readonly guestTransfers: GuestTransferFault[];
  /** What is free in a guest, by the VM's name, as if others had filled its file systems. */
  guestFreeBytes: Readonly<Record<string, number>>;
  /** Programs that are started in guests go on until they are ended. */
  guestProgramsHang: boolean;
  /** Seconds within which a guest file's transfer must begin. */
  guestTransferSeconds: number;
  /** Exported disks stop after that many bytes for as long as this says so, and then go on; null: they do not. */
  holdStreamsAfterBytes: number | null;
  /** How changed areas are told. */
  changedAreas: {
    /** So many in one answer; a client that does not ask on loses the rest. */
    readonly maxExtents: number;
    /** So much of the disk in one answer; null: all of it. */
    readonly maxLengthBytes: number | null;
    /** Of `*`, the allocated areas: what is written, one extent for the whole disk, or FileFault, as some storage does. */
    readonly allocated: 'exact' | 'whole' | 'refused';
    /** Everything is said to have changed, as after a repaired loss. */
    readonly everything: boolean;
    /** The first area is left out: a host that loses changes. */
    readonly omitFirst: boolean;
  };
  /** Whether a VM that is off keeps what was tracked when its disks move to another datastore; releases differ. */
  trackingOnColdMove: 'lost' | 'kept';
  /** Whether a disk of a VM that has grown goes on being tracked as before, as on hosts that lose changes from then on. */
  trackingOnGrowth: 'lost' | 'kept';
  /** What is free on datastores, by name; snapshots need some. */
  datastoreFreeBytes: Readonly<Record<string, number>>;
  /** Quiesced snapshots fail, of these VMs by name; `*` means all. */
  refuseQuiesce: string[];
  /** Seconds for which a lease lives without progress. */
  leaseTimeoutSeconds: number;
  /** How exported disks are written: as vSphere or as qemu-img does it. */
  vmdkDialect: 'vsphere' | 'qemu';
  /**
   * Whether URLs of disks and of guest files name no host (`*`), as an ESXi host gives them, the server's address, or the
   * host that the VM runs on, which answers on a port of its own with a certificate of its own; or that host by a name that
   * nobody resolves, or where nobody answers.
   */
  leaseUrls: 'asterisk' | 'host' | 'esx' | 'unresolvable' | 'unreachable';
  /** So much of exported disks goes over the wire for each lease; null: as fast as it goes. */
  leaseBytesPerSecond: number | null;
  /** Whether an exported disk is kept as it went over the wire, for the next export: then compressing costs nothing. */
  keepExports: boolean;
  /** How many export leases of a VM there may be at a time; what a real server allows is not known. */
  leasesPerVm: number;
  /** Whether leases have a manifest, and whether that is of what was sent. */
  manifests: boolean | 'wrong';
  /** As a host with the free license: everything can be read, every change is refused. */
  freeLicense: boolean;
  /** Who logs in when there are so many sessions is turned away with HTTP status 503; null: nobody is. */
  sessionLimit: number | null;
  /** Whether REST is answered at `/api` too, as since vSphere 7, or at `/rest` alone. */
  restInterface: 'api' | 'rest';
}

export interface MethodFault {
  readonly method: string;
  /** A fault type of the API, for instance "TaskInProgress". */
  readonly fault: string;
  readonly message?: string;
  /** Fields of the fault. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** How many more calls it hits. */
  times: number;
}

export interface StreamFault {
  /**
   * `cut`: the connection breaks after `afterBytes`. `truncate`: the answer ends there as if it were whole.
   * `slow`: `bytesPerSecond` from `afterBytes` on. `stall`: nothing more comes. `flip`: the byte at `afterBytes` arrives
   * damaged. `unavailable`: HTTP 503 at once.
   */
  readonly kind: 'cut' | 'truncate' | 'slow' | 'stall' | 'flip' | 'unavailable';
  readonly afterBytes?: number;
  readonly bytesPerSecond?: number;
  /** Only the disks of this VM; all without it. */
  readonly vm?: string;
  /** How many more streams it hits. */
  times: number;
}

export interface UploadFault {
  /**
   * `refuse`: answered with `status` once `afterBytes` have arrived, or at the end of a shorter body. `cut`: the
   * connection breaks then. `stall`: nothing more is read. `slow`: `bytesPerSecond` from there on.
   */
  readonly kind: 'refuse' | 'cut' | 'stall' | 'slow';
  /** 503 without it. */
  readonly status?: number;
  readonly afterBytes?: number;
  readonly bytesPerSecond?: number;
  /** Only disks of this VM; without `vm` and `path` everything that is sent. */
  readonly vm?: string;
  /** Only files of datastores whose path ends with this. */
  readonly path?: string;
  /** How many more uploads it hits. */
  times: number;
}

export interface DatastoreFault {
  /**
   * `refuse`: answered with `status` at once. `cut`: the connection breaks after `afterBytes` of the answer. `slow`:
   * `bytesPerSecond` from there on. `stall`: nothing more comes.
   */
  readonly kind: 'refuse' | 'cut' | 'slow' | 'stall';
  readonly status?: number;
  readonly afterBytes?: number;
  readonly bytesPerSecond?: number;
  /** Only files whose path ends with this; all without it. */
  readonly path?: string;
  /** How many more requests it hits. */
  times: number;
}

export interface GuestTransferFault {
  /**
   * `cut`: the connection breaks after `afterBytes`; what was written until then stays in the guest. `stall`: nothing
   * moves from there on. `flip`: the byte at `afterBytes` arrives damaged. `unavailable`: HTTP 503 at once.
   */
  readonly kind: 'cut' | 'stall' | 'flip' | 'unavailable';
  readonly direction?: 'to' | 'from';
  readonly afterBytes?: number;
  /** Only this VM's files; all without it. */
  readonly vm?: string;
  /** How many more transfers it hits. */
  times: number;
}

const standardChangedAreas: Faults['changedAreas'] = {
  maxExtents: 2000,
  maxLengthBytes: null,
  allocated: 'exact',
  everything: false,
  omitFirst: false,
};

export function noFaults(): Faults {
  return {
    methods: [],
    delays: {},
    lateAnswers: {},
    taskStepMs: 15,
    streams: [],
    uploads: [],
    datastoreRequests: [],
    frozenExtents: 'readable',
    guestTransfers: [],
    guestFreeBytes: {},
    guestProgramsHang: false,
    guestTransferSeconds: 600,
    holdStreamsAfterBytes: null,
    changedAreas: { ...standardChangedAreas },
    trackingOnColdMove: 'lost',
    trackingOnGrowth: 'lost',
    datastoreFreeBytes: {},
    refuseQuiesce: [],
    leaseTimeoutSeconds: 300,
    vmdkDialect: 'vsphere',
    leaseUrls: 'asterisk',
    leaseBytesPerSecond: null,
    keepExports: false,
    leasesPerVm: 1,
    manifests: true,
    freeLicense: false,
    sessionLimit: null,
    restInterface: 'api',
  };
}

/** What goes wrong with an upload of a VM's disk, or of a file. */
export function takeUploadFault(
  { uploads }: Faults,
  upload: { readonly vm: string } | { readonly path: string },
): UploadFault | undefined {
  return takeFault(uploads, ({ vm, path }) =>
    'vm' in upload
      ? path === undefined && (vm ?? upload.vm) === upload.vm
      : vm === undefined && upload.path.endsWith(path ?? ''),
  );
}

/** The first planned fault that fits, counted down; undefined if there is none. */
export function takeFault<Fault extends { times: number }>(
  planned: Fault[],
  fits: (fault: Fault) => boolean,
): Fault | undefined {
  const found = planned.find(fault => fault.times > 0 && fits(fault));
  if (found === undefined) return undefined;
  found.times -= 1;
  if (found.times === 0) planned.splice(planned.indexOf(found), 1);
  return found;
}
