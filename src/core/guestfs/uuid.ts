import { toHex } from '../../base/random.ts';

/** The usual text of 16 bytes in their order on the disk. */
export function uuidText(bytes: Uint8Array): string {
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
