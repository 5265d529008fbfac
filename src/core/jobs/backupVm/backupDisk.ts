import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { SpentMemory } from '../../block/spentMemory.ts';
import { DiskTreeWriter } from '../../catalog/diskTreeWriter.ts';
import type { Chunk, ChunkGeometry } from '../../chunking/chunk.ts';
import { chunksOfDisk } from '../../chunking/chunksOfDisk.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { DiskReader } from '../../disk/diskTransport.ts';
import type { Repository } from '../../repository/repository.ts';
import type { DiskProgress } from './diskProgress.ts';
import type { KnownChanges } from './knownChanges.ts';
import { chunksInFlight, StoredChunks } from './storedChunks.ts';

export interface StoredDisk {
  /** The tree of the disk's folder. */
  readonly tree: BlobId;
  /** New bytes in the repository. */
  readonly storedBytes: number;
  /** Bytes of the disk that were looked at. */
  readonly readBytes: number;
  /** Of chunks said to be unchanged: how many were looked at, and how many had changed all the same. */
  readonly audit: { readonly chunks: number; readonly mismatches: number } | undefined;
}

/**
 * Reads a disk to its end and stores what the repository does not have yet; durable only with the next flush.
 * @param known  what is compared with what is read
 */
export async function backUpDisk(
  repository: Repository,
  disk: DiskReader,
  geometry: ChunkGeometry,
  known: KnownChanges | undefined,
  progress: DiskProgress,
  signal: AbortSignal,
): Promise<StoredDisk> {
  const { sizeBytes } = disk;
  const tree = new DiskTreeWriter(repository, { sizeBytes, ...geometry });
  const memory = new SpentMemory();
  const chunks = new StoredChunks(repository, memory);
  const audit = { chunks: 0, mismatches: 0 };
  let storedBytes = 0;
  progress.tell(0, sizeBytes);
  const save = async (chunk: Chunk) => {
    const { index, offsetBytes, lengthBytes } = chunk;
    return { ...(await chunks.save(chunk, signal)), index, lengthBytes, endBytes: offsetBytes + lengthBytes };
  };
  const read = progress.read(chunksOfDisk(disk, geometry, memory, signal));
  for await (const saved of progress.stored(mapOrdered(read, chunksInFlight, save))) {
    storedBytes += saved.storedBytes;
    await tree.addChunk(saved.id, saved.lengthBytes, signal);
    if (known !== undefined && !known.changed.has(saved.index)) {
      audit.chunks += 1;
      if ((await known.previous.chunkId(saved.index, signal)) !== saved.id) audit.mismatches += 1;
    }
    progress.tell(saved.endBytes, sizeBytes);
  }
  return {
    tree: await tree.finish(signal),
    storedBytes,
    readBytes: sizeBytes,
    audit: known === undefined ? undefined : audit,
  };
}
