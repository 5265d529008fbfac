import { mapOrdered } from '../../base/async/mapOrdered.ts';
import { settleAll } from '../../base/async/settleAll.ts';
import { defined } from '../../base/assert.ts';
import { AppError, CorruptDataError } from '../../base/errors.ts';
import { freeMemory } from '../../base/freeMemory.ts';
import { assertRange, begin, type BlockSource } from '../block/blockSource.ts';
import type { DiskBlock } from '../block/diskBlock.ts';
import { type BlobId, blobIdOf } from '../codec/blobId.ts';
import type { BlobTarget } from '../codec/sealingPool.ts';
import type { ManifestDisk } from '../catalog/manifest.ts';
import { type RestorePoint, shortId } from '../catalog/restorePoint.ts';
import type { Repository, WantedBlob } from '../repository/repository.ts';
import type { ChunkCache } from './chunkCache.ts';
import { namingDisk } from './namingDisk.ts';
import { PartContents } from './partContents.ts';

/** A disk of a restore point, its bytes put together from the chunks in the repository. */
export interface DiskImage extends BlockSource {
  readonly disk: ManifestDisk;
  /**
   * The whole disk from front to back without its chunks of zeros, `concurrency` chunks read ahead.
   * May be iterated any number of times.
   */
  blocks(concurrency: number, signal: AbortSignal): AsyncIterable<DiskBlock>;
  /**
   * Writes the whole disk without its chunks of zeros, in whichever order is fastest.
   * @param target  of the disk's size, and all zeros so far
   * @returns how many bytes of the disk are done, now and then
   */
  writeTo(target: BlobTarget, signal: AbortSignal): AsyncIterable<number>;
}

/**
 * @param chunks  keeps what is read at random, of this repository; nothing is kept without it
 * @throws NOT_FOUND listing the disks there are, if the restore point has none with that key
 */
export async function openDiskImage(
  repository: Repository,
  point: RestorePoint,
  deviceKey: number,
  signal: AbortSignal,
  chunks?: ChunkCache,
): Promise<DiskImage> {
  const disk = point.manifest.disks.find(candidate => candidate.key === deviceKey);
  const tree = point.disks.get(deviceKey);
  if (disk === undefined || tree === undefined) {
    const keys = point.manifest.disks.map(candidate => `${candidate.key} (${candidate.label})`).join(', ');
    throw new AppError(
      'NOT_FOUND',
      `restore point ${shortId(point.id)} has no disk ${deviceKey}, it has ${keys}`,
      {
        object: String(deviceKey),
        remedy: 'Choose one of these disks',
      },
    );
  }
  return await openStoredDisk(repository, tree, disk, signal, chunks);
}

/** A disk that is stored, also while no restore point refers to it yet. @param tree  of the disk's folder, flushed */
export async function openStoredDisk(
  repository: Repository,
  tree: BlobId,
  disk: ManifestDisk,
  signal: AbortSignal,
  chunks?: ChunkCache,
): Promise<DiskImage> {
  const parts = await PartContents.open(repository, tree, disk, signal);
  return new ChunkedDiskImage(repository, disk, parts, chunks);
}

/** What a range takes of one chunk. */
interface ChunkPiece {
  /** Of the chunk on the disk. */
  readonly index: number;
  readonly inChunkBytes: number;
  readonly lengthBytes: number;
}

class ChunkedDiskImage implements DiskImage {
  readonly disk: ManifestDisk;
  readonly sizeBytes: number;
  readonly #repository: Repository;
  readonly #parts: PartContents;
  readonly #chunks: ChunkCache | undefined;
  /** Ids of chunks of zeros: of a whole one, and of the last one, which may be shorter. */
  readonly #zeroChunkIds: readonly [whole: BlobId, last: BlobId];

  constructor(
    repository: Repository,
    disk: ManifestDisk,
    parts: PartContents,
    chunks: ChunkCache | undefined,
  ) {
    this.#chunks = chunks;
    this.#repository = repository;
    this.disk = disk;
    this.sizeBytes = disk.capacityBytes;
    this.#parts = parts;
    const lastBytes = disk.capacityBytes % disk.chunkBytes || disk.chunkBytes;
    this.#zeroChunkIds = [blobIdOf(new Uint8Array(disk.chunkBytes)), blobIdOf(new Uint8Array(lastBytes))];
  }

  async read(offsetBytes: number, target: Uint8Array, signal: AbortSignal): Promise<void> {
    begin(this.disk.label, this.sizeBytes, offsetBytes, target, signal);
    const reads = Array.from(this.#pieces(offsetBytes, target.byteLength), async piece => {
      const startBytes = piece.index * this.disk.chunkBytes + piece.inChunkBytes - offsetBytes;
      await this.#readPiece(piece, target.subarray(startBytes, startBytes + piece.lengthBytes), signal);
    });
    // Nobody writes into the target once the read has ended.
    await settleAll(reads);
  }

  /** Which bytes of which chunks: chunks have the names of their content. */
  async fingerprint(offsetBytes: number, lengthBytes: number, signal: AbortSignal): Promise<string> {
    assertRange(this.disk.label, this.sizeBytes, offsetBytes, lengthBytes);
    const found: string[] = [];
    for (const piece of this.#pieces(offsetBytes, lengthBytes)) {
      const id = await this.#parts.chunkId(piece.index, signal);
      found.push(`${id}+${piece.inChunkBytes}-${piece.inChunkBytes + piece.lengthBytes}`);
    }
    return found.join(' ');
  }

  async *blocks(concurrency: number, signal: AbortSignal): AsyncGenerator<DiskBlock, void, undefined> {
    yield* mapOrdered(this.#storedChunks(signal), concurrency, async ({ index, id }) => ({
      offsetBytes: index * this.disk.chunkBytes,
      // The consumer's own, and each of them once: nothing for a cache.
      bytes: await this.#loadChunk(index, id, signal),
    }));
  }

  async *writeTo(target: BlobTarget, signal: AbortSignal): AsyncGenerator<number, void, undefined> {
    const { partBytes } = this.disk;
    for (let partStart = 0; partStart < this.sizeBytes; partStart += partBytes) {
      const wanted = await this.#wantedOfPart(partStart / partBytes, signal);
      const storedBytes = [...wanted.values()].reduce(
        (sum, { lengthBytes, offsetsBytes }) => sum + lengthBytes * offsetsBytes.length,
        0,
      );
      let doneBytes = Math.min(partStart + partBytes, this.sizeBytes) - storedBytes;
      for await (const { unpackedBytes, failed } of this.#repository.unpackBlobs(
        [...wanted.values()],
        target,
        signal,
      )) {
        doneBytes += unpackedBytes;
        for (const id of failed)
          doneBytes += await this.#writeBlob(defined(wanted.get(id), id), target, signal);
        yield doneBytes;
      }
    }
  }

  /** What is to be unpacked of a part; a chunk that it has several times is unpacked once. */
  async #wantedOfPart(
    partIndex: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<BlobId, WantedBlob & { readonly offsetsBytes: number[] }>> {
    const wanted = new Map<BlobId, WantedBlob & { readonly offsetsBytes: number[] }>();
    const content = await this.#parts.content(partIndex, signal);
    let index = partIndex * this.#parts.chunksPerPart;
    for (const id of content) {
      const offsetBytes = index * this.disk.chunkBytes;
      const lengthBytes = this.#lengthBytes(index);
      const known = wanted.get(id);
      // A whole chunk in the place of the last, shorter one: loading it says what is wrong.
      if (known !== undefined && known.lengthBytes !== lengthBytes) await this.#loadChunk(index, id, signal);
      if (known !== undefined) known.offsetsBytes.push(offsetBytes);
      else if (!this.#isZeroChunk(index, id))
        wanted.set(id, { id, lengthBytes, offsetsBytes: [offsetBytes] });
      index += 1;
    }
    return wanted;
  }

  /** One by one, which says of which chunk it is that something is wrong. */
  async #writeBlob(
    { id, lengthBytes, offsetsBytes }: WantedBlob,
    target: BlobTarget,
    signal: AbortSignal,
  ): Promise<number> {
    for (const offsetBytes of offsetsBytes) {
      const bytes = await this.#loadChunk(offsetBytes / this.disk.chunkBytes, id, signal);
      await target.write(offsetBytes, bytes, signal);
    }
    return lengthBytes * offsetsBytes.length;
  }

  /** A range of the disk, cut where its chunks end. */
  *#pieces(offsetBytes: number, lengthBytes: number): Generator<ChunkPiece, void, undefined> {
    const { chunkBytes } = this.disk;
    const endBytes = offsetBytes + lengthBytes;
    for (let from = offsetBytes; from < endBytes;) {
      const index = Math.floor(from / chunkBytes);
      const until = Math.min(endBytes, (index + 1) * chunkBytes);
      yield { index, inChunkBytes: from - index * chunkBytes, lengthBytes: until - from };
      from = until;
    }
  }

  async *#storedChunks(signal: AbortSignal): AsyncGenerator<{ readonly index: number; readonly id: BlobId }> {
    const count = Math.ceil(this.sizeBytes / this.disk.chunkBytes);
    for (let index = 0; index < count; index += 1) {
      const id = await this.#parts.chunkId(index, signal);
      if (!this.#isZeroChunk(index, id)) yield { index, id };
    }
  }

  async #readPiece({ index, inChunkBytes }: ChunkPiece, target: Uint8Array, signal: AbortSignal) {
    const id = await this.#parts.chunkId(index, signal);
    const chunks = this.#chunks;
    // Most of a disk is zeros, and small reads of them are many.
    if (this.#isZeroChunk(index, id)) {
      target.fill(0);
    } else if (chunks === undefined) {
      const bytes = await this.#loadChunk(index, id, signal);
      target.set(bytes.subarray(inChunkBytes, inChunkBytes + target.byteLength));
      freeMemory(bytes);
    } else {
      const read = async () => await chunks.read(id, inChunkBytes, target, signal);
      this.#assertFits(index, await this.#naming(index, read));
    }
  }

  async #loadChunk(index: number, id: BlobId, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#isZeroChunk(index, id)) return new Uint8Array(this.#lengthBytes(index));
    const load = async () => await this.#repository.loadBlob('data', id, signal);
    const bytes = await this.#naming(index, load);
    this.#assertFits(index, bytes.byteLength);
    return bytes;
  }

  async #naming<T>(index: number, load: () => Promise<T>): Promise<T> {
    return await namingDisk(this.disk, `chunk ${index}`, load, index * this.disk.chunkBytes);
  }

  #assertFits(index: number, foundBytes: number): void {
    const lengthBytes = this.#lengthBytes(index);
    if (foundBytes === lengthBytes) return;
    throw new CorruptDataError(
      `${this.disk.label}: chunk ${index} has ${foundBytes} bytes, its place has ${lengthBytes}`,
      { object: this.disk.label, offsetBytes: index * this.disk.chunkBytes },
    );
  }

  #isZeroChunk(index: number, id: BlobId): boolean {
    const [whole, last] = this.#zeroChunkIds;
    return id === (this.#lengthBytes(index) === this.disk.chunkBytes ? whole : last);
  }

  #lengthBytes(index: number): number {
    return Math.min(this.disk.chunkBytes, this.sizeBytes - index * this.disk.chunkBytes);
  }
}
