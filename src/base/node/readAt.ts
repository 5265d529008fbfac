import type { FileHandle } from 'node:fs/promises';

/**
 * Fills `target` from `offsetBytes`, as far as the file reaches: one call of the system may return less than it could.
 * @returns bytes read; fewer than asked for only at the end of the file
 */
export async function readAt(file: FileHandle, offsetBytes: number, target: Uint8Array): Promise<number> {
  let doneBytes = 0;
  while (doneBytes < target.byteLength) {
    const left = target.byteLength - doneBytes;
    const { bytesRead } = await file.read(target, doneBytes, left, offsetBytes + doneBytes);
    if (bytesRead === 0) break;
    doneBytes += bytesRead;
  }
  return doneBytes;
}
