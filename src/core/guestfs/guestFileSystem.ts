import type { Brand } from '../../base/brand.ts';
import type { NodeDetails } from './nodeDetails.ts';

/**
 * A file system of a guest, read from its bytes alone: nothing is mounted, nothing written, and links are never
 * followed. Its structures were written by others and are believed only as far as they prove consistent; what is not
 * understood is refused, never guessed.
 *
 * All methods throw CORRUPT_DATA for broken structures, UNSUPPORTED_FORMAT for what is known but not read (encrypted
 * files, for instance), NOT_FOUND, INVALID_INPUT for the wrong kind of node, CANCELLED, and what the volume throws.
 */
export interface GuestFileSystem {
  /** As the guest calls it: `ext4`. */
  readonly kind: string;
  readonly label: string;
  readonly uuid: string;
  /**
   * Whether changes waited in a journal; if so they were taken into account, in memory. `none`: there is no journal that
   * is read; if there is one with changes all the same, `problems` tells.
   */
  readonly journal: 'none' | 'clean' | 'replayed';
  /** What makes the content doubtful, as sentences without final stop. */
  readonly problems: readonly string[];
  readonly root: NodeId;
  /**
   * The node at a path: names joined by `/`, with or without one in front. Names are compared exactly.
   * @throws NOT_FOUND; INVALID_INPUT for `..`
   */
  lookup(path: string, signal: AbortSignal): Promise<NodeId>;
  /** What a directory holds, without `.` and `..`, in no particular order. */
  list(directory: NodeId, signal: AbortSignal): Promise<DirectoryListing>;
  stat(node: NodeId, signal: AbortSignal): Promise<NodeStat>;
  /**
   * The content of a file from `range.offsetBytes` on, in pieces of at most 1 MiB, which are the consumer's; it ends
   * at the file's end, without error if the range goes beyond. Holes are zeros.
   */
  readFile(node: NodeId, range: FileRange, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Tells the content of a file without reading it, piece by piece of 1 MiB (`pieceBytes`): texts that are equal only
   * where the content is, also in other restore points of the repository. Undefined for what must be read to be known.
   */
  fingerprints(node: NodeId, signal: AbortSignal): AsyncIterable<string | undefined>;
  /** The target of a symbolic link, escaped like a name except for `/`. */
  readlink(node: NodeId, signal: AbortSignal): Promise<string>;
  /** What is kept with a node beside that; links are not followed. */
  details(node: NodeId, signal: AbortSignal): Promise<NodeDetails>;
}

/** A file, directory or other node; only valid for the file system it came from. */
export type NodeId = Brand<number, 'NodeId'>;

export type NodeKind =
  'file' | 'directory' | 'symlink' | 'block-device' | 'character-device' | 'fifo' | 'socket';

export interface DirectoryListing {
  readonly entries: readonly DirectoryEntry[];
  /** What could not be read of the directory; the entries are what is left. */
  readonly problems: readonly string[];
}

export interface DirectoryEntry {
  /** Decoded by `decodeName`. */
  readonly name: string;
  readonly node: NodeId;
  readonly kind: NodeKind;
}

export interface NodeStat {
  readonly node: NodeId;
  readonly kind: NodeKind;
  /** Permission bits with set-user-id, set-group-id and sticky: `0o7777`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  readonly sizeBytes: number;
  readonly accessedAt: Timestamp;
  /** Last change of the content. */
  readonly modifiedAt: Timestamp;
  /** Last change of the node. */
  readonly changedAt: Timestamp;
  /** Undefined where the file system does not record it. */
  readonly createdAt: Timestamp | undefined;
}

/** Time since 1970 in UTC; seconds may be negative, nanoseconds are not. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface FileRange {
  readonly offsetBytes: number;
  /** To the end of the file if undefined. */
  readonly lengthBytes?: number;
}
