import { BinaryReader } from '../../../base/binaryReader.ts';
import { crc32c } from '../../../base/crc32c.ts';
import type { Inode } from './inode.ts';
import { readBlock, requireInside, type BlockRange, type BlockRun, type Ext4Volume } from './volume.ts';

const magic = 0xf30a;
const maxDepth = 5;
const headerBytes = 12;
const entryBytes = 12;
/** Lengths above this mark blocks that are reserved, but never written. */
const maxWrittenLength = 32_768;

/**
 * The runs of a file that is mapped by extents, in ascending order; only those that touch the range.
 * @throws CORRUPT_DATA for trees deeper than 5, out of order, with wrong checksums or pointing outside the volume
 * @see ext4 Data Structures and Algorithms, "Extent Tree"
 */
export async function* extentRuns(
  volume: Ext4Volume,
  inode: Inode,
  range: BlockRange,
  signal: AbortSignal,
): AsyncGenerator<BlockRun, void, undefined> {
  const root = new BinaryReader(inode.blockArea, `ext4 extents of inode ${inode.number}`);
  const depth = root.u16le('depth', 6, { max: maxDepth });
  const walk = new ExtentWalk(volume, inode, range, signal);
  yield* walk.node(root, depth, true);
}

class ExtentWalk {
  readonly #volume: Ext4Volume;
  readonly #inode: Inode;
  readonly #range: BlockRange;
  readonly #signal: AbortSignal;
  #nextLogicalBlock = 0;

  constructor(volume: Ext4Volume, inode: Inode, range: BlockRange, signal: AbortSignal) {
    this.#volume = volume;
    this.#inode = inode;
    this.#range = range;
    this.#signal = signal;
  }

  async *node(
    reader: BinaryReader,
    depth: number,
    isRoot: boolean,
  ): AsyncGenerator<BlockRun, void, undefined> {
    reader.u16le('magic', 0, { min: magic, max: magic });
    reader.u16le('depth', 6, { min: depth, max: depth });
    const capacity = Math.floor((reader.sizeBytes - headerBytes) / entryBytes);
    // Empty nodes below the root do not exist; allowing them would allow trees without end.
    const count = reader.u16le('entries', 2, { min: isRoot ? 0 : 1, max: capacity });
    if (depth === 0) yield* this.#leaf(reader, count);
    else yield* this.#index(reader, count, depth);
  }

  *#leaf(reader: BinaryReader, count: number): Generator<BlockRun, void, undefined> {
    for (let entry = 0; entry < count; entry += 1) {
      const offset = headerBytes + entry * entryBytes;
      const logicalBlock = reader.u32le('first block', offset);
      const length = reader.u16le('length', offset + 4, { min: 1 });
      const isWritten = length <= maxWrittenLength;
      const blockCount = isWritten ? length : length - maxWrittenLength;
      if (logicalBlock < this.#nextLogicalBlock) throw reader.error('the extents are out of order', offset);
      this.#nextLogicalBlock = logicalBlock + blockCount;
      if (this.#nextLogicalBlock <= this.#range.fromBlock) continue;
      if (logicalBlock >= this.#range.untilBlock) return;

      const start =
        reader.u32le('start', offset + 8) + reader.u16le('start, high half', offset + 6) * 2 ** 32;
      requireInside(this.#volume, start, blockCount, `an extent of inode ${this.#inode.number}`);
      yield { logicalBlock, blockCount, physicalBlock: isWritten ? start : undefined };
    }
  }

  async *#index(
    reader: BinaryReader,
    count: number,
    depth: number,
  ): AsyncGenerator<BlockRun, void, undefined> {
    for (let entry = 0; entry < count; entry += 1) {
      const offset = headerBytes + entry * entryBytes;
      const logicalBlock = reader.u32le('first block', offset);
      if (logicalBlock < this.#nextLogicalBlock) throw reader.error('the index is out of order', offset);
      if (logicalBlock >= this.#range.untilBlock) return;
      const isLast = entry + 1 === count;
      const nextChild = isLast ? Infinity : reader.u32le('first block', offset + entryBytes);
      if (nextChild <= this.#range.fromBlock) continue;
      const block =
        reader.u32le('child', offset + 4) + reader.u16le('child, high half', offset + 8) * 2 ** 32;
      yield* this.node(await this.#readNode(block), depth - 1, false);
    }
  }

  async #readNode(block: number): Promise<BinaryReader> {
    const what = `ext4 extents of inode ${this.#inode.number}`;
    const bytes = await readBlock(this.#volume, block, what, this.#signal);
    const reader = new BinaryReader(bytes, what, block * bytes.byteLength);
    const seed = this.#inode.checksumSeed;
    if (seed !== undefined) {
      const tail =
        headerBytes + entryBytes * reader.u16le('capacity', 4, { max: (bytes.byteLength - 16) / entryBytes });
      if (crc32c(seed, bytes.subarray(0, tail)) !== reader.u32le('checksum', tail)) {
        throw reader.error('the checksum does not match', tail);
      }
    }
    return reader;
  }
}
