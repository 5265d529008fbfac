import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { isZero } from '../../block/zeros.ts';
import type { DiskBlock } from '../../block/diskBlock.ts';
import type { IsWanted } from '../diskTransport.ts';
import { ByteStream } from '../byteStream.ts';
import { requireNoParent } from './descriptor.ts';
import { grainMarkerBytes, parseMarker, roundUpToSector } from './marker.ts';
import { StreamTail } from './streamTail.ts';
import { parseSparseHeader, sectorBytes, type SparseHeader } from './sparseHeader.ts';

/** A disk on its way in as streamOptimized VMDK. Disposing it closes the source, read to its end or not. */
export interface StreamOptimizedDisk extends AsyncDisposable {
  readonly header: SparseHeader;
  /**
   * The grains that hold anything but zeros, ascending; the last one is cut at the disk's end. Ends normally only after
   * everything was checked: order and place of the grains, their inflated lengths and checksums, the grain tables, the
   * footer and the end mark. May be iterated once; leaving early closes the source.
   * @param isWanted  grains for which it says no are left out: their place is checked, their content is not
   */
  blocks(isWanted?: IsWanted): AsyncIterable<DiskBlock>;
}

const inflateBytes = promisify(inflate);
const inflatesInFlight = 4;

/**
 * Reads a streamOptimized VMDK front to back, in bounded memory. Understands both layouts in use: with footer and
 * tables behind the grains (vSphere), and with the tables in front and no footer (qemu-img).
 * @param source  the file's bytes in pieces of any size; it reacts to the signal by itself while it waits
 * @param name    the disk, for errors
 * @returns once header and descriptor have arrived
 * @throws CORRUPT_DATA for wrong bytes; UNREACHABLE, retryable, if the stream ends before its end mark;
 *         UNSUPPORTED_FORMAT for VMDKs of other kinds; whatever the source throws; the same from `blocks`
 * @see VMware Virtual Disk Format 1.1, "Stream-Optimized Compressed Sparse Extents"
 */
export async function readStreamOptimized(
  source: AsyncIterable<Uint8Array>,
  name: string,
  signal: AbortSignal,
): Promise<StreamOptimizedDisk> {
  const input = new ByteStream(source, name, signal);
  try {
    const headerBytes = await input.take(sectorBytes);
    const header = parseSparseHeader(headerBytes, name, 0);
    if (header.descriptorSizeBytes > 0) {
      await input.skip(header.descriptorOffsetBytes - input.positionBytes);
      const descriptor = await input.take(header.descriptorSizeBytes);
      requireNoParent(Buffer.from(descriptor).toString('latin1'), name);
    }
    return {
      header,
      blocks: isWanted => readBlocks(input, { header, headerBytes, name }, isWanted, signal),
      [Symbol.asyncDispose]: async () => await input.close(),
    };
  } catch (error) {
    await input.close();
    throw error;
  }
}

async function* readBlocks(
  input: ByteStream,
  { header, headerBytes, name }: OpenedHeader,
  isWanted: IsWanted | undefined,
  signal: AbortSignal,
): AsyncGenerator<DiskBlock, void, undefined> {
  try {
    const grains = wantedGrains(readGrains(input, header, headerBytes, name), header, isWanted);
    const inflated = mapOrdered(
      grains,
      inflatesInFlight,
      async grain => await inflateGrain(grain, header, name),
    );
    for await (const block of inflated) {
      if (signal.aborted) throw new CancelledError();
      if (!isZero(block.bytes)) yield block;
    }
  } finally {
    await input.close();
  }
}

interface OpenedHeader {
  readonly header: SparseHeader;
  readonly headerBytes: Uint8Array;
  readonly name: string;
}

/** Unpacking is what costs: what nobody looks at goes by packed. */
async function* wantedGrains(
  grains: AsyncIterable<CompressedGrain>,
  { grainBytes, capacityBytes }: SparseHeader,
  isWanted: IsWanted | undefined,
): AsyncGenerator<CompressedGrain, void, undefined> {
  for await (const grain of grains) {
    const { offsetBytes: startBytes } = grain;
    const lengthBytes = Math.min(grainBytes, capacityBytes - startBytes);
    if (isWanted === undefined || isWanted({ startBytes, lengthBytes })) yield grain;
  }
}

interface CompressedGrain {
  readonly offsetBytes: number;
  readonly compressed: Uint8Array;
  readonly positionBytes: number;
}

async function* readGrains(
  input: ByteStream,
  header: SparseHeader,
  headerBytes: Uint8Array,
  name: string,
): AsyncGenerator<CompressedGrain, void, undefined> {
  const tail = new StreamTail(header, headerBytes, name);
  let nextOffsetBytes = 0;
  await input.skip(header.overheadBytes - input.positionBytes);
  for (;;) {
    const positionBytes = input.positionBytes;
    const sector = await input.take(sectorBytes);
    const marker = parseMarker(sector, name, positionBytes);
    if (marker.kind !== 'grain') {
      if (marker.kind === 'end-of-stream') {
        tail.finish(sector, positionBytes);
        await requireNothingBehind(input, name);
        return;
      }
      const sizeBytes = tail.expect(marker.kind, marker.sectors, positionBytes);
      tail.check(marker.kind, await input.take(sizeBytes), positionBytes + sectorBytes);
      continue;
    }

    const corrupt = (problem: string) =>
      new CorruptDataError(`${name}: grain marker at byte ${positionBytes}: ${problem}`, {
        object: name,
        offsetBytes: positionBytes,
      });
    const offsetBytes = marker.sector * sectorBytes;
    if (offsetBytes % header.grainBytes !== 0) throw corrupt(`sector ${marker.sector} begins no grain`);
    if (offsetBytes < nextOffsetBytes) throw corrupt(`sector ${marker.sector} comes behind a later one`);
    if (offsetBytes >= header.capacityBytes)
      throw corrupt(`sector ${marker.sector} is behind the disk's end`);
    // Deflate grows what it cannot shrink by a few bytes only.
    if (marker.compressedBytes > 2 * header.grainBytes)
      throw corrupt(`${marker.compressedBytes} bytes of grain`);
    nextOffsetBytes = offsetBytes + header.grainBytes;
    tail.noteGrain(positionBytes);
    yield { offsetBytes, positionBytes, compressed: await takeGrain(input, sector, marker.compressedBytes) };
  }
}

/** The compressed bytes, of which the marker's sector holds the first. */
async function takeGrain(
  input: ByteStream,
  sector: Uint8Array,
  compressedBytes: number,
): Promise<Uint8Array> {
  const inSector = sector.subarray(grainMarkerBytes);
  if (compressedBytes <= inSector.byteLength) return inSector.subarray(0, compressedBytes);
  const rest = await input.take(roundUpToSector(grainMarkerBytes + compressedBytes) - sectorBytes);
  const compressed = new Uint8Array(compressedBytes);
  compressed.set(inSector);
  compressed.set(rest.subarray(0, compressedBytes - inSector.byteLength), inSector.byteLength);
  return compressed;
}

async function inflateGrain(grain: CompressedGrain, header: SparseHeader, name: string): Promise<DiskBlock> {
  const { offsetBytes, positionBytes } = grain;
  const remainingBytes = Math.min(header.grainBytes, header.capacityBytes - offsetBytes);
  const place = `${name}: grain at byte ${positionBytes}`;
  let bytes: Uint8Array;
  try {
    // One byte more than a grain: zlib then needs no second buffer to find out that it is done.
    const options = { chunkSize: header.grainBytes + 1, maxOutputLength: header.grainBytes };
    bytes = await inflateBytes(grain.compressed, options);
  } catch (cause) {
    throw new CorruptDataError(`${place} cannot be inflated`, {
      object: name,
      cause,
      offsetBytes: positionBytes,
    });
  }
  // The last grain of a disk is written in full by some, up to the disk's end by others.
  if (bytes.byteLength !== header.grainBytes && bytes.byteLength !== remainingBytes) {
    const problem = `${place} inflates to ${bytes.byteLength} bytes, expected ${header.grainBytes}`;
    throw new CorruptDataError(problem, { object: name, offsetBytes: positionBytes });
  }
  return { offsetBytes, bytes: bytes.subarray(0, remainingBytes) };
}

/** Zeros may follow the end mark, as padding; anything else is a second file or a broken one. */
async function requireNothingBehind(input: ByteStream, name: string): Promise<void> {
  const endBytes = input.positionBytes;
  for (;;) {
    const rest = await input.takeAny();
    if (rest === undefined) return;
    if (!isZero(rest) || input.positionBytes - endBytes > 1024 * 1024) {
      throw new CorruptDataError(`${name}: data follows the end mark at byte ${endBytes}`, {
        object: name,
        offsetBytes: endBytes,
      });
    }
  }
}
