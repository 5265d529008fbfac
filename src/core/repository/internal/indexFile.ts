import { JsonReader } from '../../../base/jsonReader.ts';
import { sealOverheadBytes } from '../../codec/sealer.ts';
import type { PackedBlob } from '../blobIndex.ts';
import { integerOrZero, objectsOrNone, readId } from './formatFields.ts';

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
export function* parseIndex(text: Uint8Array, what: string): Generator<PackContents, void, undefined> {
  for (const pack of objectsOrNone(JsonReader.parse(text, what), 'packs'))
    yield { packId: readId(pack, 'id'), blobs: objectsOrNone(pack, 'blobs').map(readBlob) };
}

function readBlob(blob: JsonReader): PackedBlob {
  const uncompressedLengthBytes = integerOrZero(blob, 'uncompressed_length', u32);
  return {
    type: blob.oneOf('type', ['data', 'tree']),
    id: readId(blob, 'id'),
    offsetBytes: blob.integer('offset', { min: 0, max: u32 }),
    lengthBytes: blob.integer('length', { min: sealOverheadBytes, max: u32 }),
    ...(uncompressedLengthBytes === 0 ? {} : { uncompressedLengthBytes }),
  };
}
