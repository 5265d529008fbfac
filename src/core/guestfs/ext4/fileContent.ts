import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { CancelledError } from '../../../base/errors.ts';
import { extentRuns } from './extents.ts';
import { indirectRuns } from './indirectBlocks.ts';
import { inlineDataOf } from './inlineData.ts';
import type { Inode } from './inode.ts';
import type { BlockRange, BlockRun, Ext4Volume } from './volume.ts';

const pieceBytes = 1024 * 1024;
const piecesInFlight = 4;

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
  const pieces = planPieces(volume, inode, startBytes, endBytes, signal);
  yield* mapOrdered(pieces, piecesInFlight, async piece => {
    if (signal.aborted) throw new CancelledError();
    const bytes = new Uint8Array(piece.lengthBytes);
    const reads = piece.parts.map(async ({ atBytes, lengthBytes, volumeOffsetBytes }) => {
      await volume.source.read(volumeOffsetBytes, bytes.subarray(atBytes, atBytes + lengthBytes), signal);
    });
    for (const result of await Promise.allSettled(reads)) {
      if (result.status === 'rejected') throw result.reason;
    }
    return bytes;
  });
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

/** One piece of a file and the parts of it that are on the volume. */
interface Piece {
  readonly lengthBytes: number;
  readonly parts: readonly PiecePart[];
}

interface PiecePart {
  readonly atBytes: number;
  readonly lengthBytes: number;
  readonly volumeOffsetBytes: number;
}

async function* planPieces(
  volume: Ext4Volume,
  inode: Inode,
  startBytes: number,
  endBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Piece, void, undefined> {
  const { blockBytes } = volume.superblock;
  const range = {
    fromBlock: Math.floor(startBytes / blockBytes),
    untilBlock: Math.ceil(endBytes / blockBytes),
  };
  let parts: PiecePart[] = [];
  let pieceStart = startBytes;
  const pieceEnd = () => Math.min(pieceStart + pieceBytes, endBytes);
  const finish = (): Piece => {
    const piece = { lengthBytes: pieceEnd() - pieceStart, parts };
    pieceStart = pieceEnd();
    parts = [];
    return piece;
  };

  for await (const run of blockRuns(volume, inode, range, signal)) {
    if (run.physicalBlock === undefined) continue;
    const runStart = run.logicalBlock * blockBytes;
    const runEnd = Math.min(runStart + run.blockCount * blockBytes, endBytes);
    for (let from = Math.max(runStart, startBytes); from < runEnd;) {
      while (from >= pieceEnd()) yield finish();
      const until = Math.min(runEnd, pieceEnd());
      const volumeOffsetBytes = run.physicalBlock * blockBytes + from - runStart;
      parts.push({ atBytes: from - pieceStart, lengthBytes: until - from, volumeOffsetBytes });
      from = until;
    }
  }
  while (pieceStart < endBytes) yield finish();
}
