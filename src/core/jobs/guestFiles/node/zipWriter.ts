import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32, createDeflateRaw } from 'node:zlib';

import { CorruptDataError } from '../../../../base/errors.ts';
import { KiB } from '../../../../base/units.ts';
import {
  directoryRecord,
  endRecords,
  localHeader,
  overflows,
  type ZipContent,
  type ZipEntry,
} from '../zip/zipRecords.ts';

/** What is handed to the file at a time: many writes cost more than compressing does, room that nobody needs as well. */
function chunkBytesFor({ sizeBytes }: ZipEntry): number {
  return Math.min(256 * KiB, Math.max(KiB, sizeBytes));
}

const recordsAtOnce = 1000;

const emptyContent: ZipContent = { crc32: 0, packedBytes: 0, sizeBytes: 0 };

/**
 * Writes a ZIP archive into an open file, entry by entry. The content goes through in pieces; what is held of an entry is its
 * record in the directory. Sizes stand in front of the content, so that it can be read without the directory, too.
 */
export class ZipWriter {
  readonly #file: FileHandle;
  readonly #directory: Uint8Array[] = [];
  #offsetBytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * If the content fails, the archive is as it was before.
   * @param onRead  called with the bytes of the content so far, after each piece
   * @throws CorruptDataError if more comes than the entry was said to be able to hold, and what the content throws
   */
  async add(
    entry: ZipEntry,
    content: AsyncIterable<Uint8Array>,
    onRead: (readBytes: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const atBytes = this.#offsetBytes + localHeader(entry, emptyContent).byteLength;
    const written = await this.#writeContent(entry, content, atBytes, onRead, signal);
    await this.#write(localHeader(entry, written), this.#offsetBytes);
    this.#directory.push(directoryRecord(entry, written, this.#offsetBytes));
    this.#offsetBytes = atBytes + written.packedBytes;
  }

  /** The file is an archive only after this. */
  async finish(): Promise<void> {
    const offsetBytes = this.#offsetBytes;
    for (let from = 0; from < this.#directory.length; from += recordsAtOnce) {
      const records = Buffer.concat(this.#directory.slice(from, from + recordsAtOnce));
      await this.#write(records, this.#offsetBytes);
      this.#offsetBytes += records.byteLength;
    }
    const sizeBytes = this.#offsetBytes - offsetBytes;
    const end = endRecords({ entryCount: this.#directory.length, offsetBytes, sizeBytes });
    await this.#write(end, this.#offsetBytes);
    // What failed may have reached further.
    await this.#file.truncate(this.#offsetBytes + end.byteLength);
  }

  async #writeContent(
    entry: ZipEntry,
    content: AsyncIterable<Uint8Array>,
    atBytes: number,
    onRead: (readBytes: number) => void,
    signal: AbortSignal,
  ): Promise<ZipContent> {
    let checksum = 0;
    let sizeBytes = 0;
    let packedBytes = 0;
    const read = async function* () {
      for await (const piece of content) {
        signal.throwIfAborted();
        checksum = crc32(piece, checksum);
        sizeBytes += piece.byteLength;
        yield piece;
        onRead(sizeBytes);
      }
    };
    const write = async (packed: AsyncIterable<Uint8Array>) => {
      for await (const piece of packed) {
        await this.#write(piece, atBytes + packedBytes);
        packedBytes += piece.byteLength;
      }
    };
    if (entry.method === 'store') await write(read());
    else await pipeline(read, createDeflateRaw({ chunkSize: chunkBytesFor(entry) }), write);
    const written = { crc32: checksum, packedBytes, sizeBytes };
    if (overflows(entry, written))
      throw new CorruptDataError(`it has ${sizeBytes} bytes, not as many as it says`);
    return written;
  }

  async #write(bytes: Uint8Array, atBytes: number): Promise<void> {
    let doneBytes = 0;
    while (doneBytes < bytes.byteLength) {
      const rest = bytes.subarray(doneBytes);
      const { bytesWritten } = await this.#file.write(rest, 0, rest.byteLength, atBytes + doneBytes);
      doneBytes += bytesWritten;
    }
  }
}
