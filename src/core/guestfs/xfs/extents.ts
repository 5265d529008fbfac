import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import type { FileRun } from '../fileRuns.ts';
import { isChecksumRight } from './checksum.ts';
import type { Inode } from './inode.ts';
import { positionOfBlocks, readBlock, type XfsVolume } from './volume.ts';

const recordBytes = 16;
/** More levels than the largest file can have. */
const maxLevels = 12;
const magics = { v4: 0x424d_4150, v5: 0x424d_4133 } as const;
const checksumOffset = 64;

/** Bytes before the records of a block of the extent tree. */
export function treeHeaderBytes(isV5: boolean): number {
  return isV5 ? 72 : 24;
}

/**
 * The runs of an inode that is mapped by extents, in ascending order; only those that touch the range.
 * @throws CORRUPT_DATA for trees that are too deep, out of order, with wrong checksums or pointing outside the volume;
 *   UNSUPPORTED_FORMAT for files of a realtime device
 * @see XFS Algorithms & Data Structures, 3rd edition, "Data Extents"
 */
export async function* extentRuns(
  volume: XfsVolume,
  inode: Inode,
  startBytes: number,
  endBytes: number,
  signal: AbortSignal,
): AsyncGenerator<FileRun, void, undefined> {
  if (inode.isRealtime) {
    throw new AppError('UNSUPPORTED_FORMAT', `inode ${inode.number} lies on a realtime device`, {
      remedy: 'Restore the disks and read the file in a guest',
    });
  }
  const walk = new ExtentWalk(volume, inode, startBytes, endBytes, signal);
  const root = new BinaryReader(inode.dataFork, `XFS extents of inode ${inode.number}`);
  if (inode.format === 'extents') {
    if (inode.extentCount > Math.floor(root.sizeBytes / recordBytes)) {
      throw root.error(`${inode.extentCount} extents do not fit the inode`);
    }
    yield* walk.records(root, 0, inode.extentCount);
  } else if (inode.format === 'btree') {
    yield* walk.root(root);
  } else {
    throw new CorruptDataError(`XFS inode ${inode.number} has no extents`);
  }
}

class ExtentWalk {
  readonly #volume: XfsVolume;
  readonly #inode: Inode;
  readonly #startBytes: number;
  readonly #endBytes: number;
  readonly #signal: AbortSignal;
  #nextBlock = 0;

  constructor(volume: XfsVolume, inode: Inode, startBytes: number, endBytes: number, signal: AbortSignal) {
    this.#volume = volume;
    this.#inode = inode;
    this.#startBytes = startBytes;
    this.#endBytes = endBytes;
    this.#signal = signal;
  }

  async *root(reader: BinaryReader): AsyncGenerator<FileRun, void, undefined> {
    const level = reader.u16be('level', 0, { min: 1, max: maxLevels });
    const capacity = Math.floor((reader.sizeBytes - 4) / recordBytes);
    yield* this.#children(reader, 4, capacity, level);
  }

  *records(reader: BinaryReader, startOffset: number, count: number): Generator<FileRun, void, undefined> {
    const { blockBytes } = this.#volume.superblock;
    for (let record = 0; record < count; record += 1) {
      const offset = startOffset + record * recordBytes;
      const extent = unpack(reader, offset);
      if (extent.blockCount === 0 || extent.fileBlock < this.#nextBlock) {
        throw reader.error('the extents are out of order', offset);
      }
      this.#nextBlock = extent.fileBlock + extent.blockCount;
      const offsetBytes = extent.fileBlock * blockBytes;
      const lengthBytes = extent.blockCount * blockBytes;
      if (offsetBytes + lengthBytes <= this.#startBytes) continue;
      if (offsetBytes >= this.#endBytes) return;
      const what = `an extent of inode ${this.#inode.number}`;
      const position = positionOfBlocks(this.#volume, extent.block, extent.blockCount, what);
      yield { offsetBytes, lengthBytes, volumeOffsetBytes: extent.isWritten ? position : undefined };
    }
  }

  async *#node(block: number, level: number): AsyncGenerator<FileRun, void, undefined> {
    const { isV5, blockBytes } = this.#volume.superblock;
    const what = `XFS extents of inode ${this.#inode.number}`;
    const bytes = await readBlock(this.#volume, block, what, this.#signal);
    const reader = new BinaryReader(bytes, what);
    const magic = isV5 ? magics.v5 : magics.v4;
    reader.u32be('magic', 0, { min: magic, max: magic });
    if (isV5 && !isChecksumRight(bytes, checksumOffset)) throw reader.error('the checksum does not match');
    reader.u16be('level', 4, { min: level, max: level });
    const headerBytes = treeHeaderBytes(isV5);
    const capacity = Math.floor((blockBytes - headerBytes) / recordBytes);
    // Empty blocks do not exist; allowing them would allow trees without end.
    const count = reader.u16be('records', 6, { min: 1, max: capacity });
    if (level === 0) yield* this.records(reader, headerBytes, count);
    else yield* this.#children(reader, headerBytes, capacity, level, count);
  }

  async *#children(
    reader: BinaryReader,
    keysOffset: number,
    capacity: number,
    level: number,
    knownCount?: number,
  ): AsyncGenerator<FileRun, void, undefined> {
    const { blockBytes } = this.#volume.superblock;
    const count = knownCount ?? reader.u16be('records', 2, { min: 1, max: capacity });
    for (let child = 0; child < count; child += 1) {
      const keyOffset = keysOffset + child * 8;
      const firstBlock = reader.u64be('key', keyOffset);
      if (firstBlock < this.#nextBlock) throw reader.error('the index is out of order', keyOffset);
      if (firstBlock * blockBytes >= this.#endBytes) return;
      const nextChild = child + 1 === count ? Infinity : reader.u64be('key', keyOffset + 8);
      if (nextChild * blockBytes <= this.#startBytes) continue;
      yield* this.#node(reader.u64be('child', keysOffset + capacity * 8 + child * 8), level - 1);
    }
  }
}

/** 128 bits: one says that the blocks were never written, 54 are the place in the file, 52 that on the volume, 21 the length. */
function unpack(reader: BinaryReader, offset: number) {
  const words = [0, 4, 8, 12].map(at => reader.u32be('extent', offset + at));
  const [first = 0, second = 0, third = 0, fourth = 0] = words;
  return {
    isWritten: first >>> 31 === 0,
    fileBlock: (first & 0x7fff_ffff) * 2 ** 23 + (second >>> 9),
    block: (second & 0x1ff) * 2 ** 43 + third * 2 ** 11 + (fourth >>> 21),
    blockCount: fourth & 0x1f_ffff,
  };
}
