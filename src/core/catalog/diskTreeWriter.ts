import { assert } from '../../base/assert.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { Repository } from '../repository/repository.ts';
import type { FolderNode } from '../repository/tree.ts';
import { diskFile, diskFolder, layout, partName } from './restorePointLayout.ts';

export interface DiskShape {
  readonly sizeBytes: number;
  readonly chunkBytes: number;
  readonly partBytes: number;
}

/**
 * Writes the tree of one disk from the ids of its chunks, given in order. A part is stored as soon as it is full, so
 * that no more than one part's ids are held, whatever the size of the disk.
 */
export class DiskTreeWriter {
  readonly #repository: Repository;
  readonly #disk: DiskShape;
  readonly #parts: FolderNode[] = [];
  #content: BlobId[] = [];
  #addedBytes = 0;

  constructor(repository: Repository, disk: DiskShape) {
    this.#repository = repository;
    this.#disk = disk;
  }

  async addChunk(id: BlobId, lengthBytes: number, signal: AbortSignal): Promise<void> {
    this.#content.push(id);
    this.#addedBytes += lengthBytes;
    if (this.#partSizeBytes() === this.#disk.partBytes) await this.#endPart(signal);
  }

  /** A whole part, where a part begins. @param chunks  of it, from first to last */
  async addPartOf(chunks: readonly BlobId[], signal: AbortSignal): Promise<void> {
    assert(this.#content.length === 0, 'a part begins');
    this.#addPartBytes();
    await this.#store(chunks, signal);
  }

  /** A whole part that is stored already, where a part begins. @param tree  of its folder */
  addPart(tree: BlobId): void {
    assert(this.#content.length === 0, 'a part begins');
    this.#addPartBytes();
    this.#parts.push(diskFolder(partName(this.#parts.length), tree));
  }

  /** @returns the tree of the disk's folder */
  async finish(signal: AbortSignal): Promise<BlobId> {
    assert(this.#addedBytes === this.#disk.sizeBytes, 'the chunks cover the disk');
    if (this.#content.length > 0) await this.#endPart(signal);
    const { id } = await this.#repository.saveTree({ nodes: this.#parts }, signal);
    return id;
  }

  async #endPart(signal: AbortSignal): Promise<void> {
    const chunks = this.#content;
    this.#content = [];
    await this.#store(chunks, signal);
  }

  async #store(chunks: readonly BlobId[], signal: AbortSignal): Promise<void> {
    const file = diskFile(layout.raw, this.#partSizeBytes(), chunks);
    const { id } = await this.#repository.saveTree({ nodes: [file] }, signal);
    this.#parts.push(diskFolder(partName(this.#parts.length), id));
  }

  #addPartBytes(): void {
    this.#addedBytes = Math.min(this.#addedBytes + this.#disk.partBytes, this.#disk.sizeBytes);
  }

  #partSizeBytes(): number {
    return this.#addedBytes - this.#parts.length * this.#disk.partBytes;
  }
}
