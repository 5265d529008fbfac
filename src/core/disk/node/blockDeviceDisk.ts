import { type FileHandle, open } from 'node:fs/promises';

import { AppError } from '../../../base/errors.ts';
import { fileError } from '../../../base/node/fileErrors.ts';
import { readAt } from '../../../base/node/readAt.ts';
import { MiB } from '../../../base/units.ts';
import { begin } from '../../block/blockSource.ts';
import type { Extent } from '../../block/extent.ts';
import type { RandomAccessDisk } from '../diskTransport.ts';
import type { BlockDevicePath } from './localMachine.ts';

export interface BlockDeviceRequest {
  /** VM and disk, for errors. */
  readonly name: string;
  readonly device: BlockDevicePath;
  readonly capacityBytes: number;
  /** The areas that may hold anything but zeros. */
  readonly allocatedAreas: RandomAccessDisk['allocatedAreas'];
}

/** Storage answers best to a few large requests; more of them only take memory. */
const reads = { maxBytes: 4 * MiB, inFlight: 4 } as const;

/**
 * A block device of this system as a disk.
 * @throws PERMISSION if this user may not read it; CONFLICT if it is of another size: then it is another disk
 */
export async function openBlockDevice({
  name,
  device,
  capacityBytes,
  allocatedAreas,
}: BlockDeviceRequest): Promise<RandomAccessDisk> {
  if (device.sizeBytes !== capacityBytes)
    throw new AppError(
      'CONFLICT',
      `${name}: the device ${device.path} has ${device.sizeBytes} bytes, the disk has ${capacityBytes}`,
      { object: name },
    );
  let file: FileHandle;
  try {
    file = await open(device.path, 'r');
  } catch (error) {
    throw fileError(device.path, error);
  }
  return new BlockDeviceDisk(name, device, file, allocatedAreas);
}

class BlockDeviceDisk implements RandomAccessDisk {
  readonly shape = 'random-access';
  readonly reads = reads;
  readonly sizeBytes: number;
  readonly #name: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #allocatedAreas: RandomAccessDisk['allocatedAreas'];
  #receivedBytes = 0;

  constructor(
    name: string,
    { path, sizeBytes }: BlockDevicePath,
    file: FileHandle,
    allocatedAreas: RandomAccessDisk['allocatedAreas'],
  ) {
    this.#name = name;
    this.#path = path;
    this.sizeBytes = sizeBytes;
    this.#file = file;
    this.#allocatedAreas = allocatedAreas;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  async allocatedAreas(signal: AbortSignal): Promise<readonly Extent[]> {
    return await this.#allocatedAreas(signal);
  }

  async read(offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<void> {
    begin(this.#name, this.sizeBytes, offsetBytes, target, signal);
    let filledBytes: number;
    try {
      filledBytes = await readAt(this.#file, offsetBytes, target);
    } catch (error) {
      throw this.#lost(offsetBytes, error);
    }
    if (filledBytes < target.byteLength) throw this.#lost(offsetBytes + filledBytes, undefined);
    this.#receivedBytes += filledBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  /** A disk that was taken away from the VM looks like one that is broken. */
  #lost(offsetBytes: number, cause: unknown): AppError {
    return new AppError(
      'CONFLICT',
      `${this.#name}: the device ${this.#path} cannot be read at ${offsetBytes}`,
      {
        object: this.#name,
        remedy: 'Look in the vSphere client whether somebody has detached the disk',
        cause,
      },
    );
  }
}
