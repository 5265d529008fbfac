import { createHash } from 'node:crypto';
import { CorruptDataError } from '../../../base/errors.ts';
import { MiB } from '../../../base/units.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { PackOfFile } from '../blobIndex.ts';
import { blobsOf } from '../blobRecord.ts';
import type { ObjectStore } from '../objectStore.ts';
import type { PackContents } from './indexFile.ts';
import { scanIndex } from './indexScanner.ts';
import { unsealJson } from './unpacked.ts';

const maxStoredBytes = 256 * MiB;
const maxJsonBytes = 384 * MiB;

/**
 * The packs of an index file, one by one.
 * @throws NOT_FOUND; CorruptDataError, also while they are read
 */
export async function loadIndexFile(
  store: ObjectStore,
  sealer: Sealer,
  id: string,
  signal: AbortSignal,
): Promise<Generator<PackContents, void, undefined>> {
  return contentsOf(await loadPacksOfFile(store, sealer, id, signal));
}

function* contentsOf(packs: Iterable<PackOfFile>): Generator<PackContents, void, undefined> {
  for (const { packId, records } of packs) yield { packId, blobs: blobsOf(records) };
}

/**
 * The same for an index of blobs.
 * @throws NOT_FOUND; CorruptDataError, also while they are read
 */
export async function loadPacksOfFile(
  store: ObjectStore,
  sealer: Sealer,
  id: string,
  signal: AbortSignal,
): Promise<Iterable<PackOfFile>> {
  const what = `${store.location}: index ${id}`;
  const sealed = await store.get({ kind: 'index', id }, maxStoredBytes, signal);
  return scanIndex(await unsealJson(sealed, sealer, maxJsonBytes, what), what);
}

/** @throws CorruptDataError for a file that is not what its name says */
export async function assertNamedByContent(
  store: ObjectStore,
  kind: 'index' | 'snapshot',
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await store.get({ kind, id }, maxStoredBytes, signal);
  if (createHash('sha256').update(bytes).digest('hex') === id) return;
  const what = `${store.location}: ${kind} ${id}`;
  throw new CorruptDataError(`${what}: its bytes have another SHA-256 than its name`, { object: what });
}
