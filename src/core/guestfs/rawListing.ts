import type { NodeKind } from './guestFileSystem.ts';

/** An entry as it stands in a directory of a file system with inodes. */
export interface RawEntry {
  readonly name: Uint8Array;
  readonly inode: number;
  /** Undefined where the file system does not keep it here, or it makes no sense. */
  readonly kind: NodeKind | undefined;
}

export interface RawListing {
  readonly entries: readonly RawEntry[];
  readonly problems: readonly string[];
}
