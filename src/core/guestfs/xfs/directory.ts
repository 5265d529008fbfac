import { BinaryReader } from '../../../base/binaryReader.ts';
import { AppError, CorruptDataError } from '../../../base/errors.ts';
import { readRange } from '../../block/blockSource.ts';
import { readWholeRuns, type FileRun } from '../fileRuns.ts';
import type { NodeId, NodeKind } from '../guestFileSystem.ts';
import { kindsOfEntries } from '../nodeKinds.ts';
import type { RawEntry, RawListing } from '../rawListing.ts';
import { isChecksumRight } from './checksum.ts';
import { extentRuns } from './extents.ts';
import { localContent, type Inode } from './inode.ts';
import type { XfsVolume } from './volume.ts';

/** The last one is what overlays leave where a file of a lower layer was removed. */
const kinds: readonly (NodeKind | undefined)[] = [...kindsOfEntries, 'character-device'];

/** Magic numbers by whether a block is the only one of its directory. */
const magics = {
  v5: { only: 0x5844_4233, one: 0x5844_4433 },
  v4: { only: 0x5844_3242, one: 0x5844_3244 },
} as const;
const checksumOffset = 4;
const tailBytes = 8;
const leafEntryBytes = 8;
const unusedTag = 0xffff;
/** Everything behind it is index, which is not needed. */
const indexStartBytes = 32 * 1024 ** 3;

/**
 * All entries but `.` and `..`: the entries lie in data blocks whose format is the same for directories of all sizes;
 * hashes and free space come behind them. A block that is broken is told as a problem; the others are still read.
 * @see XFS Algorithms & Data Structures, 3rd edition, "Directories"
 */
export async function readDirectory(
  volume: XfsVolume,
  inode: Inode,
  signal: AbortSignal,
): Promise<RawListing> {
  const collector = new EntryCollector(volume, inode);
  if (inode.format === 'local') {
    collector.addShortForm(localContent(inode));
    return collector;
  }
  const { directoryBlockBytes, blockBytes, blockCount } = volume.superblock;
  const endBytes = inode.stat.sizeBytes;
  if (endBytes > Math.min(indexStartBytes, blockCount * blockBytes)) {
    throw new CorruptDataError(`directory inode ${inode.number} is larger than it can be`);
  }
  const runs: FileRun[] = [];
  for await (const run of extentRuns(volume, inode, 0, endBytes, signal)) runs.push(run);
  for (const block of directoryBlocks(runs, directoryBlockBytes, endBytes)) {
    const { startBytes } = block;
    const bytes =
      block.volumeOffsetBytes === undefined
        ? await readWholeRuns(volume.source, block.runs, startBytes, startBytes + directoryBlockBytes, signal)
        : await readRange(volume.source, block.volumeOffsetBytes, directoryBlockBytes, signal);
    collector.addBlock(bytes, startBytes);
  }
  return collector;
}

/** The mapped blocks of a directory with the runs each consists of. Blocks that were freed are holes, which is normal. */
function* directoryBlocks(runs: readonly FileRun[], directoryBlockBytes: number, endBytes: number) {
  let nextBytes = 0;
  for (const [index, run] of runs.entries()) {
    const { offsetBytes, lengthBytes, volumeOffsetBytes: onVolume } = run;
    const runEnd = Math.min(offsetBytes + lengthBytes, endBytes);
    const first = Math.floor(offsetBytes / directoryBlockBytes) * directoryBlockBytes;
    for (
      let startBytes = Math.max(nextBytes, first);
      startBytes < runEnd;
      startBytes += directoryBlockBytes
    ) {
      const isWhole =
        offsetBytes <= startBytes && startBytes + directoryBlockBytes <= offsetBytes + lengthBytes;
      const isInOnePiece = isWhole && onVolume !== undefined;
      const volumeOffsetBytes = isInOnePiece ? onVolume + startBytes - offsetBytes : undefined;
      yield { startBytes, volumeOffsetBytes, runs: isInOnePiece ? [] : runs.slice(index) };
      nextBytes = startBytes + directoryBlockBytes;
    }
  }
}

class EntryCollector implements RawListing {
  readonly entries: RawEntry[] = [];
  readonly problems: string[] = [];
  readonly #volume: XfsVolume;
  readonly #what: string;

  constructor(volume: XfsVolume, inode: Inode) {
    this.#volume = volume;
    this.#what = `directory inode ${inode.number}`;
  }

  /** Small directories lie in their inode, without `.`; numbers of inodes take four or eight bytes. */
  addShortForm(bytes: Uint8Array): void {
    const reader = new BinaryReader(bytes, this.#what);
    this.#collect(() => {
      const wideCount = reader.u8('wide count', 1);
      const count = wideCount === 0 ? reader.u8('count', 0) : wideCount;
      const inodeBytes = wideCount === 0 ? 4 : 8;
      let offset = 2 + inodeBytes;
      for (let entry = 0; entry < count; entry += 1) {
        const nameBytes = reader.u8('name length', offset, { min: 1 });
        const name = reader.bytes('name', offset + 3, nameBytes);
        offset += 3 + nameBytes;
        const kind = this.#volume.superblock.hasFileTypes ? kinds[reader.u8('kind', offset++)] : undefined;
        const inode = inodeBytes === 4 ? reader.u32be('inode', offset) : reader.u64be('inode', offset);
        offset += inodeBytes;
        this.entries.push({ name, node: inode as NodeId, kind });
      }
    });
  }

  addBlock(bytes: Uint8Array, startBytes: number): void {
    const { isV5 } = this.#volume.superblock;
    const reader = new BinaryReader(bytes, this.#what, startBytes);
    this.#collect(() => {
      const { only, one } = isV5 ? magics.v5 : magics.v4;
      const magic = reader.u32be('magic', 0);
      if (magic !== only && magic !== one) throw reader.error('a block does not hold entries');
      if (isV5 && !isChecksumRight(bytes, checksumOffset)) throw reader.error('the checksum does not match');
      let end = bytes.byteLength;
      if (magic === only) {
        const maxCount = Math.floor((end - tailBytes) / leafEntryBytes);
        end -= tailBytes + leafEntryBytes * reader.u32be('count', end - tailBytes, { max: maxCount });
      }
      for (let offset = isV5 ? 64 : 16; offset < end;) offset += this.#addEntry(reader, offset, end);
    });
  }

  /** @returns the entry's length */
  #addEntry(reader: BinaryReader, offset: number, end: number): number {
    if (reader.u16be('tag', offset) === unusedTag) {
      const unusedBytes = reader.u16be('length', offset + 2, { min: 8 });
      // The one length that 16 bits cannot tell is that of a block of 64 KiB, which has a header before it.
      if (unusedBytes % 8 !== 0 || offset + unusedBytes > end)
        throw reader.error('free space leaves the block', offset);
      return unusedBytes;
    }
    const { hasFileTypes } = this.#volume.superblock;
    const nameBytes = reader.u8('name length', offset + 8, { min: 1 });
    const entryBytes = Math.ceil((8 + 1 + nameBytes + (hasFileTypes ? 1 : 0) + 2) / 8) * 8;
    if (offset + entryBytes > end) throw reader.error('an entry leaves its block', offset);
    const name = reader.bytes('name', offset + 9, nameBytes);
    if (isDots(name)) return entryBytes;
    const kind = hasFileTypes ? kinds[reader.u8('kind', offset + 9 + nameBytes)] : undefined;
    const node = reader.u64be('inode', offset) as NodeId;
    this.entries.push({ name, node, kind });
    return entryBytes;
  }

  #collect(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!AppError.is(error, 'CORRUPT_DATA')) throw error;
      this.problems.push(error.message);
    }
  }
}

function isDots(name: Uint8Array): boolean {
  return name.byteLength <= 2 && name.every(byte => byte === 0x2e);
}
