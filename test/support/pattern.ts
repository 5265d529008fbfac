/** Byte at `offsetBytes` of a disk whose every block is different: what is misplaced or zeroed must show. Never 0. */
export function patternByte(offsetBytes: number, seed = 0): number {
  const mixed = Math.imul(Math.floor(offsetBytes / 4) ^ Math.imul(seed + 1, 0x9e3779b1), 0x85ebca6b);
  return (((mixed >>> ((offsetBytes % 4) * 8)) ^ (mixed >>> 15)) & 0xff) | 1;
}

/** Fills `target` with what a patterned disk holds at `offsetBytes`. */
export function fillPattern(target: Uint8Array, offsetBytes: number, seed = 0): void {
  for (let index = 0; index < target.byteLength; index += 1)
    target[index] = patternByte(offsetBytes + index, seed);
}

/** `lengthBytes` bytes as a patterned disk holds them at `offsetBytes`. */
export function pattern(lengthBytes: number, offsetBytes = 0, seed = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengthBytes);
  fillPattern(bytes, offsetBytes, seed);
  return bytes;
}
