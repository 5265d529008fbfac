import { createHash } from 'node:crypto';
import type { Brand } from '../../base/brand.ts';
import { CorruptDataError } from '../../base/errors.ts';

/** The SHA-256 of a blob's plain bytes, in lower-case hexadecimal. The same bytes are the same blob. */
export type BlobId = Brand<string, 'BlobId'>;

/** Bytes of an id in its binary form. */
export const idBytes = 32;

export function blobIdOf(plain: Uint8Array): BlobId {
  return createHash('sha256').update(plain).digest('hex') as BlobId;
}

/** @throws CorruptDataError if `text` is not 64 lower-case hexadecimal digits */
export function parseBlobId(text: unknown, where: string): BlobId {
  if (!isHexId(text)) throw new CorruptDataError(`${where}: not a SHA-256 id`, { object: where });
  return text as BlobId;
}

/** Whether `text` is a SHA-256 in lower-case hexadecimal, as ids and file names in a repository are. */
export function isHexId(text: unknown): boolean {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}
