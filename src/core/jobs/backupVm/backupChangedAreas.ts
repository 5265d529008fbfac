import { defined } from '../../../base/assert.ts';
import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { SpentMemory } from '../../block/spentMemory.ts';
import { DiskTreeWriter } from '../../catalog/diskTreeWriter.ts';
import type { ChunkSet } from '../../changes/chunkSet.ts';
import type { Chunk, ChunkGeometry } from '../../chunking/chunk.ts';
import { chunksOfAreas } from '../../chunking/chunksOfAreas.ts';
import { type BlobId, blobIdOf } from '../../codec/blobId.ts';
import type { DiskReader } from '../../disk/diskTransport.ts';
import type { PartContents } from '../../image/partContents.ts';
import type { Repository } from '../../repository/repository.ts';
import type { StoredDisk } from './backupDisk.ts';
import type { DiskProgress } from './diskProgress.ts';
import type { KnownChanges } from './knownChanges.ts';
import { chunksInFlight, StoredChunks } from './storedChunks.ts';

/** `distrusted`: something had changed that was said to be unchanged; nothing of the disk is stored as a tree. */
export type ChangedDisk =
  | ({ readonly kind: 'stored' } & StoredDisk)
  | { readonly kind: 'distrusted'; readonly audit: NonNullable<StoredDisk['audit']> };

/**
 * Stores a disk of which only the changed chunks and a sample of the others are read. Everything else is what the previous
 * restore point has: its chunks by their ids, its parts by their trees, unread. Durable only with the next flush.
 * @param sample  chunks said to be unchanged, which are compared with what is stored
 */
export async function backUpChangedAreas(
  repository: Repository,
  disk: DiskReader,
  geometry: ChunkGeometry,
  { previous, changed }: KnownChanges,
  sample: ChunkSet,
  progress: DiskProgress,
  signal: AbortSignal,
): Promise<ChangedDisk> {
  const { sizeBytes } = disk;
  const wanted = changed.union(sample);
  const tree = new ChangedDiskTree(repository, previous, { sizeBytes, ...geometry });
  const memory = new SpentMemory();
  const chunks = new StoredChunks(repository, memory);
  const reading = new ReadProgress(disk, wanted, progress);
  const audit = { chunks: 0, mismatches: 0 };
  let storedBytes = 0;
  const take = async (chunk: Chunk) => {
    const { index } = chunk;
    if (changed.has(index)) return { index, isCompared: false, ...(await chunks.save(chunk, signal)) };
    const id = idOf(chunk);
    if (chunk.bytes !== undefined) memory.give(chunk.bytes);
    return { index, isCompared: true, id, storedBytes: 0, roomWaitMs: 0 };
  };
  const read = chunksOfAreas(
    disk,
    wanted,
    geometry,
    offsetBytes => reading.reach(offsetBytes),
    memory,
    signal,
  );
  for await (const taken of progress.stored(mapOrdered(progress.read(read), chunksInFlight, take))) {
    reading.pass();
    if (!taken.isCompared) {
      storedBytes += taken.storedBytes;
      await tree.replace(taken.index, taken.id, signal);
      continue;
    }
    audit.chunks += 1;
    if ((await previous.chunkId(taken.index, signal)) === taken.id) continue;
    return { kind: 'distrusted', audit: { ...audit, mismatches: 1 } };
  }
  const id = await tree.finish(signal);
  return { kind: 'stored', tree: id, storedBytes, readBytes: wanted.sizeBytes, audit };
}

function idOf({ bytes, lengthBytes }: Chunk): BlobId {
  return blobIdOf(bytes ?? new Uint8Array(lengthBytes));
}

/** The previous restore point's tree of a disk with some chunks replaced, which are given in ascending order. */
class ChangedDiskTree {
  readonly #previous: PartContents;
  readonly #writer: DiskTreeWriter;
  #partIndex = 0;
  /** The chunks of the part as they are now; undefined while none of them was replaced. */
  #content: BlobId[] | undefined;

  constructor(
    repository: Repository,
    previous: PartContents,
    shape: { readonly sizeBytes: number } & ChunkGeometry,
  ) {
    this.#previous = previous;
    this.#writer = new DiskTreeWriter(repository, shape);
  }

  async replace(index: number, id: BlobId, signal: AbortSignal): Promise<void> {
    const { chunksPerPart } = this.#previous;
    while (this.#partIndex < Math.floor(index / chunksPerPart)) await this.#endPart(signal);
    this.#content ??= [...(await this.#previous.content(this.#partIndex, signal))];
    this.#content[index % chunksPerPart] = id;
  }

  /** @returns the tree of the disk's folder */
  async finish(signal: AbortSignal): Promise<BlobId> {
    while (this.#partIndex < this.#previous.partTrees.length) await this.#endPart(signal);
    return await this.#writer.finish(signal);
  }

  async #endPart(signal: AbortSignal): Promise<void> {
    const content = this.#content;
    this.#content = undefined;
    if (content !== undefined) await this.#writer.addPartOf(content, signal);
    else this.#writer.addPart(defined(this.#previous.partTrees[this.#partIndex], `part ${this.#partIndex}`));
    this.#partIndex += 1;
  }
}

/** Of a stream how far it has come, else how much of what is read. */
class ReadProgress {
  readonly #disk: DiskReader;
  readonly #wanted: ChunkSet;
  readonly #progress: DiskProgress;
  #passedChunks = 0;

  constructor(disk: DiskReader, wanted: ChunkSet, progress: DiskProgress) {
    this.#disk = disk;
    this.#wanted = wanted;
    this.#progress = progress;
    progress.tell(0, disk.shape === 'stream' ? disk.sizeBytes : wanted.sizeBytes);
  }

  reach(offsetBytes: number): void {
    this.#progress.tell(offsetBytes, this.#disk.sizeBytes);
  }

  pass(): void {
    this.#passedChunks += 1;
    if (this.#disk.shape === 'stream') return;
    const totalBytes = this.#wanted.sizeBytes;
    this.#progress.tell(Math.min(this.#passedChunks * this.#wanted.chunkBytes, totalBytes), totalBytes);
  }
}
