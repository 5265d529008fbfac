import { constants, write } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';

import type { SharedFile } from '../sharedFile.ts';
import { fileError, systemErrorCode } from './fileErrors.ts';
import { nonZeroRuns } from './writeAroundZeros.ts';

/** What a device may ask of places and lengths at most, when the cache of the system does not level them. */
const blockBytes = 4096;

const wasmPageBytes = 64 * 1024;

/** The runtime's types leave it out. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
};

const writeOnce = promisify(write);

/**
 * A file once more, past the system's cache: a disk that is restored would push everything else out of it, and filling it
 * takes longer than writing. Undefined where there is no such thing.
 */
export async function openDirect(path: string): Promise<FileHandle | undefined> {
  const { O_DIRECT, O_WRONLY } = constants as Partial<typeof constants>;
  if (O_DIRECT === undefined || O_WRONLY === undefined) return undefined;
  try {
    return await open(path, O_WRONLY | O_DIRECT);
  } catch {
    return undefined;
  }
}

/** Memory that begins where a page does, as writing past the cache asks for. */
export function pageAligned(lengthBytes: number): Uint8Array {
  const initial = Math.max(1, Math.ceil(lengthBytes / wasmPageBytes));
  return new Uint8Array(new WebAssembly.Memory({ initial, maximum: initial }).buffer, 0, lengthBytes);
}

/**
 * Writes into a file whose place holds zeros; pages of zeros are left out.
 * @param bytes  begins where a page of memory does
 * @throws the typed error of `fileError`
 */
export async function writeShared(file: SharedFile, bytes: Uint8Array, offsetBytes: number): Promise<void> {
  try {
    for (const { start, end } of nonZeroRuns(bytes)) {
      const directEnd = offsetBytes % blockBytes === 0 ? end - (end % blockBytes) : start;
      const done = await writeDirect(
        file,
        bytes.subarray(start, Math.max(start, directEnd)),
        offsetBytes + start,
      );
      await writeAll(file.descriptor, bytes.subarray(start + done, end), offsetBytes + start + done);
    }
  } catch (error) {
    throw fileError(file.path, error);
  }
}

/** @returns how much could be written that way */
async function writeDirect(
  { directDescriptor }: SharedFile,
  bytes: Uint8Array,
  offsetBytes: number,
): Promise<number> {
  if (directDescriptor === undefined || bytes.byteLength === 0) return 0;
  try {
    const { bytesWritten } = await writeOnce(directDescriptor, bytes, 0, bytes.byteLength, offsetBytes);
    return bytesWritten;
  } catch (error) {
    // A file system that opens files so and does not write them.
    if (systemErrorCode(error) === 'EINVAL') return 0;
    throw error;
  }
}

async function writeAll(descriptor: number, bytes: Uint8Array, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const left = bytes.byteLength - done;
    done += (await writeOnce(descriptor, bytes, done, left, offsetBytes + done)).bytesWritten;
  }
}
