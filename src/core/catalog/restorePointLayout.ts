import type { BlobId } from '../codec/blobId.ts';
import type { FileNode, FolderNode, TreeNode } from '../repository/tree.ts';

/** Names in the tree of a restore point. docs/FORMAT.md, "Restore points". */
export const layout = {
  manifest: 'manifest.json',
  config: 'config.json',
  readme: 'README-RESTORE.txt',
  disks: 'disks',
  /** The one file of a part's folder. */
  raw: 'raw',
} as const;

/** Every snapshot of ours carries it, so that a repository may be shared with others. */
export const productTag = 'quiesce';

/** Keeps a restore point from being forgotten; `restic tag --add` sets it as well. */
export const pinTag = 'pinned';

/** Name of a part's folder: five digits sort as numbers up to 1.5 PiB. */
export function partName(partIndex: number): string {
  return String(partIndex).padStart(5, '0');
}

/**
 * Times of nodes that hold disk bytes. They never change, so that an unchanged part, and an unchanged disk, is the
 * same tree blob as in the restore point before.
 */
const constantTime = '1970-01-01T00:00:00Z';

export function diskFile(name: string, sizeBytes: number, content: readonly BlobId[]): FileNode {
  return { ...constantMetadata(name, 0o600), type: 'file', sizeBytes, content };
}

export function diskFolder(name: string, subtree: BlobId): FolderNode {
  return { ...constantMetadata(name, 0o700), type: 'dir', subtree };
}

export function pointFile(
  name: string,
  time: string,
  sizeBytes: number,
  content: readonly BlobId[],
): FileNode {
  return { ...diskFile(name, sizeBytes, content), mtime: time, atime: time, ctime: time };
}

export function pointFolder(name: string, time: string, subtree: BlobId): FolderNode {
  return { ...diskFolder(name, subtree), mtime: time, atime: time, ctime: time };
}

/** Trees are stored in ascending order of the bytes of their names; ours are ASCII. */
export function sortedByName(nodes: readonly TreeNode[]): TreeNode[] {
  return [...nodes].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function constantMetadata(name: string, permissions: number) {
  return { name, permissions, mtime: constantTime, atime: constantTime, ctime: constantTime, uid: 0, gid: 0 };
}
