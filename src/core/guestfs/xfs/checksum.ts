import { crc32cStart, crc32cWithHoles } from '../../../base/crc32c.ts';

/** Whether a structure of version 5 carries its own checksum; it is little-endian, unlike everything else. */
export function isChecksumRight(bytes: Uint8Array, checksumOffset: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(checksumOffset, true) === checksumOf(bytes, checksumOffset);
}

/** Gives a changed structure its checksum. */
export function updateChecksum(bytes: Uint8Array, checksumOffset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(checksumOffset, checksumOf(bytes, checksumOffset), true);
}

function checksumOf(bytes: Uint8Array, checksumOffset: number): number {
  return ~crc32cWithHoles(crc32cStart, bytes, [checksumOffset, 4]) >>> 0;
}
