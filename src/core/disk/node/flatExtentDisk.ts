import { retry, type RetryPolicy } from '../../../base/async/retry.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../base/errors.ts';
import { KiB, MiB } from '../../../base/units.ts';
import { begin } from '../../block/blockSource.ts';
import type { Extent } from '../../block/extent.ts';
import {
  type DatastoreFilePlace,
  openDatastoreFile,
  readDatastoreFile,
} from '../../vsphere/node/datastoreFiles.ts';
import { defaultStallTimeoutMs } from '../../vsphere/node/httpTransfer.ts';
import type { TransferEndpoint } from '../../vsphere/node/vimClient.ts';
import type { RandomAccessDisk } from '../diskTransport.ts';
import { readFlatDescriptor } from '../vmdk/flatDescriptor.ts';
import { sectorBytes } from '../vmdk/sparseHeader.ts';

export interface FlatExtentRequest {
  /** VM and disk, for errors. */
  readonly name: string;
  /** The disk's file as its backing names it, with the inventory path of its datacenter. */
  readonly descriptor: DatastoreFilePlace;
  readonly capacityBytes: number;
}

export interface FlatExtentDeps {
  readonly clock: Clock;
  readonly endpoint: TransferEndpoint;
}

const maxDescriptorBytes = 64 * KiB;

/** Hosts serve few requests at a time, and each of them has its price. */
const reads = { maxBytes: 8 * MiB, inFlight: 4 } as const;
const patience: RetryPolicy = { attempts: 4, firstDelayMs: 1000, factor: 2 };

/**
 * Opens the one flat file of a disk that no running VM writes to, for ranges of it, over the server's `/folder`. Whether
 * a host gives it out can only be seen by asking: a sector is read before this returns.
 * @throws UNSUPPORTED_FORMAT for disks of other kinds; CONFLICT if a host has the file locked; PERMISSION; NOT_FOUND;
 *   UNREACHABLE; from reads CONFLICT if the file is another one meanwhile
 */
export async function openFlatExtent(
  { name, descriptor, capacityBytes }: FlatExtentRequest,
  { clock, endpoint }: FlatExtentDeps,
  signal: AbortSignal,
): Promise<RandomAccessDisk> {
  const watch = { clock, stallTimeoutMs: defaultStallTimeoutMs };
  const text = await readDatastoreFile(endpoint, descriptor, maxDescriptorBytes, watch, signal);
  const extent = readFlatDescriptor(Buffer.from(text).toString('latin1'), name);
  const place = { ...descriptor, path: descriptor.path.replace(/[^/]*$/, extent.fileName) };
  const probe = { offsetBytes: 0, lengthBytes: Math.min(sectorBytes, capacityBytes) };
  await using opened = await openDatastoreFile(endpoint, place, probe, watch, signal);
  if (extent.sizeBytes !== capacityBytes || opened.sizeBytes !== capacityBytes)
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `${name}: its file has ${opened.sizeBytes} bytes, the disk has ${capacityBytes}`,
      { object: name },
    );
  let probedBytes = 0;
  for await (const piece of opened.bytes) probedBytes += piece.byteLength;
  const file = { capacityBytes, version: opened.version, probedBytes };
  return new FlatExtentDisk(name, place, file, { clock, endpoint });
}

class FlatExtentDisk implements RandomAccessDisk {
  readonly shape = 'random-access';
  readonly reads = reads;
  readonly sizeBytes: number;
  readonly #name: string;
  readonly #place: DatastoreFilePlace;
  readonly #version: string | undefined;
  readonly #deps: FlatExtentDeps;
  #receivedBytes: number;

  constructor(
    name: string,
    place: DatastoreFilePlace,
    file: {
      readonly capacityBytes: number;
      readonly version: string | undefined;
      readonly probedBytes: number;
    },
    deps: FlatExtentDeps,
  ) {
    this.sizeBytes = file.capacityBytes;
    this.#version = file.version;
    this.#receivedBytes = file.probedBytes;
    this.#name = name;
    this.#place = place;
    this.#deps = deps;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  async allocatedAreas(): Promise<readonly Extent[]> {
    return await Promise.resolve([{ startBytes: 0, lengthBytes: this.sizeBytes }]);
  }

  async read(offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<void> {
    begin(this.#name, this.sizeBytes, offsetBytes, target, signal);
    if (target.byteLength === 0) return;
    const { clock } = this.#deps;
    await retry(patience, clock, signal, async () => await this.#readOnce(offsetBytes, target, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Every range has a connection of its own, which ends with it.
  }

  async #readOnce(offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<void> {
    const { clock, endpoint } = this.#deps;
    const lengthBytes = target.byteLength;
    const range = {
      offsetBytes,
      lengthBytes,
      ...(this.#version !== undefined && { version: this.#version }),
    };
    const watch = { clock, stallTimeoutMs: defaultStallTimeoutMs };
    await using file = await openDatastoreFile(endpoint, this.#place, range, watch, signal);
    let filledBytes = 0;
    for await (const piece of file.bytes) {
      target.set(piece, filledBytes);
      filledBytes += piece.byteLength;
      this.#receivedBytes += piece.byteLength;
    }
  }
}
