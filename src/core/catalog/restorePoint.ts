import { AppError, CorruptDataError } from '../../base/errors.ts';
import { MiB } from '../../base/units.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { Repository } from '../repository/repository.ts';
import type { SnapshotId } from '../repository/snapshot.ts';
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

/** More than any manifest or configuration takes; whoever wrote the tree could name any number of blobs. */
const maxTextBytes = 64 * MiB;

/**
 * @throws NOT_FOUND if the snapshot is not a restore point of ours; CorruptDataError if it is one and incomplete
 */
export async function openRestorePoint(
  repository: Repository,
  id: SnapshotId,
  signal: AbortSignal,
): Promise<RestorePoint> {
  const snapshot = await repository.loadSnapshot(id, signal);
  const root = await repository.loadTree(snapshot.tree, signal);
  if (find(root, layout.manifest, 'file') === undefined) {
    throw new AppError('NOT_FOUND', `snapshot ${shortId(id)} is not a restore point of a VM`, {
      object: shortId(id),
      remedy: 'Choose a restore point from "quiesce points"',
    });
  }
  const where = `restore point ${shortId(id)}`;
  const manifestText = await loadText(repository, root, layout.manifest, where, signal);
  const manifest = decodeManifest(manifestText, `manifest of ${where}`);
  const config = await loadText(repository, root, layout.config, where, signal);
  const disksTree = await repository.loadTree(required(root, layout.disks, 'dir', where).subtree, signal);
  const disks = new Map(
    manifest.disks.map(({ key }) => [key, required(disksTree, String(key), 'dir', where).subtree] as const),
  );
  return { id, manifest, config, disks };
}

/** The first digits of an id, as people type and read it. */
export function shortId(id: SnapshotId): string {
  return id.slice(0, 8);
}

async function loadText(
  repository: Repository,
  tree: Tree,
  name: string,
  where: string,
  signal: AbortSignal,
): Promise<string> {
  const blobs: Uint8Array[] = [];
  let sizeBytes = 0;
  for (const blob of required(tree, name, 'file', where).content) {
    const bytes = await repository.loadBlob('data', blob, signal);
    sizeBytes += bytes.byteLength;
    if (sizeBytes > maxTextBytes) throw incomplete(where, `${name} is longer than ${maxTextBytes} bytes`);
    blobs.push(bytes);
  }
  return Buffer.concat(blobs).toString('utf8');
}

type NodeOfType<T extends TreeNode['type']> = Extract<TreeNode, { readonly type: T }>;

function required<T extends TreeNode['type']>(
  tree: Tree,
  name: string,
  type: T,
  where: string,
): NodeOfType<T> {
  const found = find(tree, name, type);
  if (found === undefined) throw incomplete(where, `${name} is missing`);
  return found;
}

function find<T extends TreeNode['type']>(tree: Tree, name: string, type: T): NodeOfType<T> | undefined {
  return tree.nodes.find((node): node is NodeOfType<T> => node.name === name && node.type === type);
}

function incomplete(where: string, problem: string): CorruptDataError {
  return new CorruptDataError(`${where}: ${problem}`, {
    object: where,
    remedy: 'Check the repository, and use another restore point',
  });
}
