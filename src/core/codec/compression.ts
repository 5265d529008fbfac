import { promisify } from 'node:util';
// As a whole: an import by name fails on a Node without zstd before anybody can say that a newer one is needed.
import zlib from 'node:zlib';
import { CorruptDataError } from '../../base/errors.ts';

/** How hard to try: `off` stores plain, `fast` costs least processor time, `max` least space. */
export const compressions = ['off', 'fast', 'auto', 'max'] as const;

export type Compression = (typeof compressions)[number];

const zstdLevels: Readonly<Record<Exclude<Compression, 'off'>, number>> = { fast: 1, auto: 3, max: 12 };

/** For a thread of its own. A zstd frame, or undefined if that would not be smaller. */
export function compressSync(plain: Uint8Array, compression: Compression): Uint8Array | undefined {
  if (compression === 'off') return undefined;
  const frame = zlib.zstdCompressSync(plain, compressorOptions(zstdLevels[compression]));
  return frame.length < plain.length ? frame : undefined;
}

/** For a thread that must not wait. Always a zstd frame. */
export async function compressFrame(plain: Uint8Array): Promise<Uint8Array> {
  return await promisify(zlib.zstdCompress)(plain, compressorOptions(zstdLevels.auto));
}

/** For a thread of its own. @see decompress */
export function decompressSync(frame: Uint8Array, maxBytes: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return owned(zlib.zstdDecompressSync(frame, { maxOutputLength: maxBytes }));
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
    return owned(await promisify(zlib.zstdDecompress)(frame, { maxOutputLength: maxBytes }));
  } catch (error) {
    throw notAFrame(what, maxBytes, error);
  }
}

function compressorOptions(level: number) {
  return { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } };
}

/** Short results lie in a buffer shared with others; a copy of those can be handed to another thread. */
function owned(bytes: Buffer): Uint8Array<ArrayBuffer> {
  if (bytes.length === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer)
    return new Uint8Array(bytes.buffer);
  return new Uint8Array(bytes);
}

function notAFrame(what: string, maxBytes: number, cause: unknown): CorruptDataError {
  return new CorruptDataError(`${what}: cannot be decompressed to at most ${maxBytes} bytes`, {
    object: what,
    cause,
  });
}
