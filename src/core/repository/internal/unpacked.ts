import { AppError } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import { compressFrame, decompress } from '../../codec/compression.ts';
import type { Sealer } from '../../codec/sealer.ts';

/** First byte of a compressed file; uncompressed ones begin with the JSON's own bracket. */
const compressedMark = 2;

/** Seals an index or snapshot: JSON, compressed behind its mark. */
export async function sealJson(
  json: string,
  sealer: Sealer,
  random: Random,
): Promise<Uint8Array<ArrayBuffer>> {
  const frame = await compressFrame(Buffer.from(json));
  return sealer.seal(Buffer.concat([Buffer.of(compressedMark), frame]), random);
}

/**
 * The JSON of a sealed index, snapshot or lock, compressed or not.
 * @param maxBytes  of the JSON
 * @param what      names the file in errors
 * @throws CorruptDataError; AppError UNSUPPORTED_FORMAT for a mark that this version does not know
 */
export async function unsealJson(
  sealed: Uint8Array,
  sealer: Sealer,
  maxBytes: number,
  what: string,
): Promise<Uint8Array> {
  const plain = sealer.unseal(sealed, what);
  const [mark] = plain;
  if (mark === 0x5b || mark === 0x7b) return plain;
  if (mark === compressedMark) return await decompress(plain.subarray(1), maxBytes, what);
  throw new AppError('UNSUPPORTED_FORMAT', `${what}: encoded in an unknown way (${mark ?? 'empty'})`, {
    object: what,
    remedy: 'Use a newer version of this product',
  });
}
