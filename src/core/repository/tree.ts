import type { BlobId } from '../codec/blobId.ts';

/** A folder as it is stored: its entries, ascending by the bytes of their names. */
export interface Tree {
  readonly nodes: readonly TreeNode[];
}

export type TreeNode = FileNode | FolderNode | SymlinkNode | OtherNode;

interface NodeMetadata {
  /** Without path separators. Bytes that are not UTF-8 in a foreign tree read as U+FFFD. */
  readonly name: string;
  /** Permission bits as on Unix, 0 … 0o7777. */
  readonly permissions: number;
  /** RFC 3339 with up to nine digits of the second, as stored; kept as text because a Date is too coarse. */
  readonly mtime: string;
  readonly atime: string;
  readonly ctime: string;
  readonly uid: number;
  readonly gid: number;
  readonly user?: string;
  readonly group?: string;
}

export interface FileNode extends NodeMetadata {
  readonly type: 'file';
  readonly sizeBytes: number;
  /** The file's bytes are these blobs, one after the other. */
  readonly content: readonly BlobId[];
}

export interface FolderNode extends NodeMetadata {
  readonly type: 'dir';
  readonly subtree: BlobId;
}

export interface SymlinkNode extends NodeMetadata {
  readonly type: 'symlink';
  readonly linkTarget: string;
}

/** Devices, pipes and sockets in trees that others wrote; listed, never written by this product. */
export interface OtherNode extends NodeMetadata {
  readonly type: 'other';
  readonly otherType: string;
}
