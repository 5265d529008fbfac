import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { decompressLzx } from './lzx.ts';
import { readStream, type Clusters, type Stream } from './stream.ts';
import { decompressXpress } from './xpressHuffman.ts';

/** How a file is compressed that Windows compressed as a whole (`compact /exe`, CompactOS). */
export interface WofFormat {
  readonly chunkBytes: number;
  readonly decompress: (source: Uint8Array, sizeBytes: number) => Uint8Array;
}

/** Name of the stream that holds the compressed content. */
export const wofStreamName = 'WofCompressedData';

const formats: readonly WofFormat[] = [
  { chunkBytes: 4096, decompress: decompressXpress },
  { chunkBytes: 32_768, decompress: decompressLzx },
  { chunkBytes: 8192, decompress: decompressXpress },
  { chunkBytes: 16_384, decompress: decompressXpress },
];
const fileProvider = 2;
const chunksInFlight = 4;
const windowBytes = 1024 * 1024;

/**
 * @param payload  of the reparse point
 * @throws CORRUPT_DATA; UNSUPPORTED_FORMAT for files that lie in an image (WIMBoot)
 * @see [MS-FSCC] 2.1.2 and the structures WOF_EXTERNAL_INFO, FILE_PROVIDER_EXTERNAL_INFO_V1
 */
export function parseWofFormat(payload: Uint8Array): WofFormat {
  const reader = new BinaryReader(payload, 'NTFS reparse point of WOF');
  const provider = reader.u32le('provider', 4);
  const format = provider === fileProvider ? formats[reader.u32le('algorithm', 12)] : undefined;
  if (format !== undefined) return format;
  throw new AppError('UNSUPPORTED_FORMAT', 'the file is compressed in a way that is not read', {
    remedy: 'Restore the disk and read the file in a guest',
  });
}

/**
 * The content of a compressed file: a table of where its chunks end, then the chunks; what did not become smaller is
 * stored as it is.
 * @throws CORRUPT_DATA
 */
export async function* readWof(
  clusters: Clusters,
  stored: Stream,
  { chunkBytes, decompress }: WofFormat,
  file: { readonly sizeBytes: number; readonly startBytes: number; readonly endBytes: number },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { sizeBytes, startBytes, endBytes } = file;
  if (startBytes >= endBytes) return;
  const chunkCount = Math.ceil(sizeBytes / chunkBytes);
  const entryBytes = sizeBytes > 0xffff_ffff ? 8 : 4;
  const tableBytes = (chunkCount - 1) * entryBytes;
  if (tableBytes > stored.sizeBytes) throw new CorruptDataError('the table of a compressed file leaves it');

  const readStored = async (from: number, until: number) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of readStream(clusters, stored, from, until, signal)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  const perWindow = windowBytes / chunkBytes;
  const readWindow = async (firstChunk: number) => {
    const untilChunk = Math.min(firstChunk + perWindow, chunkCount);
    // The end of chunk n is the n-th entry; the first begins at 0, the last ends with the stream.
    const tableFrom = Math.max(0, firstChunk - 1);
    const tableUntil = Math.min(untilChunk, chunkCount - 1);
    const table = new BinaryReader(
      await readStored(tableFrom * entryBytes, tableUntil * entryBytes),
      'table of a compressed file',
    );
    const endOf = (chunk: number) => {
      if (chunk < 0) return 0;
      if (chunk >= chunkCount - 1) return stored.sizeBytes - tableBytes;
      const at = (chunk - tableFrom) * entryBytes;
      return entryBytes === 4 ? table.u32le('end', at) : table.u64le('end', at);
    };
    const from = endOf(firstChunk - 1);
    const until = endOf(untilChunk - 1);
    const maxBytes = (untilChunk - firstChunk) * chunkBytes;
    if (until < from || until - from > maxBytes || tableBytes + until > stored.sizeBytes) {
      throw new CorruptDataError('the table of a compressed file is out of order');
    }
    const bytes = await readStored(tableBytes + from, tableBytes + until);
    const window = new Uint8Array(Math.min(maxBytes, sizeBytes - firstChunk * chunkBytes));
    for (let chunk = firstChunk; chunk < untilChunk; chunk += 1) {
      const [start, end] = [endOf(chunk - 1) - from, endOf(chunk) - from];
      if (end < start || end > bytes.byteLength)
        throw new CorruptDataError('the table of a compressed file is out of order');
      const at = (chunk - firstChunk) * chunkBytes;
      const plainBytes = Math.min(chunkBytes, window.byteLength - at);
      const source = bytes.subarray(start, end);
      window.set(source.byteLength === plainBytes ? source : decompress(source, plainBytes), at);
    }
    return { window, offsetBytes: firstChunk * chunkBytes };
  };

  const windows: number[] = [];
  const first = Math.floor(startBytes / windowBytes);
  for (let window = first; window * windowBytes < endBytes; window += 1) windows.push(window * perWindow);
  for await (const { window, offsetBytes } of mapOrdered(windows, chunksInFlight, readWindow)) {
    yield window.subarray(Math.max(0, startBytes - offsetBytes), endBytes - offsetBytes);
  }
}
