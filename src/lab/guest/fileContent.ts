import { MiB } from '../../base/units.ts';
import type { VersionedDisk } from '../disk/versionedDisk.ts';
import type { ContentRun } from '../images/imageFiles.ts';

/** The bytes of a guest's file. */
export interface FileContent {
  readonly sizeBytes: number;
  /** How much of this process's memory it takes. */
  readonly memoryBytes: number;
  /** In pieces that are the consumer's. */
  read(): AsyncIterable<Uint8Array>;
}

const pieceBytes = MiB;

/** A file of the image: its bytes are those of the disk, as they are when they are read. */
export function contentOnDisk(
  disk: VersionedDisk,
  sizeBytes: number,
  runs: readonly ContentRun[],
): FileContent {
  return {
    sizeBytes,
    memoryBytes: 0,
    read: async function* () {
      for (let offsetBytes = 0; offsetBytes < sizeBytes; offsetBytes += pieceBytes) {
        const piece = new Uint8Array(Math.min(pieceBytes, sizeBytes - offsetBytes));
        for (const run of runs) await readRun(disk, run, offsetBytes, piece);
        yield piece;
      }
    },
  };
}

/** A file that guest operations or the guest itself wrote: it is in memory alone, and not in the disk's bytes. */
export function contentInMemory(bytes: Uint8Array): FileContent {
  return {
    sizeBytes: bytes.length,
    memoryBytes: bytes.length,
    read: async function* () {
      for (let offset = 0; offset < bytes.length; offset += pieceBytes)
        yield await Promise.resolve(bytes.slice(offset, offset + pieceBytes));
    },
  };
}

/** Copies what of a run lies in the piece at `offsetBytes` of the file. */
async function readRun(
  disk: VersionedDisk,
  { fileOffsetBytes, startBytes, lengthBytes }: ContentRun,
  offsetBytes: number,
  piece: Uint8Array,
): Promise<void> {
  const from = Math.max(offsetBytes, fileOffsetBytes);
  const until = Math.min(offsetBytes + piece.length, fileOffsetBytes + lengthBytes);
  if (from >= until) return;
  const target = piece.subarray(from - offsetBytes, until - offsetBytes);
  await disk.readAt(disk.position, startBytes + (from - fileOffsetBytes), target);
}
