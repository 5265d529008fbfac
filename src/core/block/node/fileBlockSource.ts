import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '../../../base/errors.ts';
import { fileError } from '../../../base/node/fileErrors.ts';
import { readAt } from '../../../base/node/readAt.ts';
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
        await readFully(file, path, offsetBytes, target);
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
): Promise<void> {
  const readBytes = await readAt(file, offsetBytes, target).catch((error: unknown) => {
    throw fileError(path, error);
  });
  if (readBytes === target.byteLength) return;
  throw new AppError('CONFLICT', `${path} was shortened while it was read`, {
    object: path,
    remedy: 'Make sure that nothing writes to the file',
  });
}
