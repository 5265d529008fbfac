import type { BlobId } from '../codec/blobId.ts';
import type { RepositoryLock } from '../repository/locks.ts';
import type { Repository } from '../repository/repository.ts';
import type { SnapshotId } from '../repository/snapshot.ts';
import type { FileNode } from '../repository/tree.ts';
import type { Manifest } from './manifest.ts';
import { encodeManifest } from './manifestText.ts';
import { readKindOf } from './readKind.ts';
import { recoveryReadme } from './recoveryReadme.ts';
import {
  diskFolder,
  layout,
  pointFile,
  pointFolder,
  productTag,
  sortedByName,
} from './restorePointLayout.ts';

export interface RestorePointContent {
  readonly manifest: Manifest;
  /** The VM's configuration as plain JSON. */
  readonly config: string;
  /** Tree of each disk of the manifest, by device key. */
  readonly disks: ReadonlyMap<number, BlobId>;
  /** Previous restore point of the VM. */
  readonly parent: SnapshotId | undefined;
  /** Who runs the job, for the snapshot's record. */
  readonly username: string;
}

/**
 * The one moment at which a restore point exists. Everything its disks consist of is saved before; this makes it
 * durable, then writes the snapshot that refers to it.
 */
export async function commitRestorePoint(
  repository: Repository,
  content: RestorePointContent,
  lock: RepositoryLock,
  signal: AbortSignal,
): Promise<SnapshotId> {
  const { manifest } = content;
  const time = manifest.takenAt;
  const saveFile = async (name: string, text: string): Promise<FileNode> => {
    const bytes = new TextEncoder().encode(text);
    const sizeBytes = bytes.byteLength;
    const { id } = await repository.saveBlob('data', bytes, signal);
    return pointFile(name, time, sizeBytes, [id]);
  };
  const disks = [...content.disks].map(([key, tree]) => diskFolder(String(key), tree));
  const disksTree = await repository.saveTree({ nodes: sortedByName(disks) }, signal);
  const root = await repository.saveTree(
    {
      nodes: sortedByName([
        await saveFile(layout.manifest, encodeManifest(manifest)),
        await saveFile(layout.config, content.config),
        await saveFile(layout.readme, recoveryReadme(manifest)),
        pointFolder(layout.disks, time, disksTree.id),
      ]),
    },
    signal,
  );
  return await repository.saveSnapshot(
    {
      time,
      ...(content.parent !== undefined && { parent: content.parent }),
      tree: root.id,
      // Identity, not names: a VM keeps its set of restore points when it is renamed or moved, and a new VM of an
      // old name does not inherit one.
      hostname: manifest.server.instanceUuid,
      paths: [vmPath(manifest.vm.instanceUuid)],
      username: content.username,
      tags: [
        productTag,
        `name:${manifest.vm.name}`,
        `vcenter:${manifest.server.address}`,
        `level:${manifest.consistency.proven}`,
        `requested:${manifest.consistency.requested}`,
        `read:${readKindOf(manifest)}`,
        ...(manifest.consistency.claimed === undefined ? [] : [`claimed:${manifest.consistency.claimed}`]),
        ...(manifest.group === undefined
          ? []
          : [`group:${manifest.group.id}`, `skew:${manifest.group.skewMs}`]),
      ],
      programVersion: manifest.program,
    },
    lock,
    signal,
  );
}

/** The path under which a VM's restore points are grouped. */
function vmPath(instanceUuid: string): string {
  return `/${instanceUuid}`;
}
