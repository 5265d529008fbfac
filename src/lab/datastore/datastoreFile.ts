import { MiB } from '../../base/units.ts';
import type { DiskPosition, VersionedDisk } from '../disk/versionedDisk.ts';

/** The bytes of a file on a datastore. */
export interface FileBytes {
  readonly sizeBytes: number;
  /** In pieces that are the consumer's. The range lies within the file. Undefined where the lab has no bytes to show: such a file is locked. */
  readonly read: ReadBytes | undefined;
  /** Writes in place; undefined for a file that is replaced as a whole. */
  readonly write?: (offsetBytes: number, bytes: Uint8Array) => Promise<unknown>;
}

export type ReadBytes = (offsetBytes: number, lengthBytes: number) => AsyncIterable<Uint8Array>;

/** Bytes that can be read. */
export type ReadableBytes = FileBytes & { readonly read: ReadBytes };

/**
 * How a host has a file open: `exclusive` keeps everybody else out, as the extent that a running VM writes to;
 * `shared` is read by the host alone, as what a snapshot of a running VM has frozen.
 */
export type FileLock = 'none' | 'shared' | 'exclusive';

export interface DatastoreFile {
  /** `[datastore] folder/name`. */
  readonly path: string;
  readonly modifiedAt: Date;
  readonly lock: FileLock;
  readonly bytes: FileBytes;
}

const pieceBytes = MiB;

export function bytesOf(content: Uint8Array): ReadableBytes {
  return {
    sizeBytes: content.length,
    read: async function* (offsetBytes, lengthBytes) {
      for (let done = 0; done < lengthBytes; done += pieceBytes) {
        const from = offsetBytes + done;
        yield await Promise.resolve(content.slice(from, from + Math.min(pieceBytes, lengthBytes - done)));
      }
    },
  };
}

/** The raw bytes of a disk as they are at `position` when they are read. */
export function bytesOfDisk(disk: VersionedDisk, position: () => DiskPosition): ReadableBytes {
  return {
    get sizeBytes() {
      return disk.sizeBytes;
    },
    read: async function* (offsetBytes, lengthBytes) {
      for (let done = 0; done < lengthBytes; done += pieceBytes) {
        const piece = new Uint8Array(Math.min(pieceBytes, lengthBytes - done));
        await disk.readAt(position(), offsetBytes + done, piece);
        yield piece;
      }
    },
  };
}
