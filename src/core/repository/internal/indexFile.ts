import { sealOverheadBytes } from '../../codec/sealer.ts';
import type { PackedBlob } from '../blobIndex.ts';
import { JsonFields } from './jsonFields.ts';

/** What a pack holds, as an index file says. */
export interface PackContents {
  readonly packId: string;
  readonly blobs: readonly PackedBlob[];
}

const u32 = 2 ** 32 - 1;

/** @see restic design document, "Indexing" */
export function encodeIndex(packs: readonly PackContents[]): string {
  return JSON.stringify({
    packs: packs.map(({ packId, blobs }) => ({
      id: packId,
      blobs: blobs.map(blob => ({
        id: blob.id,
        type: blob.type,
        offset: blob.offsetBytes,
        length: blob.lengthBytes,
        uncompressed_length: blob.uncompressedLengthBytes,
      })),
    })),
  });
}

/**
 * The packs of an index file, one by one, so that a reader can let others run in between.
 * @throws CorruptDataError when it comes to the damage
 */
export function* parseIndex(json: Uint8Array, what: string): Generator<PackContents, void, undefined> {
  for (const value of JsonFields.parse(json, what).list('packs')) {
    const pack = new JsonFields(value, what);
    yield { packId: pack.id('id'), blobs: pack.list('blobs').map(blob => parseBlob(blob, what)) };
  }
}

function parseBlob(value: unknown, what: string): PackedBlob {
  const blob = new JsonFields(value, what);
  const type = blob.string('type');
  if (type !== 'data' && type !== 'tree') throw blob.error('type', 'data or tree');
  const uncompressedLengthBytes = blob.optionalInteger('uncompressed_length', { min: 0, max: u32 });
  return {
    type,
    id: blob.id('id'),
    offsetBytes: blob.integer('offset', { min: 0, max: u32 }),
    lengthBytes: blob.integer('length', { min: sealOverheadBytes, max: u32 }),
    ...(uncompressedLengthBytes === 0 ? {} : { uncompressedLengthBytes }),
  };
}
