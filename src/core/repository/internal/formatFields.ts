import type { JsonReader } from '../../../base/jsonReader.ts';
import { isHexId, type BlobId } from '../../codec/blobId.ts';

// The format's JSON is written by Go programs, which leave out what is empty, or write null for it.

/** @throws CorruptDataError if the field is not 64 lower-case hexadecimal digits */
export function readId(json: JsonReader, field: string): BlobId {
  const text = json.string(field);
  return isHexId(text) ? (text as BlobId) : json.wrong(field, 'a SHA-256 id');
}

/** @throws CorruptDataError */
export function readIds(json: JsonReader, field: string): readonly BlobId[] {
  const texts = stringsOrNone(json, field);
  return texts.every(isHexId) ? (texts as readonly BlobId[]) : json.wrong(field, 'a list of SHA-256 ids');
}

/** @throws CorruptDataError */
export function integerOrZero(json: JsonReader, field: string, max: number): number {
  return json.has(field) ? json.integer(field, { min: 0, max }) : 0;
}

/** @throws CorruptDataError */
export function stringsOrNone(json: JsonReader, field: string): readonly string[] {
  return json.has(field) ? json.strings(field) : [];
}

/** @throws CorruptDataError */
export function objectsOrNone(json: JsonReader, field: string): readonly JsonReader[] {
  return json.has(field) ? json.objects(field) : [];
}
