import { commitRestorePoint } from '../../src/core/catalog/commitRestorePoint.ts';
import { DiskTreeWriter } from '../../src/core/catalog/diskTreeWriter.ts';
import type { Manifest, ManifestDisk } from '../../src/core/catalog/manifest.ts';
import type { BlobId } from '../../src/core/codec/blobId.ts';
import { MemoryObjectStore } from '../../src/core/repository/memoryObjectStore.ts';
import type { ObjectStore } from '../../src/core/repository/objectStore.ts';
import { createRepository } from '../../src/core/repository/openRepository.ts';
import type { Repository } from '../../src/core/repository/repository.ts';
import type { SnapshotId } from '../../src/core/repository/snapshot.ts';
import { anySignal as signal } from './anySignal.ts';
import { sampleManifest } from './manifests.ts';
import { memoryJournal } from './memoryJournal.ts';
import { testDeps, testPassword } from './repositories.ts';

/** A new repository; each seed makes another one. */
export async function memoryRepository(
  store: ObjectStore = new MemoryObjectStore(),
  seed = 1,
): Promise<Repository> {
  return await createRepository(store, testPassword, testDeps({ seed }), signal);
}

/** A disk of the sample manifest in another shape. */
export function sampleDisk(over: Partial<ManifestDisk>): ManifestDisk {
  return { ...sampleManifest().disks[0]!, ...over };
}

/** Stores a disk's bytes as a backup does. Needs a lock. @param ids  takes the place of what is stored, by chunk */
export async function saveDisk(
  repository: Repository,
  disk: Pick<ManifestDisk, 'chunkBytes' | 'partBytes'>,
  content: Uint8Array,
  ids: ReadonlyMap<number, BlobId> = new Map(),
): Promise<BlobId> {
  const tree = new DiskTreeWriter(repository, { sizeBytes: content.byteLength, ...geometryOf(disk) });
  for (let index = 0; index * disk.chunkBytes < content.byteLength; index += 1) {
    const chunk = content.slice(index * disk.chunkBytes, (index + 1) * disk.chunkBytes);
    const lengthBytes = chunk.byteLength;
    const id = ids.get(index) ?? (await repository.saveBlob('data', chunk, signal)).id;
    await tree.addChunk(id, lengthBytes, signal);
  }
  return await tree.finish(signal);
}

export interface PointContent {
  readonly manifest: Manifest;
  /** By device key; the disks of the manifest have them in their own geometry. */
  readonly contents?: ReadonlyMap<number, Uint8Array>;
  readonly config?: string;
}

/** Writes a whole restore point. */
export async function savePoint(
  repository: Repository,
  { manifest, contents = new Map<number, Uint8Array>(), config = '{}' }: PointContent,
): Promise<SnapshotId> {
  await using lock = await repository.lock({ mode: 'shared', journal: memoryJournal() }, signal);
  const disks = new Map<number, BlobId>();
  for (const disk of manifest.disks) {
    const content = contents.get(disk.key);
    if (content !== undefined) disks.set(disk.key, await saveDisk(repository, disk, content));
  }
  const content = { manifest, config, disks, parent: undefined, username: 'backup' };
  return await commitRestorePoint(repository, content, lock, signal);
}

function geometryOf({ chunkBytes, partBytes }: Pick<ManifestDisk, 'chunkBytes' | 'partBytes'>) {
  return { chunkBytes, partBytes };
}
