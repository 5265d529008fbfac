import { BinaryReader } from '../../../base/binaryReader.ts';
import type { Inode } from './inode.ts';
import { readBlock, requireInside, type BlockRange, type BlockRun, type Ext4Volume } from './volume.ts';

const directPointers = 12;
const maxLevels = 3;
const pointerBytes = 4;

/**
 * The runs of a file that is mapped the old way, by 12 direct blocks and up to three levels of indirect ones; ascending,
 * only those that touch the range. Neighbors are joined.
 * @throws CORRUPT_DATA for pointers outside the volume and files larger than the map can be
 * @see ext4 Data Structures and Algorithms, "Direct/Indirect Block Addressing"
 */
export async function* indirectRuns(
  volume: Ext4Volume,
  inode: Inode,
  range: BlockRange,
  signal: AbortSignal,
): AsyncGenerator<BlockRun, void, undefined> {
  let run: BlockRun | undefined;
  for await (const [logicalBlock, physicalBlock] of mappedBlocks(volume, inode, range, signal)) {
    if (run?.physicalBlock !== undefined) {
      const distance = logicalBlock - run.logicalBlock;
      if (distance === run.blockCount && physicalBlock === run.physicalBlock + distance) {
        run = { ...run, blockCount: distance + 1 };
        continue;
      }
      yield run;
    }
    run = { logicalBlock, blockCount: 1, physicalBlock };
  }
  if (run !== undefined) yield run;
}

type MappedBlock = readonly [logicalBlock: number, physicalBlock: number];

async function* mappedBlocks(
  volume: Ext4Volume,
  inode: Inode,
  range: BlockRange,
  signal: AbortSignal,
): AsyncGenerator<MappedBlock, void, undefined> {
  const what = `the block map of inode ${inode.number}`;
  const perBlock = volume.superblock.blockBytes / pointerBytes;
  const root = new BinaryReader(inode.blockArea, what);

  async function* below(
    pointers: BinaryReader,
    slots: readonly number[],
    firstLogicalBlock: number,
    level: number,
  ): AsyncGenerator<MappedBlock, void, undefined> {
    const span = perBlock ** level;
    for (const [position, slot] of slots.entries()) {
      const start = firstLogicalBlock + position * span;
      if (start >= range.untilBlock) return;
      if (start + span <= range.fromBlock) continue;
      const block = pointers.u32le('pointer', slot * pointerBytes);
      if (block === 0) continue;
      if (level === 0) {
        requireInside(volume, block, 1, what);
        yield [start, block];
      } else {
        const bytes = await readBlock(volume, block, what, signal);
        const child = new BinaryReader(bytes, what, block * bytes.byteLength);
        yield* below(child, [...Array(perBlock).keys()], start, level - 1);
      }
    }
  }

  yield* below(root, [...Array(directPointers).keys()], 0, 0);
  let firstLogicalBlock = directPointers;
  for (let level = 1; level <= maxLevels; level += 1) {
    yield* below(root, [directPointers + level - 1], firstLogicalBlock, level);
    firstLogicalBlock += perBlock ** level;
  }
  if (range.untilBlock > firstLogicalBlock) throw root.error('the file is larger than its block map');
}
