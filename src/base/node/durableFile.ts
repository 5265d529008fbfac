import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { AppError } from '../errors.ts';
import { fileError, systemErrorCode } from './fileErrors.ts';
import { writeAroundZeros } from './writeAroundZeros.ts';

/**
 * Puts a whole file in place so that, whatever happens and whenever, `path` holds the old content or the new one:
 * temporary name in the same folder → write → fsync → rename → fsync of the folder. The folder is created if missing.
 * @param mode  permission bits of the new file
 * @throws the typed error of `fileError`; nothing is left behind then
 */
export async function writeFileDurably(
  path: string,
  content: Uint8Array | string,
  mode = 0o600,
): Promise<void> {
  await placeDurably(path, { mode, replace: true }, async file => {
    await file.writeFile(content);
  });
}

/**
 * For targets that are created, never replaced.
 * @throws CONFLICT if anything stands at `path`
 */
export async function requireAbsent(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw fileError(path, error);
  }
  throw new AppError('CONFLICT', `${path} exists already`, {
    object: path,
    remedy: 'Choose another name or remove it first',
  });
}

/**
 * Gives a finished file its final name, which must be free; the temporary one is gone afterwards. A hard link refuses
 * to replace anything, atomically; where there are none (SMB, exFAT) a look before has to do.
 * @throws CONFLICT if anything stands at `path`; the system's own error for anything else
 */
export async function placeNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const systemCode = systemErrorCode(error) ?? '';
    if (!['EEXIST', ...linksNotSupported].includes(systemCode)) throw error;
    await requireAbsent(path);
    await rename(temporary, path);
    return;
  }
  await rm(temporary);
}

const linksNotSupported = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** A name beside `path` that nobody else uses, and by which a leftover of a crash can be told. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 80)}.${randomBytes(6).toString('hex')}.partial`);
}

/** Makes a rename or removal in the folder survive a power cut, where the system can. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder for this; NTFS journals its renames.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems refuse to sync a folder; what they promise instead is not ours to change.
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemErrorCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/**
 * The same for content that arrives piece by piece; long runs of zeros in it take no space. What stands at `path` stays as it is unless the whole source was
 * written; on an error or cancellation nothing is left behind.
 * @throws CONFLICT if something stands there that is not to be replaced
 */
export async function writeStreamDurably(
  path: string,
  source: AsyncIterable<Uint8Array>,
  options: StreamWriteOptions,
  signal: AbortSignal,
): Promise<number> {
  const { mode = 0o600, replace = true } = options;
  return await placeDurably(path, { mode, replace }, async file => {
    let writtenBytes = 0;
    for await (const piece of source) {
      signal.throwIfAborted();
      await writeAroundZeros(file, piece, writtenBytes);
      writtenBytes += piece.byteLength;
      options.onWritten?.(writtenBytes);
    }
    await file.truncate(writtenBytes);
    return writtenBytes;
  });
}

export interface StreamWriteOptions {
  /** Permission bits of the new file; 0o600. */
  readonly mode?: number;
  /** Whether what stands at the path may be replaced; true. */
  readonly replace?: boolean;
  /** Called after each piece with the bytes written so far. */
  readonly onWritten?: (writtenBytes: number) => void;
}

/**
 * The same for a file that `write` fills as it likes. On an error nothing is left behind.
 * @param replace  whether what stands at the path may be replaced
 */
export async function placeDurably<T>(
  path: string,
  { mode, replace }: { readonly mode: number; readonly replace: boolean },
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const folder = dirname(path);
  const temporary = temporaryName(path);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', mode);
    let written: T;
    try {
      written = await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    if (replace) await rename(temporary, path);
    else await placeNew(temporary, path);
    await syncFolder(folder);
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(path, error);
  }
}
