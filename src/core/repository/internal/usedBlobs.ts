import { AppError } from '../../../base/errors.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { BlobIndex, BlobType } from '../blobIndex.ts';
import type { SnapshotId } from '../snapshot.ts';
import type { Tree } from '../tree.ts';
import type { SnapshotStore } from './snapshotStore.ts';

export interface UsedBlobsDeps {
  readonly snapshots: SnapshotStore;
  readonly loadTree: (id: BlobId, signal: AbortSignal) => Promise<Tree>;
  /** An index without entries; it takes little memory. */
  readonly scratchIndex: () => BlobIndex;
}

const noPack = '0'.repeat(64);

/** The blobs that snapshots need. It only ever grows: what a removed snapshot needed stays used for its lifetime. */
export class UsedBlobs implements AsyncDisposable {
  readonly #deps: UsedBlobsDeps;
  readonly #blobs: BlobIndex;
  readonly #snapshots = new Set<SnapshotId>();
  #count = 0;

  constructor(deps: UsedBlobsDeps) {
    this.#deps = deps;
    this.#blobs = deps.scratchIndex();
  }

  get count(): number {
    return this.#count;
  }

  get snapshotCount(): number {
    return this.#snapshots.size;
  }

  async has(type: BlobType, id: BlobId, signal: AbortSignal): Promise<boolean> {
    return (await this.#blobs.lookup(type, id, signal)) !== undefined;
  }

  /**
   * Adds what snapshots need that are not known yet.
   * @param onSnapshot  called before each of them
   * @throws CorruptDataError, NOT_FOUND: what a snapshot needs that cannot be read is not known, so nothing may be removed
   */
  async markSnapshots(onSnapshot: () => void, signal: AbortSignal): Promise<void> {
    for await (const entry of this.#deps.snapshots.list(signal)) {
      if (this.#snapshots.has(entry.id)) continue;
      if ('problem' in entry) throw unknownUse(entry.problem);
      onSnapshot();
      await this.#markTree(entry.snapshot.tree, signal);
      this.#snapshots.add(entry.id);
    }
  }

  /** Folders may be as deep as a guest made them, so no recursion. */
  async #markTree(root: BlobId, signal: AbortSignal): Promise<void> {
    const open = [root];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (await this.has('tree', id, signal)) continue;
      for (const node of (await this.#loadTree(id, signal)).nodes) {
        if (node.type === 'dir') open.push(node.subtree);
        if (node.type === 'file')
          for (const content of node.content) await this.#mark('data', content, signal);
      }
      await this.#mark('tree', id, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#blobs[Symbol.asyncDispose]();
  }

  async #loadTree(id: BlobId, signal: AbortSignal): Promise<Tree> {
    try {
      return await this.#deps.loadTree(id, signal);
    } catch (error) {
      if (AppError.is(error, 'CORRUPT_DATA', 'NOT_FOUND')) throw unknownUse(error);
      throw error;
    }
  }

  /** Only whether a blob is there is ever asked; its place says nothing. */
  async #mark(type: BlobType, id: BlobId, signal: AbortSignal): Promise<void> {
    if (await this.has(type, id, signal)) return;
    await this.#blobs.add(noPack, [{ type, id, offsetBytes: 0, lengthBytes: 0 }], signal);
    this.#count += 1;
  }
}

function unknownUse(cause: AppError): AppError {
  return new AppError('CORRUPT_DATA', `what is still used cannot be told: ${cause.message}`, {
    ...(cause.object !== undefined && { object: cause.object }),
    remedy: 'Check the repository and repair it; nothing was removed',
    cause,
  });
}
