import { defined } from '../../base/assert.ts';
import { LoadingCache } from '../../base/async/loadingCache.ts';
import { CorruptDataError } from '../../base/errors.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { ManifestDisk } from '../catalog/manifest.ts';
import { layout, partName } from '../catalog/restorePointLayout.ts';
import type { Repository } from '../repository/repository.ts';
import { namingDisk } from './namingDisk.ts';

/** Lists of chunk ids held at a time; one of 16 GiB in chunks of 1 MiB takes about 2 MB. */
const heldParts = 8;

/** Which chunk lies where on a disk, and which tree each part is. The lists of its parts are read when they are first asked for. */
export class PartContents {
  readonly #repository: Repository;
  readonly #disk: ManifestDisk;
  readonly #partTrees: readonly BlobId[];
  readonly #parts: LoadingCache<number, readonly BlobId[]>;

  private constructor(repository: Repository, disk: ManifestDisk, partTrees: readonly BlobId[]) {
    this.#repository = repository;
    this.#disk = disk;
    this.#partTrees = partTrees;
    this.#parts = new LoadingCache(heldParts, async (index, signal) => await this.#load(index, signal));
  }

  static async open(
    repository: Repository,
    diskTree: BlobId,
    disk: ManifestDisk,
    signal: AbortSignal,
  ): Promise<PartContents> {
    const tree = await namingDisk(
      disk,
      'its list of parts',
      async () => await repository.loadTree(diskTree, signal),
    );
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

  get chunksPerPart(): number {
    return this.#disk.partBytes / this.#disk.chunkBytes;
  }

  /** Trees of the parts' folders, one after the other. */
  get partTrees(): readonly BlobId[] {
    return this.#partTrees;
  }

  /** The chunks of a part, from first to last. */
  async content(partIndex: number, signal: AbortSignal): Promise<readonly BlobId[]> {
    return await this.#parts.get(partIndex, signal);
  }

  async chunkId(index: number, signal: AbortSignal): Promise<BlobId> {
    const content = await this.content(Math.floor(index / this.chunksPerPart), signal);
    return defined(content[index % this.chunksPerPart], `chunk ${index}`);
  }

  async #load(partIndex: number, signal: AbortSignal): Promise<readonly BlobId[]> {
    const id = defined(this.#partTrees[partIndex], `part ${partIndex}`);
    const tree = await namingDisk(
      this.#disk,
      `the list of part ${partIndex}`,
      async () => await this.#repository.loadTree(id, signal),
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
