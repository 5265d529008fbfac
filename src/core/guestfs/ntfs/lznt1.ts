import { CorruptDataError } from '../../../base/errors.ts';

const chunkBytes = 4096;

/**
 * Decompresses a unit of a compressed file: chunks of 4 KiB, each of which is compressed or not. What is not there is
 * zeros.
 * @throws CORRUPT_DATA
 * @see [MS-XCA] 2.5 "LZNT1 Algorithm Details"
 */
export function decompressLznt1(source: Uint8Array, sizeBytes: number): Uint8Array {
  const target = new Uint8Array(sizeBytes);
  let from = 0;
  for (let start = 0; start < sizeBytes && from + 2 <= source.byteLength; start += chunkBytes) {
    const header = word(source, from);
    if (header === 0) break;
    const end = from + 3 + (header & 0xfff);
    if (end > source.byteLength) throw new CorruptDataError('a compressed chunk of NTFS leaves its unit');
    const chunk = target.subarray(start, start + chunkBytes);
    if ((header & 0x8000) === 0) chunk.set(source.subarray(from + 2, Math.min(end, from + 2 + chunkBytes)));
    else decompressChunk(source.subarray(from + 2, end), chunk);
    from = end;
  }
  return target;
}

function decompressChunk(source: Uint8Array, target: Uint8Array): void {
  let from = 0;
  let to = 0;
  while (from < source.byteLength && to < target.byteLength) {
    const flags = source[from] ?? 0;
    from += 1;
    for (let bit = 0; bit < 8 && from < source.byteLength && to < target.byteLength; bit += 1) {
      if (((flags >>> bit) & 1) === 0) {
        target[to] = source[from] ?? 0;
        to += 1;
        from += 1;
        continue;
      }
      const token = word(source, from);
      from += 2;
      // The further into the chunk, the more bits are needed for the distance.
      let lengthBits = 12;
      for (let position = to - 1; position >= 16; position >>>= 1) lengthBits -= 1;
      const distance = (token >>> lengthBits) + 1;
      const length = Math.min((token & ((1 << lengthBits) - 1)) + 3, target.byteLength - to);
      if (distance > to) throw new CorruptDataError('a compressed chunk of NTFS repeats what is not there');
      for (let index = 0; index < length; index += 1, to += 1) target[to] = target[to - distance] ?? 0;
    }
  }
}

function word(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}
