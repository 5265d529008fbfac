import { BinaryReader } from '../../../base/binaryReader.ts';

const magic = 0xfd2f_b528;
const dictionaryIdBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;
const repeatedByte = 1;

/**
 * How many of the bytes the frame takes that they begin with.
 * @throws CORRUPT_DATA if it does not end within them
 * @see RFC 8878, 3.1.1
 */
export function zstdFrameBytes(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes, 'zstd frame');
  reader.u32le('magic', 0, { min: magic, max: magic });
  const descriptor = reader.u8('descriptor', 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  const sizeKind = descriptor >>> 6;
  let at =
    5 +
    (isSingleSegment ? 0 : 1) +
    (dictionaryIdBytes[descriptor & 3] ?? 0) +
    (sizeKind === 0 && isSingleSegment ? 1 : (contentSizeBytes[sizeKind] ?? 0));
  for (let isLast = false; !isLast;) {
    const head = reader.u16le('block', at) + reader.u8('block', at + 2) * 2 ** 16;
    isLast = (head & 1) !== 0;
    at += 3 + (((head >>> 1) & 3) === repeatedByte ? 1 : head >>> 3);
  }
  if (hasChecksum) at += 4;
  reader.bytes('frame', 0, at);
  return at;
}
