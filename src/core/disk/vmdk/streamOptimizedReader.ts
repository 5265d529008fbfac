import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { CancelledError, CorruptDataError } from '../../../base/errors.ts';
import { SpentMemory } from '../../block/spentMemory.ts';
import type { DiskBlock } from '../../block/diskBlock.ts';
import type { BlockCut, IsWanted } from '../diskTransport.ts';
import { ByteStream } from '../byteStream.ts';
import { requireNoParent } from './descriptor.ts';
import { GrainStream } from './grainStream.ts';
import { type PackedBlock, packedBlocks } from './packedBlocks.ts';
import { parseSparseHeader, sectorBytes, type SparseHeader } from './sparseHeader.ts';
import { BlockUnpacker } from './blockUnpacker.ts';

/** A disk on its way in as streamOptimized VMDK. Disposing it closes the source, read to its end or not. */
export interface StreamOptimizedDisk extends AsyncDisposable {
  readonly header: SparseHeader;
  /**
   * The blocks that hold anything but zeros, ascending; the last one is cut at the disk's end. Ends normally only after
   * everything was checked: order and place of the grains, their inflated lengths and checksums, the grain tables, the
   * footer and the end mark. May be iterated once; leaving early closes the source.
   * @param isWanted  grains for which it says no are left out: their place is checked, their content is not
   * @param cut       of blocks; without it each is a grain
   */
  blocks(isWanted?: IsWanted, cut?: BlockCut): AsyncIterable<DiskBlock>;
}

/** One is unpacked while the next one arrives. */
const unpacksInFlight = 2;

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
      blocks: (isWanted, cut) => readBlocks(input, { header, headerBytes, name }, isWanted, cut, signal),
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
  { blockBytes, memory }: BlockCut = { blockBytes: header.grainBytes, memory: new SpentMemory() },
  signal: AbortSignal,
): AsyncGenerator<DiskBlock, void, undefined> {
  const { grainBytes } = header;
  const spent: Uint8Array<ArrayBuffer>[] = [];
  const unpacker = new BlockUnpacker();
  const unpacked = async (block: PackedBlock): Promise<DiskBlock | undefined> => {
    const { offsetBytes, lengthBytes, packed } = block;
    const bytes = memory.take(lengthBytes);
    const result = await Promise.resolve(unpacker.unpack(block, grainBytes, bytes));
    spent.push(packed);
    if (result.kind === 'bytes') return { offsetBytes, bytes };
    memory.give(bytes);
    if (result.kind === 'zeros') return undefined;
    throw new CorruptDataError(`${name}: grain at byte ${result.positionBytes} ${result.problem}`, {
      object: name,
      offsetBytes: result.positionBytes,
    });
  };
  try {
    const grains = new GrainStream(input, header, headerBytes, name);
    // Blocks are made of whole grains.
    const wholeBytes = Math.max(1, Math.floor(blockBytes / grainBytes)) * grainBytes;
    const packed = packedBlocks(grains, header, wholeBytes, isWanted, spent);
    for await (const block of mapOrdered(packed, unpacksInFlight, unpacked)) {
      if (signal.aborted) throw new CancelledError();
      if (block !== undefined) yield block;
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
