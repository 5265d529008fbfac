import { AppError } from '../../base/errors.ts';
import type { DiskBlock } from './diskBlock.ts';
import { isZero } from './zeros.ts';

/** One whole piece of a disk that was cut into pieces of equal size. */
export interface Piece {
  /** Position in the disk, in pieces. */
  readonly index: number;
  /** The piece size, less only for the last piece of the disk. The consumer's own. */
  readonly bytes: Uint8Array;
}

/**
 * Cuts a disk that arrives in blocks of any size and alignment into aligned pieces, in ascending order. What no block
 * covers is zero; pieces of nothing but zeros are left out. Holds at most one piece. Takes over the blocks' buffers:
 * a piece may share memory with the block it came from, never with another piece's bytes.
 * @throws INVALID_INPUT if the blocks do not ascend, overlap or leave the disk
 */
export async function* nonZeroPieces(
  blocks: AsyncIterable<DiskBlock>,
  sizeBytes: number,
  pieceBytes: number,
): AsyncGenerator<Piece, void, undefined> {
  let endOfBlocksBytes = 0;
  let open: { readonly index: number; readonly bytes: Uint8Array } | undefined;

  for await (const block of blocks) {
    assertFollows(block, endOfBlocksBytes, sizeBytes);
    endOfBlocksBytes = block.offsetBytes + block.bytes.byteLength;
    for (let offsetBytes = block.offsetBytes; offsetBytes < endOfBlocksBytes;) {
      const index = Math.floor(offsetBytes / pieceBytes);
      const startBytes = index * pieceBytes;
      const lengthBytes = Math.min(pieceBytes, sizeBytes - startBytes);
      if (open !== undefined && open.index !== index) {
        if (!isZero(open.bytes)) yield open;
        open = undefined;
      }
      const untilBytes = Math.min(startBytes + lengthBytes, endOfBlocksBytes);
      const part = block.bytes.subarray(offsetBytes - block.offsetBytes, untilBytes - block.offsetBytes);
      if (part.byteLength === lengthBytes) {
        if (!isZero(part)) yield { index, bytes: part };
      } else {
        open ??= { index, bytes: new Uint8Array(lengthBytes) };
        open.bytes.set(part, offsetBytes - startBytes);
      }
      offsetBytes = untilBytes;
    }
  }
  if (open !== undefined && !isZero(open.bytes)) yield open;
}

function assertFollows(block: DiskBlock, endOfPreviousBytes: number, sizeBytes: number): void {
  const endBytes = block.offsetBytes + block.bytes.byteLength;
  if (!Number.isSafeInteger(endBytes) || block.offsetBytes < endOfPreviousBytes || endBytes > sizeBytes) {
    throw new AppError(
      'INVALID_INPUT',
      `a block of ${block.bytes.byteLength} bytes at ${block.offsetBytes} does not fit between ` +
        `${endOfPreviousBytes} and the end of the disk at ${sizeBytes}`,
    );
  }
}
