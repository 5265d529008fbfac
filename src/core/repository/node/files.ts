import { opendir, type FileHandle } from 'node:fs/promises';
import { CorruptDataError } from '../../../base/errors.ts';
import { fileError, systemErrorCode } from '../../../base/node/fileErrors.ts';
import { readAt } from '../../../base/node/readAt.ts';

/** @throws CorruptDataError if the file ends first */
export async function readExactly(
  file: FileHandle,
  path: string,
  offsetBytes: number,
  lengthBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const target = new Uint8Array(lengthBytes);
  const readBytes = await readAt(file, offsetBytes, target);
  if (readBytes < lengthBytes) throw endsTooEarly(path, offsetBytes, offsetBytes + readBytes);
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
    if (!['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) throw fileError(folder, error);
    return undefined;
  }
  return names;
}
