import { defined } from '../../base/assert.ts';
import { CorruptDataError } from '../../base/errors.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { ManifestDisk } from '../catalog/manifest.ts';
import { layout, partName } from '../catalog/restorePointLayout.ts';
import type { Repository } from '../repository/repository.ts';

/** Lists of chunk ids held at a time; one of 16 GiB in chunks of 1 MiB takes about 2 MB. */
const heldParts = 8;

/** Which chunk lies where on a disk. The lists of its parts are read when they are first asked for. */
export class PartContents {
  readonly #repository: Repository;
  readonly #disk: ManifestDisk;
  readonly #partTrees: readonly BlobId[];
  /** Least recently used first. */
  readonly #held = new Map<number, Promise<readonly BlobId[]>>();

  private constructor(repository: Repository, disk: ManifestDisk, partTrees: readonly BlobId[]) {
    this.#repository = repository;
    this.#disk = disk;
    this.#partTrees = partTrees;
  }

  static async open(
    repository: Repository,
    diskTree: BlobId,
    disk: ManifestDisk,
    signal: AbortSignal,
  ): Promise<PartContents> {
    const tree = await repository.loadTree(diskTree, signal);
    const expected = Math.ceil(disk.capacityBytes / disk.partBytes);
    const partTrees = tree.nodes.map((node, index) => {
      if (node.type === 'dir' && node.name === partName(index)) return node.subtree;
      throw new CorruptDataError(`${disk.label}: ${node.name} is not part ${index} of the disk`, {
        object: disk.label,
      });
    });
    if (partTrees.length !== expected) {
      throw new CorruptDataError(`${disk.label}: ${partTrees.length} parts, its size asks for ${expected}`, {
        object: disk.label,
      });
    }
    return new PartContents(repository, disk, partTrees);
  }

  async chunkId(index: number, signal: AbortSignal): Promise<BlobId> {
    const perPart = this.#disk.partBytes / this.#disk.chunkBytes;
    const content = await this.#part(Math.floor(index / perPart), signal);
    return defined(content[index % perPart], `chunk ${index}`);
  }

  async #part(partIndex: number, signal: AbortSignal): Promise<readonly BlobId[]> {
    const held = this.#held.get(partIndex);
    const content = held ?? this.#load(partIndex, signal);
    this.#held.delete(partIndex);
    this.#held.set(partIndex, content);
    const [oldest] = this.#held.keys();
    if (this.#held.size > heldParts && oldest !== undefined) this.#held.delete(oldest);
    try {
      return await content;
    } catch (error) {
      // A failed or cancelled load is not remembered.
      if (this.#held.get(partIndex) === content) this.#held.delete(partIndex);
      throw error;
    }
  }

  async #load(partIndex: number, signal: AbortSignal): Promise<readonly BlobId[]> {
    const tree = await this.#repository.loadTree(
      defined(this.#partTrees[partIndex], `part ${partIndex}`),
      signal,
    );
    const raw = tree.nodes.find(node => node.name === layout.raw);
    const sizeBytes = partSizeBytes(this.#disk, partIndex);
    const wanted = Math.ceil(sizeBytes / this.#disk.chunkBytes);
    if (raw?.type === 'file' && raw.sizeBytes === sizeBytes && raw.content.length === wanted)
      return raw.content;
    throw new CorruptDataError(
      `${this.#disk.label}: part ${partIndex} does not hold the ${sizeBytes} bytes it stands for`,
      {
        object: this.#disk.label,
      },
    );
  }
}

function partSizeBytes(disk: ManifestDisk, partIndex: number): number {
  return Math.min(disk.partBytes, disk.capacityBytes - partIndex * disk.partBytes);
}
