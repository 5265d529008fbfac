import { AppError } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { ObjectStore } from '../objectStore.ts';
import { loadIndexFile } from './indexFiles.ts';
import { IndexFileWriter } from './indexFileWriter.ts';

export interface IndexFileDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly random: Random;
}

/**
 * For index files of this process that were on their way while its machine slept: what others removed meanwhile is no longer
 * named. Each is replaced before it is removed, for others may rely on the rest by now.
 */
export async function dropMissingPacks(
  indexIds: readonly string[],
  { store, sealer, random }: IndexFileDeps,
  signal: AbortSignal,
): Promise<void> {
  if (indexIds.length === 0) return;
  const present = new Set<string>();
  for await (const { id } of store.list('pack', signal)) present.add(id);
  const writer = new IndexFileWriter(store, sealer, random);
  for (const id of indexIds) {
    const packs = await unlessReplaced(async () => [...(await loadIndexFile(store, sealer, id, signal))]);
    if (packs === undefined || packs.every(({ packId }) => present.has(packId))) continue;
    for (const pack of packs) if (present.has(pack.packId)) await writer.add(pack, signal);
    await writer.finish(signal);
    await unlessReplaced(async () => await store.remove({ kind: 'index', id }, signal));
  }
}

/** By another client, which has seen to it that what it keeps is named. */
async function unlessReplaced<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!AppError.is(error, 'NOT_FOUND')) throw error;
    return undefined;
  }
}
