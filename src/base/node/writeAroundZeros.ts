import type { FileHandle } from 'node:fs/promises';

/** What is looked at to leave holes; a multiple of every file system's block. */
const pageBytes = 64 * 1024;
const zeroPage = Buffer.alloc(pageBytes);

/**
 * Writes bytes into a new file, but no page of zeros: it reads as zeros anyhow and takes no space. A file that may end
 * with such a page gets its length by `truncate`.
 */
export async function writeAroundZeros(
  file: FileHandle,
  bytes: Uint8Array,
  offsetBytes: number,
): Promise<void> {
  for (const { start, end } of nonZeroRuns(bytes))
    await writeWhole(file, bytes.subarray(start, end), offsetBytes + start);
}

/** What is left of bytes without their pages of zeros. */
export function* nonZeroRuns(
  bytes: Uint8Array,
): Generator<{ readonly start: number; readonly end: number }, void> {
  let start = 0;
  for (let at = 0; at < bytes.byteLength; at += pageBytes) {
    const page = bytes.subarray(at, at + pageBytes);
    if (zeroPage.compare(page, 0, page.byteLength, 0, page.byteLength) !== 0) continue;
    if (at > start) yield { start, end: at };
    start = at + page.byteLength;
  }
  if (start < bytes.byteLength) yield { start, end: bytes.byteLength };
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, offsetBytes + done);
    done += bytesWritten;
  }
}
