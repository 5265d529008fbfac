import { defined } from '../../base/assert.ts';
import type { BlobId } from '../codec/blobId.ts';
import type { BlobLocation, BlobType, PackedBlob } from './blobIndex.ts';

/*
 * A blob in an index takes twelve words of 32 bits: its id (as its bytes lie), the number of its pack with the type in the
 * highest bit, offset, length, plain length or 0. The same in memory and on disk, so that nothing is ever converted.
 */
export const idWords = 8;
export const recordWords = idWords + 4;
const treeBit = 0x8000_0000;
export const maxPackNumber = treeBit - 1;

/** The records of blobs; the number of their pack is 0. */
export function recordsOf(blobs: readonly PackedBlob[]): Uint32Array {
  const words = new Uint32Array(blobs.length * recordWords);
  const bytes = Buffer.from(words.buffer);
  for (const [index, blob] of blobs.entries()) {
    const at = index * recordWords;
    bytes.write(blob.id, at * 4, 'hex');
    setType(words, at, blob.type);
    words[at + idWords + 1] = blob.offsetBytes;
    words[at + idWords + 2] = blob.lengthBytes;
    words[at + idWords + 3] = blob.uncompressedLengthBytes ?? 0;
  }
  return words;
}

/** The blobs of records, in the same order. */
export function blobsOf(words: Uint32Array): PackedBlob[] {
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  return Array.from({ length: words.length / recordWords }, (_, index): PackedBlob => {
    const at = index * recordWords;
    const uncompressedLengthBytes = word(words, at + idWords + 3);
    return {
      type: typeAt(words, at),
      id: bytes.toString('hex', at * 4, (at + idWords) * 4) as BlobId,
      offsetBytes: word(words, at + idWords + 1),
      lengthBytes: word(words, at + idWords + 2),
      ...(uncompressedLengthBytes === 0 ? {} : { uncompressedLengthBytes }),
    };
  });
}

export function idWordsOf(id: string): Uint32Array {
  const words = new Uint32Array(idWords);
  Buffer.from(words.buffer).write(id, 'hex');
  return words;
}

export function typeAt(words: Uint32Array, at: number): BlobType {
  return word(words, at + idWords) >= treeBit ? 'tree' : 'data';
}

/** The number of its pack becomes 0. */
export function setType(words: Uint32Array, at: number, type: BlobType): void {
  words[at + idWords] = type === 'tree' ? treeBit : 0;
}

export function packNumberAt(words: Uint32Array, at: number): number {
  return word(words, at + idWords) & maxPackNumber;
}

/** Gives the blob another pack; its type stays. */
export function setPackNumber(words: Uint32Array, at: number, packNumber: number): void {
  words[at + idWords] = ((word(words, at + idWords) & treeBit) | packNumber) >>> 0;
}

export function locationAt(words: Uint32Array, at: number, packId: string): BlobLocation {
  const uncompressedLengthBytes = word(words, at + idWords + 3);
  return {
    packId,
    offsetBytes: word(words, at + idWords + 1),
    lengthBytes: word(words, at + idWords + 2),
    ...(uncompressedLengthBytes === 0 ? {} : { uncompressedLengthBytes }),
  };
}

export function hasId(words: Uint32Array, at: number, id: Uint32Array): boolean {
  for (let offset = 0; offset < idWords; offset += 1) if (words[at + offset] !== id[offset]) return false;
  return true;
}

/** The first 53 bits of the id: numbers in the order of ids, but for ids that are the same so far. */
export function sortKeyAt(words: Uint32Array, at: number): number {
  return prefixAt(words, at) * 2 ** 21 + (bigEndian(word(words, at + 1)) >>> 11);
}

/** The first 32 bits of the id, as a number in the order of ids. */
export function prefixAt(words: Uint32Array, at: number): number {
  return bigEndian(word(words, at));
}

/** By id, then by type and pack. */
export function compareRecords(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  for (let offset = 0; offset < idWords; offset += 1) {
    const difference = bigEndian(word(a, atA + offset)) - bigEndian(word(b, atB + offset));
    if (difference !== 0) return difference;
  }
  return word(a, atA + idWords) - word(b, atB + idWords);
}

export function word(words: Uint32Array, index: number): number {
  return defined(words[index], 'word');
}

/** As every machine that this program runs on is little-endian. */
function bigEndian(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
