import { assert } from '../../../base/assert.ts';
import { AppError } from '../../../base/errors.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { formatBytes } from '../../../base/units.ts';
import type { ManifestDisk, ManifestTransport, PassedOver, TransportKind } from '../../catalog/manifest.ts';
import { auditSample } from '../../changes/auditSample.ts';
import type { ChunkSet } from '../../changes/chunkSet.ts';
import { type FullReason, fullReasons } from '../../changes/fullReason.ts';
import { queryChangedAreas } from '../../changes/queryChangedAreas.ts';
import { decideRead, type ReadDecision } from '../../changes/readDecision.ts';
import { defaultChunkGeometry } from '../../chunking/geometry.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { DiskReader } from '../../disk/diskTransport.ts';
import type { Repository } from '../../repository/repository.ts';
import type { VimSession } from '../../vsphere/session.ts';
import { backUpChangedAreas } from './backupChangedAreas.ts';
import { backUpDisk, type StoredDisk } from './backupDisk.ts';
import type { BackupPlan } from './backupPlan.ts';
import { DiskProgress } from './diskProgress.ts';
import { type KnownChanges, openKnownChanges } from './knownChanges.ts';
import { type PreviousPoint, previousDisk } from './previousPoint.ts';
import type { ReadDeps } from './readDeps.ts';
import { isClosedWay, type SnapshotDisk } from './transports/diskTransport.ts';
import { hostNow, isSameBacking, placeNow } from './transports/placeNow.ts';
import type { OwnVm } from './transports/ownVm.ts';
import { transportsFor, type TransportWay } from './transports/transportsFor.ts';

/** What the reading of every disk of a VM goes by. */
export interface ReadBasis {
  readonly plan: BackupPlan;
  /** Opened under the lock of this backup. */
  readonly previous: PreviousPoint;
  readonly wasReverted: boolean;
  readonly ownVm: OwnVm | undefined;
}

export interface ReadDisk {
  readonly entry: ManifestDisk;
  readonly tree: BlobId;
  /** Something was wrong that this restore point is free of; earlier ones may not be. */
  readonly warning: AppError | undefined;
}

type Transport = Omit<ManifestTransport, 'whole'>;

/** A disk as it was stored, and how. */
interface Reading {
  readonly tree: BlobId;
  readonly transport: Transport;
  readonly warning: AppError | undefined;
}

/** What speaks for reading everything, and in whose words. */
interface Full {
  readonly reason: FullReason;
  readonly detail: string | undefined;
}

/** Stores one disk of a snapshot: what has changed where that is certain, else everything. */
export async function readSnapshotDisk(
  session: VimSession,
  repository: Repository,
  place: SnapshotDisk,
  basis: ReadBasis,
  deps: ReadDeps,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<ReadDisk> {
  const { disk, snapshot } = place;
  const decision = decideOn(place, basis);
  const reader = new DiskReading(session, repository, place, basis, deps, onProgress, signal);
  const { tree, transport, warning } = await reader.carryOut(decision);
  const { backing, controller } = disk;
  const entry: ManifestDisk = {
    key: disk.deviceKey,
    label: disk.label,
    capacityBytes: disk.capacityBytes,
    ...defaultChunkGeometry,
    attachment: `${controller.type} ${controller.busNumber}:${disk.unitNumber}`,
    backing: {
      fileName: backing.fileName ?? '',
      thinProvisioned: backing.isThin ?? false,
      diskMode: backing.diskMode ?? '',
      ...(backing.uuid !== undefined && { uuid: backing.uuid }),
    },
    ...(backing.changeId !== undefined && { changeId: backing.changeId }),
    transport: { ...transport, whole: lastWhole(transport, place, basis.previous) },
  };
  deps.logger.info('disk stored', {
    vm: snapshot.vm.name,
    disk: disk.label,
    how:
      transport.fullReason === undefined
        ? 'incremental'
        : `full, because ${fullReasons[transport.fullReason]}`,
    transport: transport.kind,
    ...(transport.fullDetail !== undefined && { detail: transport.fullDetail }),
    read: formatBytes(transport.readBytes ?? 0),
    ...(transport.changedBytes !== undefined && { changed: formatBytes(transport.changedBytes) }),
    stored: formatBytes(transport.storedBytes),
  });
  return { entry, tree, warning };
}

function decideOn(
  { snapshot, disk }: SnapshotDisk,
  { plan, previous, wasReverted }: ReadBasis,
): ReadDecision {
  const { uuid, changeId } = disk.backing;
  return decideRead({
    now: snapshot.facts.createdAt,
    isTrackingEnabled: snapshot.config.changeTrackingEnabled === true,
    disk: { uuid, changeId, capacityBytes: disk.capacityBytes },
    previous: previousDisk(previous, disk.deviceKey),
    geometry: defaultChunkGeometry,
    wasReverted,
    policy: plan.wholeReads,
  });
}

function lastWhole(
  { readMode }: Transport,
  { snapshot, disk }: SnapshotDisk,
  previous: PreviousPoint,
): NonNullable<ManifestTransport['whole']> {
  const before = previousDisk(previous, disk.deviceKey);
  if (readMode === 'whole' || typeof before === 'string')
    return { at: snapshot.facts.createdAt.toISOString(), pointsSince: 0 };
  return { at: before.whole.at.toISOString(), pointsSince: before.whole.pointsSince + 1 };
}

/** One disk on its way; what one way has received counts although another one was taken. */
class DiskReading {
  readonly #session: VimSession;
  readonly #repository: Repository;
  /** With the files that the disk has, as far as is known. */
  #place: SnapshotDisk;
  #host: string | undefined;
  readonly #basis: ReadBasis;
  readonly #deps: ReadDeps;
  readonly #onProgress: ProgressListener;
  readonly #signal: AbortSignal;
  #passedOver: readonly PassedOver[] = [];
  #receivedBytes = 0;

  constructor(
    session: VimSession,
    repository: Repository,
    place: SnapshotDisk,
    basis: ReadBasis,
    deps: ReadDeps,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ) {
    this.#session = session;
    this.#repository = repository;
    this.#place = place;
    this.#basis = basis;
    this.#deps = deps;
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  async carryOut(decision: ReadDecision): Promise<Reading> {
    const { previous } = this.#basis;
    if (decision.kind === 'whole') {
      const detail = previous.kind === 'gone' ? previous.problem : undefined;
      return await this.#readWhole({ reason: decision.reason, detail }, undefined);
    }
    const known = await this.#knownChanges(decision.since, previous);
    if ('reason' in known) return await this.#readWhole(known, undefined);
    if (decision.kind === 'compare')
      return await this.#readWhole({ reason: decision.reason, detail: undefined }, known);
    return (
      (await this.#readChanged(known)) ??
      (await this.#readWhole({ reason: 'verification-failed', detail: undefined }, known))
    );
  }

  /** What the server tells, laid over what is stored. */
  async #knownChanges(since: string, previous: PreviousPoint): Promise<KnownChanges | Full> {
    const { snapshot, disk } = this.#place;
    const { deviceKey, capacityBytes: diskBytes } = disk;
    const stored = previous.kind === 'open' ? previous.point : undefined;
    const [before, tree] = [
      stored?.manifest.disks.find(({ key }) => key === deviceKey),
      stored?.disks.get(deviceKey),
    ];
    if (before === undefined || tree === undefined) return { reason: 'previous-gone', detail: undefined };
    const ask = async (startOffset: number, signal: AbortSignal) =>
      await this.#session.call(
        'QueryChangedDiskAreas',
        snapshot.vm.ref,
        { snapshot: snapshot.snapshot, deviceKey, startOffset, changeId: since },
        signal,
      );
    const { chunkBytes } = defaultChunkGeometry;
    const told = await queryChangedAreas(ask, { diskBytes, chunkBytes }, this.#signal);
    if (told.kind === 'refused') return told;
    try {
      return await openKnownChanges(this.#repository, { disk: before, tree }, told.chunks, this.#signal);
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
      return { reason: 'previous-gone', detail: error.message };
    }
  }

  /** Undefined if something had changed that nobody told of. */
  async #readChanged(known: KnownChanges): Promise<Reading | undefined> {
    const sample = auditSample(known.changed, this.#deps.random);
    return await this.#byOpenWay(known.changed.union(sample), async way => {
      const stored = await this.#read(
        way,
        async disk =>
          await backUpChangedAreas(
            this.#repository,
            disk,
            defaultChunkGeometry,
            known,
            sample,
            this.#progress('Reading what has changed of'),
            this.#signal,
          ),
      );
      if (stored.kind === 'distrusted') return undefined;
      return this.#reading(stored, known, { kind: way.kind, readMode: 'changed-areas' });
    });
  }

  async #readWhole({ reason, detail }: Full, known: KnownChanges | undefined): Promise<Reading> {
    return await this.#byOpenWay(undefined, async way => {
      const stored = await this.#read(
        way,
        async disk =>
          await backUpDisk(
            this.#repository,
            disk,
            defaultChunkGeometry,
            known,
            this.#progress('Reading'),
            this.#signal,
          ),
      );
      const hasLied = reason === 'verification-failed' || (stored.audit?.mismatches ?? 0) > 0;
      const transport = {
        kind: way.kind,
        readMode: 'whole',
        fullReason: hasLied ? 'verification-failed' : reason,
        ...(detail !== undefined && { fullDetail: detail }),
      } as const;
      const reading = this.#reading(stored, known, transport);
      return hasLied ? { ...reading, warning: this.#warning(stored) } : reading;
    });
  }

  /**
   * Goes on with the next way where one is closed, be it in the midst of the disk: what is stored stays stored. Each begins
   * with the files that the disk has by then. A way that broke because the VM went on to another host is taken again.
   */
  async #byOpenWay<Result>(
    wanted: ChunkSet | undefined,
    readBy: (way: TransportWay) => Promise<Result>,
  ): Promise<Result> {
    const closed: PassedOver[] = [];
    for (;;) {
      await this.#lookWhereItIs();
      const { plan, ownVm } = this.#basis;
      const request = {
        ...{ session: this.#session, place: this.#place, wanted, deps: this.#deps },
        ...{ ownVm, hostVersion: plan.vm.facts.host?.version },
      };
      const { ways, passedOver } = transportsFor(request, plan.transport);
      const isClosed = ({ kind }: { readonly kind: TransportKind }) =>
        closed.some(other => other.kind === kind);
      this.#passedOver = [...passedOver.filter(other => !isClosed(other)), ...closed];
      const [way, ...others] = ways.filter(other => !isClosed(other));
      assert(way !== undefined, 'a disk can be read by an export lease at least');
      try {
        return await readBy(way);
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!isClosedWay(error)) throw error;
        const { kind } = way;
        if (await this.#hasChangedHost()) {
          this.#deps.logger.warn('the VM runs on another host now, its disk is read again', {
            disk: this.#name,
            transport: kind,
            problem: error.message,
          });
          continue;
        }
        if (others.length === 0) throw error;
        closed.push({ kind, reason: error.message });
        this.#deps.logger.warn('another way is taken to read the disk', {
          disk: this.#name,
          transport: kind,
          problem: error.message,
        });
      }
    }
  }

  async #lookWhereItIs(): Promise<void> {
    const now = await placeNow(this.#session, this.#place, this.#signal);
    if (now === undefined)
      throw new AppError('NOT_FOUND', `${this.#name}: its snapshot no longer has the disk`, {
        object: this.#name,
        remedy: 'Start the backup again',
      });
    this.#place = now;
    this.#host = await hostNow(this.#session, now, this.#signal);
  }

  /** Since it was last looked. False also if nobody can tell. */
  async #hasChangedHost(): Promise<boolean> {
    const now = await hostNow(this.#session, this.#place, this.#signal).catch(() => undefined);
    return now !== undefined && this.#host !== undefined && now !== this.#host;
  }

  /**
   * A function of its own, for what the bundler makes of `await using` in a loop keeps the error of one round for the
   * next; it may go back there once bundles are no longer lowered.
   */
  async #read<Stored>(way: TransportWay, store: (disk: DiskReader) => Promise<Stored>): Promise<Stored> {
    await using disk = await way.open(this.#signal);
    let stored: Stored;
    try {
      stored = await store(disk);
    } catch (error) {
      this.#signal.throwIfAborted();
      if (isClosedWay(error) && (await this.#hasMoved().catch(() => false))) throw this.#moved(error);
      throw error;
    } finally {
      this.#receivedBytes += disk.receivedBytes;
    }
    // Nobody knows what was read of a file whose disk went on elsewhere.
    if (await this.#hasMoved()) throw this.#moved(undefined);
    return stored;
  }

  async #hasMoved(): Promise<boolean> {
    const now = await placeNow(this.#session, this.#place, this.#signal);
    return now === undefined || !isSameBacking(now, this.#place);
  }

  #moved(cause: unknown): AppError {
    return new AppError('CONFLICT', `${this.#name}: its files were moved while they were read`, {
      object: this.#name,
      remedy: 'Start the backup again once the VM stays where it is',
      cause,
    });
  }

  #reading(
    { tree, storedBytes, readBytes, audit }: StoredDisk,
    known: KnownChanges | undefined,
    transport: Pick<Transport, 'kind' | 'readMode' | 'fullReason' | 'fullDetail'>,
  ): Reading {
    return {
      tree,
      transport: {
        ...transport,
        ...(this.#passedOver.length > 0 && { passedOver: this.#passedOver }),
        receivedBytes: this.#receivedBytes,
        readBytes,
        ...(known !== undefined && { changedBytes: known.changed.sizeBytes }),
        storedBytes,
        ...(audit !== undefined && { audit }),
      },
      warning: undefined,
    };
  }

  #warning({ audit }: StoredDisk): AppError {
    const count = audit?.mismatches ?? 0;
    return new AppError(
      'CORRUPT_DATA',
      `${this.#name}: ${count} chunks had changed that changed block tracking did not tell of; the disk was read whole`,
      {
        object: this.#name,
        remedy:
          'Switch changed block tracking off and on again; earlier incremental restore points of this disk may hold old data',
      },
    );
  }

  get #name(): string {
    return `${this.#place.snapshot.vm.name} ${this.#place.disk.label}`;
  }

  #progress(what: string): DiskProgress {
    const phase = `${what} ${this.#place.disk.label} of ${this.#place.snapshot.vm.name}`;
    return new DiskProgress(phase, this.#onProgress, this.#deps.clock);
  }
}
