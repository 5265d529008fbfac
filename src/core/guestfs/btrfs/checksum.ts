import { createHash } from 'node:crypto';
import { crc32c, crc32cStart } from '../../../base/crc32c.ts';
import { xxHash64 } from './xxHash64.ts';

/** How structures carry their checksum; `unread` is one that cannot be computed here. */
export type ChecksumKind = 'crc32c' | 'xxhash64' | 'sha256' | 'unread';

/** By number in the superblock; the last one is BLAKE2b of 256 bits, which not every runtime has. */
export const checksumKinds: readonly ChecksumKind[] = ['crc32c', 'xxhash64', 'sha256', 'unread'];

/** What a checksum takes at most, before everything that it covers. */
export const checksumFieldBytes = 32;

/** Whether a structure is what its checksum, in its first bytes, promises. */
export function isChecksumRight(kind: ChecksumKind, bytes: Uint8Array): boolean {
  const covered = bytes.subarray(checksumFieldBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (kind === 'crc32c') return view.getUint32(0, true) === ~crc32c(crc32cStart, covered) >>> 0;
  if (kind === 'xxhash64') return view.getBigUint64(0, true) === xxHash64(covered);
  if (kind === 'unread') return true;
  const digest = createHash('sha256').update(covered).digest();
  return digest.equals(bytes.subarray(0, checksumFieldBytes));
}
