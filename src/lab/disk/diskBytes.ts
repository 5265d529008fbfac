import { createHash } from 'node:crypto';

import { grainBytes } from './grainMap.ts';
import type { DiskPosition, VersionedDisk } from './versionedDisk.ts';

/** A run of bytes of a disk; the consumer's own. */
export interface StoredBlock {
  readonly offsetBytes: number;
  readonly bytes: Uint8Array;
}

/** The stored grains of a disk as it was at `position`, ascending; what is skipped reads as zeros. */
export async function* blocksAt(
  disk: VersionedDisk,
  position: DiskPosition,
  signal: AbortSignal,
): AsyncGenerator<StoredBlock> {
  for (const grain of disk.allocatedGrains(position)) {
    signal.throwIfAborted();
    const offsetBytes = grain * grainBytes;
    const bytes = new Uint8Array(Math.min(grainBytes, disk.sizeAt(position) - offsetBytes));
    await disk.readAt(position, offsetBytes, bytes);
    yield { offsetBytes, bytes };
  }
}

/** SHA-256 in hex over the whole disk, zeros included, as it was at `position`. */
export async function sha256At(
  disk: VersionedDisk,
  position: DiskPosition,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const zeros = new Uint8Array(64 * grainBytes);
  let hashedBytes = 0;
  const hashZeros = (untilBytes: number) => {
    while (hashedBytes < untilBytes) {
      const lengthBytes = Math.min(zeros.length, untilBytes - hashedBytes);
      hash.update(zeros.subarray(0, lengthBytes));
      hashedBytes += lengthBytes;
    }
  };
  for await (const block of blocksAt(disk, position, signal)) {
    hashZeros(block.offsetBytes);
    hash.update(block.bytes);
    hashedBytes += block.bytes.length;
  }
  hashZeros(disk.sizeAt(position));
  return hash.digest('hex');
}
