import { cancellable } from '../../../base/async/cancellable.ts';
import { AppError } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import { KiB, MiB } from '../../../base/units.ts';
import type { BlobId } from '../../codec/blobId.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { ExpectedBlob, SealedBlob } from '../../codec/sealingPool.ts';
import type { BlobType } from '../blobIndex.ts';
import type { ObjectStore } from '../objectStore.ts';
import type { PackContents } from './indexFile.ts';
import { PackBuilder, type FinishedPack } from './pack.ts';

/** Complete packs in memory, on their way to the store or waiting for another try: so many, and of so many bytes. */
const maxFinishedPacks = 3;
const maxFinishedBytes = 128 * MiB;

/** Beyond a pack's usual size its last blob and its header; what is larger grows. */
const roomBytes = 2 * MiB;
/** Trees are small, and few fill a pack. */
const treeRoomBytes = 256 * KiB;

export interface PackWriterDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly random: Random;
  readonly packBytes: number;
  /** Called once for each pack that is durable; until it resolves, the writer answers for the pack's blobs. */
  readonly onStored: (pack: PackContents, signal: AbortSignal) => Promise<void>;
}

/** A blob that lies in memory, in a pack that the store does not have yet. */
export type BlobInMemory = ExpectedBlob & { readonly sealed: Uint8Array };

/**
 * Fills packs and stores them, one filling while others are on their way. A pack that the store refuses stays and is
 * tried again with the next call: what was accepted is never forgotten as long as the writer lives.
 */
export class PackWriter {
  readonly #deps: PackWriterDeps;
  readonly #filling: Record<BlobType, PackBuilder | undefined> = { data: undefined, tree: undefined };
  readonly #finished = new Set<PackOnItsWay>();
  /** Uploads belong to no single caller: several jobs have blobs in one pack. */
  #uploading = new AbortController();
  /** While what was on its way is being stopped. */
  #resting: Promise<void> | undefined;
  /** Of data packs that are stored. */
  readonly #spentMemories: Uint8Array<ArrayBuffer>[] = [];

  constructor(deps: PackWriterDeps) {
    this.#deps = deps;
  }

  find(type: BlobType, id: BlobId): BlobInMemory | undefined {
    const builders = [...this.#finished].filter(pack => pack.type === type).map(pack => pack.builder);
    for (const builder of [this.#filling[type], ...builders]) {
      const blob = builder?.find(id);
      if (blob !== undefined) return blob;
    }
    return undefined;
  }

  /**
   * Gives a blob, which the writer does not have, its place in a pack.
   * Waits for room first: a caller that awaits keeps the memory bounded.
   */
  async add(type: BlobType, blob: SealedBlob, signal: AbortSignal): Promise<void> {
    await this.#room(signal);
    const builder = (this.#filling[type] ??= new PackBuilder(type, this.#memoryFor(type)));
    builder.add(blob);
    if (builder.isFull(this.#deps.packBytes)) this.#finish(type, builder);
  }

  /** Resolves when everything added before is durable and `onStored` has resolved for it. */
  async flush(signal: AbortSignal): Promise<void> {
    if (this.#resting !== undefined) await cancellable(this.#resting, signal);
    for (const type of ['data', 'tree'] as const) {
      const builder = this.#filling[type];
      if (builder !== undefined) this.#finish(type, builder);
    }
    await Promise.all([...this.#finished].map(async pack => await cancellable(this.#stored(pack), signal)));
    // Whoever flushes has nothing more to store for now.
    this.#spentMemories.length = 0;
  }

  /** Stops what is on its way, to be begun again by the next call. Resolves when the store hears of nothing any more. */
  async rest(): Promise<void> {
    await (this.#resting ??= this.#stop().finally(() => {
      this.#resting = undefined;
      this.#uploading = new AbortController();
    }));
  }

  /** Stops what is on its way. What is not durable is lost. */
  async close(): Promise<void> {
    await this.#stop();
  }

  async #stop(): Promise<void> {
    this.#uploading.abort();
    await Promise.allSettled([...this.#finished].map(async pack => await pack.upload));
  }

  async #room(signal: AbortSignal): Promise<void> {
    if (this.#resting !== undefined) await cancellable(this.#resting, signal);
    const fitting = Math.floor(maxFinishedBytes / this.#deps.packBytes);
    while (this.#finished.size >= Math.max(1, Math.min(maxFinishedPacks, fitting)))
      await cancellable(
        Promise.race([...this.#finished].map(async pack => await this.#stored(pack))),
        signal,
      );
  }

  #memoryFor(type: BlobType): Uint8Array<ArrayBuffer> {
    if (type === 'tree') return new Uint8Array(treeRoomBytes);
    return this.#spentMemories.pop() ?? new Uint8Array(this.#deps.packBytes + roomBytes);
  }

  #finish(type: BlobType, builder: PackBuilder): void {
    this.#filling[type] = undefined;
    const pack: PackOnItsWay = {
      type,
      builder,
      contents: builder.finish(this.#deps.sealer, this.#deps.random),
    };
    this.#finished.add(pack);
    // Its failure is reported by whoever needs room or flushes.
    this.#stored(pack).catch(() => undefined);
  }

  /** Joins the upload under way, or begins one if there is none or the last one failed. */
  async #stored(pack: PackOnItsWay): Promise<void> {
    pack.upload ??= this.#upload(pack).finally(() => {
      pack.upload = undefined;
    });
    await pack.upload;
  }

  async #upload(pack: PackOnItsWay): Promise<void> {
    const { packId, bytes, blobs } = pack.contents;
    const { signal } = this.#uploading;
    await this.#put(packId, bytes, signal);
    await this.#deps.onStored({ packId, blobs }, signal);
    this.#finished.delete(pack);
    if (pack.type === 'data') this.#spentMemories.push(pack.builder.memory);
  }

  async #put(packId: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const name = { kind: 'pack', id: packId } as const;
    try {
      await this.#deps.store.put(name, bytes, signal);
    } catch (error) {
      // An earlier try got through after all: its name is its hash, its length proves that it is whole.
      const isThere =
        AppError.is(error, 'CONFLICT') && (await this.#deps.store.sizeBytes(name, signal)) === bytes.length;
      if (!isThere) throw error;
    }
  }
}

interface PackOnItsWay {
  readonly type: BlobType;
  readonly builder: PackBuilder;
  readonly contents: FinishedPack;
  upload?: Promise<void> | undefined;
}
