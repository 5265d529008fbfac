import type { ManifestDisk } from '../../catalog/manifest.ts';
import { ChunkSet } from '../../changes/chunkSet.ts';
import type { BlobId } from '../../codec/blobId.ts';
import { PartContents } from '../../image/partContents.ts';
import type { Repository } from '../../repository/repository.ts';

/** What is known of a disk's changes since it was last stored. */
export interface KnownChanges {
  readonly previous: PartContents;
  /** What has to be read whatever a sample says. */
  readonly changed: ChunkSet;
}

/** A disk of a restore point. */
export interface StoredTree {
  readonly disk: ManifestDisk;
  /** Of the disk's folder. */
  readonly tree: BlobId;
}

/**
 * Looks at everything that would be taken over from the previous restore point. What it refers to and the repository does
 * not have counts as changed: damage is not handed on.
 * @throws CORRUPT_DATA if its lists of chunks cannot be read
 */
export async function openKnownChanges(
  repository: Repository,
  { disk, tree }: StoredTree,
  changed: ChunkSet,
  signal: AbortSignal,
): Promise<KnownChanges> {
  const previous = await PartContents.open(repository, tree, disk, signal);
  return { previous, changed: changed.union(await missingChunks(repository, previous, changed, signal)) };
}

async function missingChunks(
  repository: Repository,
  previous: PartContents,
  shape: ChunkSet,
  signal: AbortSignal,
): Promise<ChunkSet> {
  const missing = new ChunkSet(shape);
  // Empty parts are one tree, however many there are.
  const complete = new Set<BlobId>();
  for (const [partIndex, tree] of previous.partTrees.entries()) {
    if (complete.has(tree)) continue;
    const first = partIndex * previous.chunksPerPart;
    const before = missing.size;
    for (const [position, id] of (await previous.content(partIndex, signal)).entries())
      if (!(await repository.hasBlob('data', id, signal))) missing.add(first + position);
    if (missing.size === before) complete.add(tree);
  }
  return missing;
}
