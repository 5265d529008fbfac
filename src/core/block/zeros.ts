const zeroPage = new Uint8Array(64 * 1024);

/** Whether every byte is zero. Compares a page at a time, at memory speed. */
export function isZero(bytes: Uint8Array): boolean {
  for (let start = 0; start < bytes.byteLength; start += zeroPage.byteLength) {
    const page = bytes.subarray(start, start + zeroPage.byteLength);
    if (Buffer.compare(page, zeroPage.subarray(0, page.byteLength)) !== 0) return false;
  }
  return true;
}
