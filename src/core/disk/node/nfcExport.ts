import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { lateAbort } from '../../../base/async/lateAbort.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { JournalledLease, LeaseJournal, NfcLeaseRecord } from '../../journal/leaseJournal.ts';
import { abortLease, HttpNfcLease, leaseGrantPatienceMs } from '../../vsphere/httpNfcLease.ts';
import { defaultStallTimeoutMs, download, type HttpTransfer } from '../../vsphere/node/httpTransfer.ts';
import type { TransferEndpoint } from '../../vsphere/node/vimClient.ts';
import type { MoRef } from '../../vsphere/schema/moRef.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { Vim } from '../../vsphere/vimCaller.ts';
import type { DiskBlock } from '../../block/diskBlock.ts';
import type { BlockCut, DiskStream, IsWanted } from '../diskTransport.ts';
import { readStreamOptimized } from '../vmdk/streamOptimizedReader.ts';
import type { StreamOptimizedDisk } from '../vmdk/streamOptimizedReader.ts';
import { nfcTransfer } from './nfcTransfer.ts';

/** A disk of a snapshot, as its configuration names it. */
export interface ExportedDisk {
  readonly deviceKey: number;
  readonly label: string;
  readonly capacityBytes: number;
  readonly controller: { readonly type: string; readonly busNumber: number };
  readonly unitNumber: number;
  readonly backing: { readonly diskMode: string | undefined };
}

export interface ExportRequest {
  readonly vmName: string;
  readonly snapshot: MoRef;
  /** All disks of the snapshot's configuration: servers name the files of a lease by place or by order. */
  readonly disks: readonly ExportedDisk[];
  readonly deviceKey: number;
}

export interface NfcDeps {
  readonly journal: LeaseJournal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly endpoint: TransferEndpoint;
  /** After how long without a byte a transfer is given up; 5 minutes. */
  readonly stallTimeoutMs?: number;
}

/**
 * Reads one disk of a snapshot through an HttpNfcLease of its own: with several disks in one lease, some servers send
 * the second one empty. The lease is journalled before it is asked for, kept alive while the consumer reads, completed
 * after the last block and aborted in every other case.
 * @throws UNREACHABLE, retryable, if the connection or the lease breaks or the stream ends early; CORRUPT_DATA if the
 *         bytes are not what the format or the server's manifest promise; from here and from `blocks`
 */
export async function openNfcExport(
  session: VimSession,
  request: ExportRequest,
  deps: NfcDeps,
  signal: AbortSignal,
): Promise<DiskStream> {
  const disk = request.disks.find(({ deviceKey }) => deviceKey === request.deviceKey);
  if (disk === undefined)
    throw new AppError('NOT_FOUND', `${request.vmName} has no disk ${request.deviceKey}`, {
      object: request.vmName,
    });
  const name = `${request.vmName} ${disk.label}`;
  const entry = await deps.journal.record<NfcLeaseRecord>({
    kind: 'nfc-lease',
    vcenterId: session.instanceUuid,
    vmName: request.vmName,
    purpose: 'export',
  });
  let lease: HttpNfcLease | undefined;
  try {
    const patient = lateAbort(signal, leaseGrantPatienceMs);
    const granted = await session.call('ExportSnapshot', request.snapshot, {}, patient);
    await entry.update({ ...entry.record, lease: granted.value });
    lease = await HttpNfcLease.ready(session, granted, name, deps, signal);
    const device = deviceOf(lease.info, request, disk, name);
    const transfer = await nfcTransfer(session, lease.info, device, name, deps.endpoint, signal);
    return await NfcDiskStream.open(lease, entry, device, disk, transfer, deps, signal);
  } catch (error) {
    await lease?.abort();
    await entry.settle();
    throw error;
  }
}

/** Ends the lease of a dead process, so that its VM is free before the server's own time-out. */
export async function abortLeftoverLease(session: VimSession, record: NfcLeaseRecord): Promise<void> {
  if (record.lease !== undefined) await abortLease(session, { type: 'HttpNfcLease', value: record.lease });
}

class NfcDiskStream implements DiskStream {
  readonly shape = 'stream';
  readonly sizeBytes: number;
  readonly #lease: HttpNfcLease;
  readonly #entry: JournalledLease<NfcLeaseRecord>;
  readonly #device: Vim<'HttpNfcLeaseDeviceUrl'>;
  readonly #name: string;
  readonly #logger: Logger;
  readonly #vmdk: StreamOptimizedDisk;
  readonly #received: ReceivedBytes;
  readonly #abort: AbortController;
  #isClosed = false;

  private constructor(
    lease: HttpNfcLease,
    entry: JournalledLease<NfcLeaseRecord>,
    device: Vim<'HttpNfcLeaseDeviceUrl'>,
    name: string,
    logger: Logger,
    opened: { vmdk: StreamOptimizedDisk; received: ReceivedBytes; abort: AbortController },
  ) {
    this.#lease = lease;
    this.#entry = entry;
    this.#device = device;
    this.#name = name;
    this.#logger = logger;
    this.#vmdk = opened.vmdk;
    this.#received = opened.received;
    this.#abort = opened.abort;
    this.sizeBytes = opened.vmdk.header.capacityBytes;
  }

  static async open(
    lease: HttpNfcLease,
    entry: JournalledLease<NfcLeaseRecord>,
    device: Vim<'HttpNfcLeaseDeviceUrl'>,
    disk: ExportedDisk,
    transfer: HttpTransfer,
    { clock, logger, stallTimeoutMs = defaultStallTimeoutMs }: NfcDeps,
    signal: AbortSignal,
  ): Promise<NfcDiskStream> {
    const { name } = transfer;
    const abort = new AbortController();
    const opening = AbortSignal.any([signal, lease.lost]);
    const onAbort = () => abort.abort(opening.reason);
    opening.addEventListener('abort', onAbort, { once: true });
    try {
      const bytes = download(transfer, { clock, stallTimeoutMs }, abort.signal);
      const received = new ReceivedBytes(bytes);
      const vmdk = await readStreamOptimized(received, name, abort.signal);
      if (vmdk.header.capacityBytes !== disk.capacityBytes) {
        await vmdk[Symbol.asyncDispose]();
        throw new CorruptDataError(
          `${name}: the server sends a disk of ${vmdk.header.capacityBytes} bytes, expected ${disk.capacityBytes}`,
        );
      }
      return new NfcDiskStream(lease, entry, device, name, logger, { vmdk, received, abort });
    } catch (error) {
      throw signal.aborted ? error : await lease.reasonFor(error);
    } finally {
      opening.removeEventListener('abort', onAbort);
    }
  }

  get receivedBytes(): number {
    return this.#received.sizeBytes;
  }

  async *blocks(
    signal: AbortSignal,
    isWanted?: IsWanted,
    cut?: BlockCut,
  ): AsyncGenerator<DiskBlock, void, undefined> {
    const either = AbortSignal.any([signal, this.#lease.lost]);
    const onAbort = () => this.#abort.abort(either.reason);
    either.addEventListener('abort', onAbort, { once: true });
    if (either.aborted) onAbort();
    try {
      const advance: IsWanted = area => {
        this.#lease.percent = (100 * area.startBytes) / this.sizeBytes;
        return isWanted?.(area) ?? true;
      };
      yield* this.#vmdk.blocks(advance, cut);
      await this.#checkManifest(signal);
      await this.#lease.complete(signal);
    } catch (error) {
      // What ended the lease explains the broken connection, not the other way round.
      throw signal.aborted ? error : await this.#lease.reasonFor(error);
    } finally {
      either.removeEventListener('abort', onAbort);
      await this.#close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#vmdk[Symbol.asyncDispose]();
    await this.#lease.abort();
    await this.#entry.settle();
  }

  /** Not every server keeps a manifest; one that does must agree with what has arrived. */
  async #checkManifest(signal: AbortSignal): Promise<void> {
    const entries = await this.#manifest(signal);
    const entry = entries.find(({ key }) => key === this.#device.key);
    if (entry === undefined || entry.size !== this.#received.sizeBytes) return;
    const { sha1, sha256 } = this.#received.digests();
    const promised: readonly (readonly [string | undefined, string])[] = [
      [entry.sha1, sha1],
      [entry.checksumType?.toLowerCase() === 'sha256' ? entry.checksum : undefined, sha256],
    ];
    for (const [expected, actual] of promised) {
      if (expected === undefined || expected === '' || expected.toLowerCase() === actual) continue;
      throw new CorruptDataError(`${this.#name}: ${actual} has arrived, the server has sent ${expected}`, {
        retryable: true,
        remedy: 'Try again; if it happens again, look for a faulty network device',
      });
    }
  }

  async #manifest(signal: AbortSignal): Promise<readonly Vim<'HttpNfcLeaseManifestEntry'>[]> {
    try {
      return await this.#lease.manifest(signal);
    } catch (error) {
      if (!AppError.is(error, 'UNSUPPORTED_FORMAT', 'CONFLICT', 'NOT_FOUND')) throw error;
      this.#logger.debug('the server has no manifest', { disk: this.#name, error: error.message });
      return [];
    }
  }
}

/** Counts and hashes what passes. */
class ReceivedBytes implements AsyncIterable<Uint8Array> {
  sizeBytes = 0;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #sha1: Hash = createHash('sha1');
  readonly #sha256: Hash = createHash('sha256');

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of this.#source) {
      this.sizeBytes += piece.byteLength;
      this.#sha1.update(piece);
      this.#sha256.update(piece);
      yield piece;
    }
  }

  digests(): { readonly sha1: string; readonly sha256: string } {
    return { sha1: this.#sha1.digest('hex'), sha256: this.#sha256.digest('hex') };
  }
}

/**
 * The file of the lease that holds the disk. Servers name the place in the key (`/vm-42/ParaVirtualSCSIController0:1`);
 * otherwise the files come in the order of the disks.
 */
function deviceOf(
  { deviceUrl }: Vim<'HttpNfcLeaseInfo'>,
  { disks }: ExportRequest,
  disk: ExportedDisk,
  name: string,
): Vim<'HttpNfcLeaseDeviceUrl'> {
  const files = (deviceUrl ?? []).filter(device => device.disk === true);
  const place = `/${disk.controller.type}${disk.controller.busNumber}:${disk.unitNumber}`;
  const byPlace = files.find(({ key }) => key.endsWith(place));
  if (byPlace !== undefined) return byPlace;
  const frozen = disks.filter(({ backing }) => backing.diskMode?.startsWith('independent') !== true);
  const byOrder = frozen.length === files.length ? files[frozen.indexOf(disk)] : undefined;
  if (byOrder !== undefined) return byOrder;
  throw new AppError('UNSUPPORTED_FORMAT', `${name}: the server does not offer this disk for export`, {
    object: name,
    remedy:
      'Independent disks, encrypted disks and raw device mappings cannot be exported; choose another transport',
  });
}
