import { AppError } from '../../base/errors.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { Repository } from '../repository/repository.ts';
import type { Snapshot, SnapshotId } from '../repository/snapshot.ts';
import type { Tree, TreeNode } from '../repository/tree.ts';
import type { Manifest } from './manifest.ts';
import { decodeManifest } from './manifestText.ts';
import { layout } from './restorePointLayout.ts';

/** A restore point opened for reading: what it says of itself, and where its disks lie. */
export interface RestorePoint {
  readonly id: SnapshotId;
  readonly manifest: Manifest;
  /** The VM's configuration as it was, plain JSON text. */
  readonly config: string;
  /** Tree of each disk's folder, by device key. */
  readonly disks: ReadonlyMap<number, BlobId>;
}

/**
 * @throws NOT_FOUND if the snapshot is not a restore point of ours; CorruptDataError if it is one and incomplete
 */
export async function openRestorePoint(
  repository: Repository,
  id: SnapshotId,
  signal: AbortSignal,
): Promise<RestorePoint> {
  const snapshot = await repository.loadSnapshot(id, signal);
  const { manifest, root } = await loadManifest(repository, id, snapshot, signal);
  const config = await loadText(repository, root, layout.config, id, signal);
  const disksNode = node(root, layout.disks, 'dir', id);
  const disksTree = await repository.loadTree(disksNode.subtree, signal);
  const disks = new Map(
    manifest.disks.map(disk => [disk.key, node(disksTree, String(disk.key), 'dir', id).subtree] as const),
  );
  return { id, manifest, config, disks };
}

export async function loadManifest(
  repository: Repository,
  id: SnapshotId,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<{ readonly manifest: Manifest; readonly root: Tree }> {
  const root = await repository.loadTree(snapshot.tree, signal);
  const text = await loadText(repository, root, layout.manifest, id, signal);
  return { manifest: decodeManifest(text, `manifest of restore point ${shortId(id)}`), root };
}

/** The first digits of an id, as people type and read it. */
export function shortId(id: SnapshotId): string {
  return id.slice(0, 8);
}

async function loadText(
  repository: Repository,
  tree: Tree,
  name: string,
  id: SnapshotId,
  signal: AbortSignal,
): Promise<string> {
  const file = node(tree, name, 'file', id);
  const blobs: Uint8Array[] = [];
  for (const blob of file.content) blobs.push(await repository.loadBlob('data', blob, signal));
  return Buffer.concat(blobs).toString('utf8');
}

function node<T extends TreeNode['type']>(
  tree: Tree,
  name: string,
  type: T,
  id: SnapshotId,
): Extract<TreeNode, { readonly type: T }> {
  const found = tree.nodes.find(candidate => candidate.name === name && candidate.type === type);
  if (found === undefined) {
    throw new AppError(
      'NOT_FOUND',
      `snapshot ${shortId(id)} holds no ${name}, it is not a restore point of a VM`,
      {
        object: shortId(id),
        remedy: 'Choose a restore point from "quiesce points"',
      },
    );
  }
  return found as Extract<TreeNode, { readonly type: T }>;
}
