import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import type { ProgressListener } from '../../../base/progress.ts';
import { DiskTreeWriter } from '../../catalog/diskTreeWriter.ts';
import type { Chunk, ChunkGeometry } from '../../chunking/chunk.ts';
import { chunksOfDisk } from '../../chunking/chunksOfDisk.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { DiskReader } from '../../disk/diskTransport.ts';
import type { Repository, SavedBlob } from '../../repository/repository.ts';

export interface StoredDisk {
  /** The tree of the disk's folder. */
  readonly tree: BlobId;
  /** New bytes in the repository. */
  readonly storedBytes: number;
}

/** Chunks on their way through hashing and sealing at a time. */
const chunksInFlight = 8;

/** Reads a disk to its end and stores what the repository does not have yet; durable only with the next flush. */
export async function backUpDisk(
  repository: Repository,
  disk: DiskReader,
  geometry: ChunkGeometry,
  phase: string,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<StoredDisk> {
  const { sizeBytes } = disk;
  const tree = new DiskTreeWriter(repository, { sizeBytes, ...geometry });
  const zeroChunks = new ZeroChunks(repository);
  let storedBytes = 0;
  onProgress({ phase, doneBytes: 0, totalBytes: sizeBytes });
  const save = async (chunk: Chunk) => {
    const { lengthBytes, bytes } = chunk;
    const saved =
      bytes === undefined
        ? await zeroChunks.save(lengthBytes, signal)
        : await repository.saveBlob('data', bytes, signal);
    return { ...saved, lengthBytes, endBytes: chunk.offsetBytes + lengthBytes };
  };
  for await (const saved of mapOrdered(chunksOfDisk(disk, geometry, signal), chunksInFlight, save)) {
    storedBytes += saved.storedBytes;
    await tree.addChunk(saved.id, saved.lengthBytes, signal);
    onProgress({ phase, doneBytes: saved.endBytes, totalBytes: sizeBytes });
  }
  return { tree: await tree.finish(signal), storedBytes };
}

/** A chunk of zeros is hashed and stored once per length, however many there are. */
class ZeroChunks {
  readonly #repository: Repository;
  readonly #byLength = new Map<number, Promise<SavedBlob>>();

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  async save(lengthBytes: number, signal: AbortSignal): Promise<SavedBlob> {
    const earlier = this.#byLength.get(lengthBytes);
    if (earlier !== undefined) return { id: (await earlier).id, storedBytes: 0 };
    const saved = this.#repository.saveBlob('data', new Uint8Array(lengthBytes), signal);
    this.#byLength.set(lengthBytes, saved);
    return await saved;
  }
}
