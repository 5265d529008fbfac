import { createHash } from 'node:crypto';
import { AppError } from '../../../base/errors.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { PackedBlob } from '../blobIndex.ts';
import type { ObjectStore } from '../objectStore.ts';
import { readPackHeader } from './pack.ts';

/** What a pack holds by its own header, if it is the bytes its name is the hash of. */
export async function wholePack(
  store: ObjectStore,
  sealer: Sealer,
  packId: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<readonly PackedBlob[] | undefined> {
  return await unlessDamaged(async () => {
    const bytes = await store.get({ kind: 'pack', id: packId }, sizeBytes, signal);
    const isItself = createHash('sha256').update(bytes).digest('hex') === packId;
    return isItself ? readPackHeader(bytes, sealer, packId) : undefined;
  });
}

/** Undefined for what is damaged, or gone meanwhile. */
export async function unlessDamaged<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!AppError.is(error, 'CORRUPT_DATA', 'NOT_FOUND', 'UNSUPPORTED_FORMAT')) throw error;
    return undefined;
  }
}
