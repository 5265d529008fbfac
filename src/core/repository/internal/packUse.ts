import { setImmediate } from 'node:timers/promises';
import { CorruptDataError } from '../../../base/errors.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { BlobIndex, PackedBlob } from '../blobIndex.ts';
import type { ObjectStore } from '../objectStore.ts';
import type { PackContents } from './indexFile.ts';
import { loadIndexFile } from './indexFiles.ts';
import { headerBytesOf } from './pack.ts';
import { blobKey } from './packCheck.ts';
import type { UsedBlobs } from './usedBlobs.ts';

/** What of a pack is needed from it: a blob that several packs have is needed from one of them. */
export interface PackUse {
  readonly packId: string;
  /** As stored; 0 for a pack that is not there. */
  readonly sizeBytes: number;
  readonly headerBytes: number;
  /** Of blobs, as stored. */
  readonly neededBytes: number;
}

/** Everything about packs and index files that a prune decides by. */
export interface RepositoryUse {
  /** Each pack that an index file names. */
  readonly packs: ReadonlyMap<string, PackUse>;
  /** Packs in the store that no index file names, with their sizes. */
  readonly unnamed: ReadonlyMap<string, number>;
  /** Index files and how many blobs each one names. */
  readonly indexFiles: ReadonlyMap<string, number>;
  /** From which pack each used blob is needed. */
  readonly places: BlobIndex;
}

export interface PackUseDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
}

/**
 * Decides from which pack each used blob is needed. Packs in which everything is used come first, so that of two copies the
 * one is kept whose pack stays anyway: also when an earlier prune was interrupted after it had copied.
 * @param places  an index without entries, the caller's own, for the places of what is used
 * @throws CorruptDataError if a used blob is in no pack that is there and as long as the index says
 */
export async function findPackUse(
  used: UsedBlobs,
  places: BlobIndex,
  { store, sealer }: PackUseDeps,
  signal: AbortSignal,
): Promise<RepositoryUse> {
  const indexFiles = new Map<string, number>();
  for await (const { id } of store.list('index', signal)) indexFiles.set(id, 0);
  const sizes = new Map<string, number>();
  for await (const { id, sizeBytes } of store.list('pack', signal)) sizes.set(id, sizeBytes);

  const packs = new Map<string, PackUse>();
  let placeCount = 0;
  const take = async ({ packId, blobs }: PackContents, needed: readonly PackedBlob[]): Promise<void> => {
    const fresh: PackedBlob[] = [];
    for (const blob of needed)
      if ((await places.lookup(blob.type, blob.id, signal)) === undefined) fresh.push(blob);
    await places.add(packId, fresh, signal);
    placeCount += new Set(fresh.map(blobKey)).size;
    const sizeBytes = sizes.get(packId) ?? 0;
    packs.set(packId, { packId, sizeBytes, headerBytes: headerBytesOf(blobs), neededBytes: bytesOf(fresh) });
    // Taking in a whole file at once would block others.
    if (blobs.length > 0) await setImmediate();
  };
  for (const wholly of [true, false]) {
    for (const indexId of indexFiles.keys()) {
      let blobCount = 0;
      for (const pack of await loadIndexFile(store, sealer, indexId, signal)) {
        blobCount += pack.blobs.length;
        if (packs.has(pack.packId)) continue;
        const usable = sizes.get(pack.packId) === expectedBytes(pack.blobs);
        const needed = usable ? await usedOf(pack.blobs, used, signal) : [];
        if (wholly === (usable && needed.length === pack.blobs.length)) await take(pack, needed);
      }
      indexFiles.set(indexId, blobCount);
    }
  }
  if (placeCount < used.count) throw missing(used.count - placeCount, store.location);
  const unnamed = new Map([...sizes].filter(([id]) => !packs.has(id)));
  return { packs, unnamed, indexFiles, places };
}

/** Whether a pack goes: nothing is needed from it. */
export function isUnneeded({ neededBytes }: PackUse): boolean {
  return neededBytes === 0;
}

function expectedBytes(blobs: readonly PackedBlob[]): number {
  return bytesOf(blobs) + headerBytesOf(blobs);
}

function bytesOf(blobs: readonly PackedBlob[]): number {
  return blobs.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
}

async function usedOf(
  blobs: readonly PackedBlob[],
  used: UsedBlobs,
  signal: AbortSignal,
): Promise<readonly PackedBlob[]> {
  const found: PackedBlob[] = [];
  for (const blob of blobs) if (await used.has(blob.type, blob.id, signal)) found.push(blob);
  return found;
}

function missing(count: number, location: string): CorruptDataError {
  return new CorruptDataError(`${location}: ${count} blobs that restore points need are in no pack`, {
    object: location,
    remedy: 'Check the repository and repair it; nothing was removed',
  });
}
