import { createHash } from 'node:crypto';

/** The hashes that LUKS is made with, and the length of each. */
export const spreadHashes: ReadonlyMap<string, number> = new Map([
  ['sha1', 20],
  ['sha224', 28],
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
  ['ripemd160', 20],
]);

/**
 * Joins a key that was spread over stripes, all of which are needed to get it back.
 * @param stripes  of `keyBytes` each, one behind the other
 * @param hash     one of `spreadHashes`
 * @see "LUKS1 On-Disk Format Specification", 2.4 "Anti-forensic splitter"
 */
export function joinStripes(stripes: Uint8Array, keyBytes: number, hash: string): Uint8Array {
  const joined = new Uint8Array(keyBytes);
  const lastStart = stripes.byteLength - keyBytes;
  for (let start = 0; start < lastStart; start += keyBytes) {
    mix(joined, stripes, start);
    diffuse(joined, hash);
  }
  mix(joined, stripes, lastStart);
  return joined;
}

function mix(joined: Uint8Array, stripes: Uint8Array, start: number): void {
  for (let at = 0; at < joined.byteLength; at += 1) {
    joined[at] = (joined[at] ?? 0) ^ (stripes[start + at] ?? 0);
  }
}

/** Every piece of the hash's length becomes the hash of its number and itself, the last one cut off. */
function diffuse(joined: Uint8Array, hash: string): void {
  const number = Buffer.alloc(4);
  const lengthBytes = spreadHashes.get(hash) ?? joined.byteLength;
  for (let start = 0, piece = 0; start < joined.byteLength; piece += 1) {
    number.writeUInt32BE(piece);
    const part = joined.subarray(start, start + lengthBytes);
    part.set(createHash(hash).update(number).update(part).digest().subarray(0, part.byteLength));
    start += part.byteLength;
  }
}
