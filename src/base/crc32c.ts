const reversedPolynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ reversedPolynomial : crc >>> 1;
  return crc;
});

/** Where a chain of checksums begins. */
export const crc32cStart = 0xffff_ffff;

/** CRC-32C of `bytes` on top of `crc`, without the usual inversion at the end: the form ext4 and its journal use; others invert. */
export function crc32c(crc: number, bytes: Uint8Array): number {
  let value = crc;
  // By index: an iterator would cost several times the checksum, which every directory block and inode pays.
  for (let index = 0; index < bytes.byteLength; index += 1) {
    value = (value >>> 8) ^ (table[(value ^ (bytes[index] ?? 0)) & 0xff] ?? 0);
  }
  return value >>> 0;
}

export function crc32cU32le(crc: number, value: number): number {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return crc32c(crc, bytes);
}

/** The checksum of a structure that holds its own checksum, which counts as zeros at each of `holes`. */
export function crc32cWithHoles(
  crc: number,
  bytes: Uint8Array,
  ...holes: readonly (readonly [offset: number, lengthBytes: number])[]
): number {
  const blanked = new Uint8Array(bytes);
  for (const [offset, lengthBytes] of holes) blanked.fill(0, offset, offset + lengthBytes);
  return crc32c(crc, blanked);
}
