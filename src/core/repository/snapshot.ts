import type { Brand } from '../../base/brand.ts';
import type { AppError } from '../../base/errors.ts';
import type { BlobId } from '../codec/blobId.ts';

/** The name of a snapshot's file: SHA-256 of its stored bytes, lower-case hexadecimal. */
export type SnapshotId = Brand<string, 'SnapshotId'>;

/** What a repository holds of one moment: a tree and whose it is. */
export interface Snapshot {
  /** RFC 3339 with up to nine digits of the second. */
  readonly time: string;
  readonly parent?: SnapshotId;
  readonly tree: BlobId;
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly username: string;
  readonly tags: readonly string[];
  /** The snapshot that this one replaces, or is a copy of: its first id. */
  readonly original?: SnapshotId;
  readonly programVersion?: string;
}

/** One file of the snapshot list: a damaged one is a problem of its own and hides no other. */
export type SnapshotEntry =
  | { readonly id: SnapshotId; readonly snapshot: Snapshot }
  | { readonly id: SnapshotId; readonly problem: AppError };
