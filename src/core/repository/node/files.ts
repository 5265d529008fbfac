import { link, open, opendir, rename, stat, type FileHandle } from 'node:fs/promises';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { errnoOf, toStoreError } from './fileErrors.ts';

/** A hard link refuses to replace a file, atomically; where there are none (SMB, exFAT) a look has to do. */
export async function linkOrRename(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
    return;
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errnoOf(error) ?? '')) throw error;
  }
  if (await exists(to)) throw new AppError('CONFLICT', `${to} exists already`, { object: to });
  await rename(from, to);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Makes names durable. Windows and some network file systems cannot, and need not, be asked to. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

export async function readExactly(
  file: FileHandle,
  path: string,
  offsetBytes: number,
  lengthBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const target = new Uint8Array(lengthBytes);
  for (let done = 0; done < lengthBytes;) {
    const { bytesRead } = await file.read(target, done, lengthBytes - done, offsetBytes + done);
    if (bytesRead === 0) throw endsTooEarly(path, offsetBytes, offsetBytes + done);
    done += bytesRead;
  }
  return target;
}

export function endsTooEarly(path: string, offsetBytes: number, sizeBytes: number): CorruptDataError {
  return new CorruptDataError(`${path}: ends at byte ${sizeBytes}, more was expected`, {
    object: path,
    offsetBytes,
  });
}

/** Names in a folder; undefined if there is no such folder. */
export async function namesIn(folder: string): Promise<string[] | undefined> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(folder)) names.push(entry.name);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw toStoreError(error, folder);
    return undefined;
  }
  return names;
}
