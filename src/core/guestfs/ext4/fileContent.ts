import { unknownPieces } from '../filePieces.ts';
import { fingerprintRuns, readRuns, type FileRun } from '../fileRuns.ts';
import { extentRuns } from './extents.ts';
import { indirectRuns } from './indirectBlocks.ts';
import { inlineDataOf } from './inlineData.ts';
import type { Inode } from './inode.ts';
import type { BlockRange, BlockRun, Ext4Volume } from './volume.ts';

/** Where the blocks of an inode lie, however it maps them; not for inline data. */
export function blockRuns(
  volume: Ext4Volume,
  inode: Inode,
  range: BlockRange,
  signal: AbortSignal,
): AsyncIterable<BlockRun> {
  const runs = inode.flags.hasExtents ? extentRuns : indirectRuns;
  return runs(volume, inode, range, signal);
}

/**
 * The content from `startBytes` up to `endBytes`, which must lie in the file, in pieces of at most 1 MiB in new buffers.
 * Reads a few pieces ahead.
 */
export async function* readContent(
  volume: Ext4Volume,
  inode: Inode,
  startBytes: number,
  endBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (startBytes >= endBytes) return;
  if (inode.flags.hasInlineData) {
    yield inlineContent(inode).slice(startBytes, endBytes);
    return;
  }
  const runs = fileRuns(volume, inode, startBytes, endBytes, signal);
  yield* readRuns(volume.source, runs, startBytes, endBytes, signal);
}

/** What tells the content without reading it, piece by piece. */
export async function* fingerprintContent(
  volume: Ext4Volume,
  inode: Inode,
  signal: AbortSignal,
): AsyncGenerator<string | undefined, void, undefined> {
  const { sizeBytes } = inode.stat;
  if (inode.flags.hasInlineData || sizeBytes === 0) yield* unknownPieces(sizeBytes);
  else
    yield* fingerprintRuns(volume.source, fileRuns(volume, inode, 0, sizeBytes, signal), sizeBytes, signal);
}

/** The whole content of a small file; the caller has checked the size. */
export async function readWhole(volume: Ext4Volume, inode: Inode, signal: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readContent(volume, inode, 0, inode.stat.sizeBytes, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function inlineContent(inode: Inode): Uint8Array {
  const { inBlockArea, inAttribute } = inlineDataOf(inode);
  // An inline file can be made longer without being written: what is missing is zeros.
  const content = new Uint8Array(
    Math.max(inode.stat.sizeBytes, inBlockArea.byteLength + inAttribute.byteLength),
  );
  content.set(inBlockArea);
  content.set(inAttribute, inBlockArea.byteLength);
  return content.subarray(0, inode.stat.sizeBytes);
}

async function* fileRuns(
  volume: Ext4Volume,
  inode: Inode,
  startBytes: number,
  endBytes: number,
  signal: AbortSignal,
): AsyncGenerator<FileRun, void, undefined> {
  const { blockBytes } = volume.superblock;
  const range = {
    fromBlock: Math.floor(startBytes / blockBytes),
    untilBlock: Math.ceil(endBytes / blockBytes),
  };
  for await (const { logicalBlock, blockCount, physicalBlock } of blockRuns(volume, inode, range, signal)) {
    yield {
      offsetBytes: logicalBlock * blockBytes,
      lengthBytes: blockCount * blockBytes,
      volumeOffsetBytes: physicalBlock === undefined ? undefined : physicalBlock * blockBytes,
    };
  }
}
