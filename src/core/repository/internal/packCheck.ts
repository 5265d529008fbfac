import { CorruptDataError } from '../../../base/errors.ts';
import type { Sealer } from '../../codec/sealer.ts';
import type { SealingPool } from '../../codec/sealingPool.ts';
import { expectedBlob, type PackedBlob } from '../blobIndex.ts';
import type { ObjectStore } from '../objectStore.ts';
import type { Findings } from './findings.ts';
import type { PackContents } from './indexFile.ts';
import { headerBytesOf, readPackHeader, readStoredPackHeader } from './pack.ts';

export interface PackCheckDeps {
  readonly store: ObjectStore;
  readonly sealer: Sealer;
  readonly pool: SealingPool;
  readonly findings: Findings;
}

/**
 * Compares a pack with what an index file says of it: its size and its own header, and with `readData` every byte.
 * @param sizeBytes  as stored
 * @returns keys of the blobs that cannot be had from it
 */
export async function checkPack(
  { packId, blobs }: PackContents,
  sizeBytes: number,
  readData: boolean,
  deps: PackCheckDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { findings } = deps;
  const object = `pack ${packId}`;
  const expectedBytes = blobs.reduce((sum, { lengthBytes }) => sum + lengthBytes, headerBytesOf(blobs));
  if (sizeBytes !== expectedBytes) {
    findings.error(object, `${sizeBytes} bytes, ${expectedBytes} by the index`);
    return blobs.map(blobKey);
  }
  if (readData) return await readPack({ packId, blobs }, sizeBytes, deps, signal);
  await findings.of(object, async () => {
    const header = await readStoredPackHeader(deps.store, packId, sizeBytes, deps.sealer, signal);
    assertAgreement(header, blobs, object);
  });
  // The index tells where blobs lie: without their header they can still be had.
  return [];
}

export function blobKey({ type, id }: Pick<PackedBlob, 'type' | 'id'>): string {
  return `${type} ${id}`;
}

async function readPack(
  { packId, blobs }: PackContents,
  sizeBytes: number,
  { store, sealer, pool, findings }: PackCheckDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const object = `pack ${packId}`;
  const bytes = await findings.of(
    object,
    async () => await store.get({ kind: 'pack', id: packId }, sizeBytes, signal),
  );
  if (bytes === undefined) return blobs.map(blobKey);
  await findings.of(object, async () => {
    assertAgreement(readPackHeader(bytes, sealer, object), blobs, object);
    await Promise.resolve();
  });
  const enclosed = blobs.map(blob => ({
    ...expectedBlob(blob.id, blob),
    startBytes: blob.offsetBytes,
    sealedBytes: blob.lengthBytes,
  }));
  const { sha256, problems } = await pool.verify(bytes, enclosed, signal);
  if (sha256 !== packId) findings.error(object, 'its bytes have another SHA-256 than its name');
  for (const { id, message } of problems) findings.error(`${object}, blob ${id}`, message);
  const damaged = new Set(problems.map(({ id }) => id));
  return blobs.filter(({ id }) => damaged.has(id)).map(blobKey);
}

function assertAgreement(
  header: readonly PackedBlob[],
  indexed: readonly PackedBlob[],
  object: string,
): void {
  const places = new Set(header.map(placeOf));
  if (header.length === indexed.length && indexed.every(blob => places.has(placeOf(blob)))) return;
  throw new CorruptDataError('its header and the index name different blobs', { object });
}

function placeOf({ type, id, offsetBytes, lengthBytes, uncompressedLengthBytes }: PackedBlob): string {
  return `${type} ${id} ${offsetBytes} ${lengthBytes} ${uncompressedLengthBytes ?? 0}`;
}
