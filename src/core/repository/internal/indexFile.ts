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

/** @throws CorruptDataError */
export function parseIndex(json: Uint8Array, what: string): PackContents[] {
  return JsonFields.parse(json, what)
    .list('packs')
    .map(value => {
      const pack = new JsonFields(value, what);
      return { packId: pack.id('id'), blobs: pack.list('blobs').map(blob => parseBlob(blob, what)) };
    });
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
