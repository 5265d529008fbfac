import { promisify } from 'node:util';
// As a whole: an import by name fails on a Node without zstd before anybody can say that a newer one is needed.
import zlib from 'node:zlib';
import { CorruptDataError } from '../../base/errors.ts';
import { ownedBytes } from './ownedBytes.ts';

/** How hard to try: `off` stores plain, `fast` costs least processor time, `max` least space. */
export const compressions = ['off', 'fast', 'auto', 'max'] as const;

export type Compression = (typeof compressions)[number];

export const zstdLevels: Readonly<Record<Exclude<Compression, 'off'>, number>> = {
  fast: 1,
  auto: 3,
  max: 12,
};

/** For a thread of its own. Always a zstd frame. */
export function compressSync(plain: Uint8Array, level: number): Uint8Array {
  return zlib.zstdCompressSync(plain, compressorOptions(level));
}

/** For a thread that must not wait. Always a zstd frame. */
export async function compressFrame(plain: Uint8Array): Promise<Uint8Array> {
  return await promisify(zlib.zstdCompress)(plain, compressorOptions(zstdLevels.auto));
}

/** For a thread of its own. @see decompress */
export function decompressSync(frame: Uint8Array, maxBytes: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return ownedBytes(zlib.zstdDecompressSync(frame, { maxOutputLength: maxBytes }));
  } catch (error) {
    throw notAFrame(what, maxBytes, error);
  }
}

/**
 * For a thread that must not wait. The plain bytes, the caller's own.
 * @param what  names the bytes in the error
 * @throws CorruptDataError if it is not a zstd frame, or one of more than `maxBytes`
 */
export async function decompress(
  frame: Uint8Array,
  maxBytes: number,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return ownedBytes(await promisify(zlib.zstdDecompress)(frame, { maxOutputLength: maxBytes }));
  } catch (error) {
    throw notAFrame(what, maxBytes, error);
  }
}

function compressorOptions(level: number) {
  return { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } };
}

function notAFrame(what: string, maxBytes: number, cause: unknown): CorruptDataError {
  return new CorruptDataError(`${what}: cannot be decompressed to at most ${maxBytes} bytes`, {
    object: what,
    cause,
  });
}
