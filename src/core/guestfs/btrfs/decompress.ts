import { promisify } from 'node:util';
// As a whole: an import by name fails on a Node without zstd before anybody can say that a newer one is needed.
import zlib from 'node:zlib';
import { CorruptDataError } from '../../../base/errors.ts';
import { decompressLzo1x } from './lzo.ts';
import { zstdFrameBytes } from './zstdFrame.ts';

export type Algorithm = 'zlib' | 'lzo' | 'zstd';

const lengthFieldBytes = 4;

/**
 * The content of a compressed extent: exactly `unpackedBytes`, zeros where it ends before.
 * @param sectorBytes  what LZO is cut by
 * @throws CORRUPT_DATA
 */
export async function decompressExtent(
  stored: Uint8Array,
  { algorithm, unpackedBytes }: { readonly algorithm: Algorithm; readonly unpackedBytes: number },
  sectorBytes: number,
): Promise<Uint8Array> {
  const plain = new Uint8Array(unpackedBytes);
  if (algorithm === 'lzo') {
    decompressLzoSegments(stored, plain, sectorBytes);
    return plain;
  }
  const options = { maxOutputLength: unpackedBytes };
  try {
    // What follows the stream in its last sector is anything; zlib ignores it by itself.
    plain.set(
      algorithm === 'zlib'
        ? await promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate)(stored, options)
        : await promisify(zlib.zstdDecompress)(stored.subarray(0, zstdFrameBytes(stored)), options),
    );
    return plain;
  } catch (cause) {
    throw new CorruptDataError(`a compressed extent of Btrfs is no ${algorithm} stream`, { cause });
  }
}

/**
 * The whole length, then segments of one sector each: length and LZO block. The length of a segment never lies across
 * two sectors.
 * @see Linux, fs/btrfs/lzo.c, the comment at its top
 */
function decompressLzoSegments(stored: Uint8Array, plain: Uint8Array, sectorBytes: number): void {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const endBytes = stored.byteLength < lengthFieldBytes ? 0 : view.getUint32(0, true);
  if (endBytes < lengthFieldBytes || endBytes > stored.byteLength) {
    throw new CorruptDataError('a compressed extent of Btrfs is longer than what is stored of it');
  }
  let to = 0;
  for (let at = lengthFieldBytes; at < endBytes && to < plain.byteLength;) {
    const leftInSector = sectorBytes - (at % sectorBytes);
    if (leftInSector < lengthFieldBytes) at += leftInSector;
    if (at + lengthFieldBytes > endBytes) break;
    const segmentBytes = view.getUint32(at, true);
    at += lengthFieldBytes;
    if (at + segmentBytes > stored.byteLength) {
      throw new CorruptDataError('a segment of a compressed extent of Btrfs leaves it');
    }
    const maxBytes = Math.min(sectorBytes, plain.byteLength - to);
    const segment = decompressLzo1x(stored.subarray(at, at + segmentBytes), maxBytes);
    plain.set(segment, to);
    to += segment.byteLength;
    at += segmentBytes;
  }
}
