import { mapOrdered } from '../../base/async/mapOrdered.ts';
import { CancelledError } from '../../base/errors.ts';
import type { BlockSource } from '../block/blockSource.ts';

/** Bytes of a file that lie one behind the other on its volume. What lies between two runs is a hole. */
export interface FileRun {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Undefined for space that is reserved, but reads as zeros. */
  readonly volumeOffsetBytes: number | undefined;
}

const pieceBytes = 1024 * 1024;
const piecesInFlight = 4;

/**
 * The content from `startBytes` up to `endBytes`, which must lie in the file, in pieces of at most 1 MiB in new buffers.
 * Reads a few pieces ahead.
 * @param runs  in ascending order, at least all that touch the range
 */
export async function* readRuns(
  source: BlockSource,
  runs: AsyncIterable<FileRun> | Iterable<FileRun>,
  startBytes: number,
  endBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (startBytes >= endBytes) return;
  yield* mapOrdered(planPieces(runs, startBytes, endBytes), piecesInFlight, async piece => {
    if (signal.aborted) throw new CancelledError();
    const bytes = new Uint8Array(piece.lengthBytes);
    const reads = piece.parts.map(async ({ atBytes, lengthBytes, volumeOffsetBytes }) => {
      await source.read(volumeOffsetBytes, bytes.subarray(atBytes, atBytes + lengthBytes), signal);
    });
    for (const result of await Promise.allSettled(reads)) {
      if (result.status === 'rejected') throw result.reason;
    }
    return bytes;
  });
}

/** All that `readRuns` yields, in one buffer; the caller has checked the length. */
export async function readWholeRuns(
  source: BlockSource,
  runs: AsyncIterable<FileRun> | Iterable<FileRun>,
  startBytes: number,
  endBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readRuns(source, runs, startBytes, endBytes, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
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
  runs: AsyncIterable<FileRun> | Iterable<FileRun>,
  startBytes: number,
  endBytes: number,
): AsyncGenerator<Piece, void, undefined> {
  let parts: PiecePart[] = [];
  let pieceStart = startBytes;
  const pieceEnd = () => Math.min(pieceStart + pieceBytes, endBytes);
  const finish = (): Piece => {
    const piece = { lengthBytes: pieceEnd() - pieceStart, parts };
    pieceStart = pieceEnd();
    parts = [];
    return piece;
  };

  for await (const { offsetBytes, lengthBytes, volumeOffsetBytes } of runs) {
    if (volumeOffsetBytes === undefined) continue;
    const runEnd = Math.min(offsetBytes + lengthBytes, endBytes);
    for (let from = Math.max(offsetBytes, startBytes); from < runEnd;) {
      while (from >= pieceEnd()) yield finish();
      const until = Math.min(runEnd, pieceEnd());
      const onVolume = volumeOffsetBytes + from - offsetBytes;
      parts.push({ atBytes: from - pieceStart, lengthBytes: until - from, volumeOffsetBytes: onVolume });
      from = until;
    }
  }
  while (pieceStart < endBytes) yield finish();
}
