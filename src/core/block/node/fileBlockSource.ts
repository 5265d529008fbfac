import { open, type FileHandle } from 'node:fs/promises';
import { AppError, CancelledError } from '../../../base/errors.ts';
import { fileError } from '../../../base/node/fileErrors.ts';
import { begin, type BlockSource } from '../blockSource.ts';

/**
 * A raw disk image in a file, open for reading. Its size is taken now.
 * @throws NOT_FOUND, PERMISSION and the other meanings of `fileError`
 */
export async function openFileBlockSource(path: string): Promise<BlockSource & AsyncDisposable> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw fileError(path, error);
  }
  try {
    const { size: sizeBytes } = await file.stat();
    return {
      sizeBytes,
      read: async (offsetBytes, target, signal) => {
        begin(path, sizeBytes, offsetBytes, target, signal);
        await readFully(file, path, offsetBytes, target, signal);
      },
      [Symbol.asyncDispose]: async () => await file.close(),
    };
  } catch (error) {
    await file.close();
    throw fileError(path, error);
  }
}

async function readFully(
  file: FileHandle,
  path: string,
  offsetBytes: number,
  target: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  for (let doneBytes = 0; doneBytes < target.byteLength;) {
    if (signal.aborted) throw new CancelledError();
    const left = target.byteLength - doneBytes;
    const { bytesRead } = await file
      .read(target, doneBytes, left, offsetBytes + doneBytes)
      .catch((error: unknown) => {
        throw fileError(path, error);
      });
    if (bytesRead === 0) {
      throw new AppError('CONFLICT', `${path} was shortened while it was read`, {
        object: path,
        remedy: 'Make sure that nothing writes to the file',
      });
    }
    doneBytes += bytesRead;
  }
}
