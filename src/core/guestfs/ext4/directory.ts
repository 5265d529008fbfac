import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import type { NodeId } from '../guestFileSystem.ts';
import { kindsOfEntries } from '../nodeKinds.ts';
import type { RawEntry, RawListing } from '../rawListing.ts';
import { crc32c } from '../../../base/crc32c.ts';
import { blockRuns } from './fileContent.ts';
import { inlineDataOf } from './inlineData.ts';
import type { Inode } from './inode.ts';
import { requireInside, type BlockRun, type Ext4Volume } from './volume.ts';

const headerBytes = 8;
const minEntryBytes = 12;
const checksumTailBytes = 12;
const checksumTailKind = 0xde;
/** A folder grows with what is written into it: its blocks may lie far from each other, each a read that takes its time. */
const readsInFlight = 8;
const maxReadBytes = 64 * 1024;

/**
 * All entries but `.` and `..`. Hashed directories are read like all others: their index hides in entries without
 * inode. A block that is broken is left out and told as a problem; the others are still read.
 * @param inode  of a directory that is not encrypted
 * @see ext4 Data Structures and Algorithms, "Linear (Classic) Directories" and "Hash Tree Directories"
 */
export async function readDirectory(
  volume: Ext4Volume,
  inode: Inode,
  signal: AbortSignal,
): Promise<RawListing> {
  const collector = new EntryCollector(volume, inode);
  if (inode.flags.hasInlineData) {
    const { inBlockArea, inAttribute } = inlineDataOf(inode);
    // The first four bytes are the number of the parent.
    collector.addBlock(inBlockArea.subarray(4), 0);
    collector.addBlock(inAttribute, 0);
    return collector;
  }

  const { blockBytes, blockCount } = volume.superblock;
  const untilBlock = Math.ceil(inode.stat.sizeBytes / blockBytes);
  if (untilBlock > blockCount) {
    throw new CorruptDataError(`directory inode ${inode.number} is larger than its file system`);
  }
  let nextBlock = 0;
  for await (const { logicalBlock, physicalBlock, bytes } of readRuns(volume, inode, untilBlock, signal)) {
    if (logicalBlock > nextBlock) collector.missing(nextBlock, logicalBlock);
    nextBlock = logicalBlock + bytes.byteLength / blockBytes;
    for (let at = 0; at < bytes.byteLength; at += blockBytes) {
      const block = at / blockBytes;
      collector.addCheckedBlock(
        bytes.subarray(at, at + blockBytes),
        logicalBlock + block,
        physicalBlock + block,
      );
    }
  }
  if (nextBlock < untilBlock) collector.missing(nextBlock, untilBlock);
  return collector;
}

interface ReadRun {
  readonly logicalBlock: number;
  readonly physicalBlock: number;
  readonly bytes: Uint8Array;
}

/** Whatever is there of the blocks of a directory, in ascending order, some read ahead. */
function readRuns(
  volume: Ext4Volume,
  inode: Inode,
  untilBlock: number,
  signal: AbortSignal,
): AsyncIterable<ReadRun> {
  const { blockBytes } = volume.superblock;
  const what = `directory inode ${inode.number}`;
  const runs = shortRuns(volume, inode, untilBlock, signal);
  return mapOrdered(runs, readsInFlight, async ({ logicalBlock, blockCount, physicalBlock }) => {
    requireInside(volume, physicalBlock, blockCount, what);
    const bytes = await readRange(volume.source, physicalBlock * blockBytes, blockCount * blockBytes, signal);
    return { logicalBlock, physicalBlock, bytes };
  });
}

/** Runs of blocks that exist, each short enough to be read at once. */
async function* shortRuns(
  volume: Ext4Volume,
  inode: Inode,
  untilBlock: number,
  signal: AbortSignal,
): AsyncGenerator<BlockRun & { readonly physicalBlock: number }, void, undefined> {
  const maxBlocks = Math.max(1, Math.floor(maxReadBytes / volume.superblock.blockBytes));
  for await (const run of blockRuns(volume, inode, { fromBlock: 0, untilBlock }, signal)) {
    if (run.physicalBlock === undefined) continue;
    const runEnd = Math.min(run.logicalBlock + run.blockCount, untilBlock);
    for (let logicalBlock = run.logicalBlock; logicalBlock < runEnd; logicalBlock += maxBlocks) {
      const physicalBlock = run.physicalBlock + logicalBlock - run.logicalBlock;
      yield { logicalBlock, physicalBlock, blockCount: Math.min(maxBlocks, runEnd - logicalBlock) };
    }
  }
}

class EntryCollector implements RawListing {
  readonly entries: RawEntry[] = [];
  readonly problems: string[] = [];
  readonly #volume: Ext4Volume;
  readonly #inode: Inode;

  constructor(volume: Ext4Volume, inode: Inode) {
    this.#volume = volume;
    this.#inode = inode;
  }

  missing(fromBlock: number, untilBlock: number): void {
    this.problems.push(`Blocks ${fromBlock} to ${untilBlock - 1} of the directory are missing`);
  }

  addCheckedBlock(bytes: Uint8Array, block: number, physicalBlock: number): void {
    const offsetBytes = physicalBlock * bytes.byteLength;
    if (this.#inode.checksumSeed !== undefined && !this.#isIndexBlock(bytes, block)) {
      const tail = bytes.byteLength - checksumTailBytes;
      const view = new DataView(bytes.buffer, bytes.byteOffset + tail, checksumTailBytes);
      const isTail = view.getUint32(0, true) === 0 && view.getUint8(7) === checksumTailKind;
      const crc = crc32c(this.#inode.checksumSeed, bytes.subarray(0, tail));
      if (!isTail || view.getUint32(8, true) !== crc) {
        this.problems.push(`The checksum of block ${block} of the directory does not match; it was left out`);
        return;
      }
    }
    this.addBlock(bytes, offsetBytes);
  }

  /** Adds the entries of a block, or of what takes the place of one in the inode. */
  addBlock(bytes: Uint8Array, offsetBytes: number): void {
    const reader = new BinaryReader(bytes, `directory inode ${this.#inode.number}`, offsetBytes);
    try {
      for (let offset = 0; offset + headerBytes <= bytes.byteLength;) {
        offset += this.#addEntry(reader, offset);
      }
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
      this.problems.push(error.message);
    }
  }

  /** @returns the entry's length */
  #addEntry(reader: BinaryReader, offset: number): number {
    const entryBytes = this.#entryLength(reader, offset);
    const inode = reader.u32le('inode', offset);
    if (inode === 0) return entryBytes;
    const nameBytes = reader.u8('name length', offset + 6, { min: 1, max: entryBytes - headerBytes });
    const name = reader.bytes('name', offset + headerBytes, nameBytes);
    if (isDots(name)) return entryBytes;
    if (inode > this.#volume.superblock.inodeCount) {
      throw reader.error(`an entry names inode ${inode}, which does not exist`, offset);
    }
    const kind = this.#volume.superblock.hasFileTypes
      ? kindsOfEntries[reader.u8('kind', offset + 7)]
      : undefined;
    this.entries.push({ name, node: inode as NodeId, kind });
    return entryBytes;
  }

  #entryLength(reader: BinaryReader, offset: number): number {
    const stored = reader.u16le('entry length', offset + 4);
    // A block of 64 KiB does not fit 16 bits; the two low bits, always free, carry the high ones.
    const isWholeBlock = reader.sizeBytes === 65_536 && (stored === 0 || stored === 65_535);
    const entryBytes = isWholeBlock ? 65_536 : (stored & 0xfffc) | ((stored & 3) << 16);
    if (entryBytes < minEntryBytes || offset + entryBytes > reader.sizeBytes) {
      throw reader.error(`an entry of ${entryBytes} bytes does not fit its block`, offset);
    }
    return entryBytes;
  }

  /** The root of a hash tree comes first; its other nodes look like one free entry as long as the block. */
  #isIndexBlock(bytes: Uint8Array, block: number): boolean {
    if (!this.#inode.flags.isIndexed) return false;
    if (block === 0) return true;
    const reader = new BinaryReader(bytes, 'directory index');
    const stored = reader.u16le('entry length', 4);
    const isWholeBlock =
      stored === bytes.byteLength || (bytes.byteLength === 65_536 && [0, 65_535].includes(stored));
    return reader.u32le('inode', 0) === 0 && isWholeBlock;
  }
}

function isDots(name: Uint8Array): boolean {
  return name.byteLength <= 2 && name.every(byte => byte === 0x2e);
}
