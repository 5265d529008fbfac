import type { BlockSource } from '../block/blockSource.ts';
import { fingerprintPieces, readPieces, type Stretch } from './filePieces.ts';

/** Bytes of a file that lie one behind the other on its volume. What lies between two runs is a hole. */
export interface FileRun extends Stretch {
  /** Undefined for space that is reserved, but reads as zeros. */
  readonly volumeOffsetBytes: number | undefined;
}

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
  const fill = async ({ volumeOffsetBytes }: FileRun, inRunBytes: number, target: Uint8Array) => {
    if (volumeOffsetBytes !== undefined) await source.read(volumeOffsetBytes + inRunBytes, target, signal);
  };
  yield* readPieces(runs, startBytes, endBytes, fill, signal);
}

/** For each piece of the content what tells it without reading it; see `fingerprintPieces`. */
export async function* fingerprintRuns(
  source: BlockSource,
  runs: AsyncIterable<FileRun> | Iterable<FileRun>,
  endBytes: number,
  signal: AbortSignal,
): AsyncGenerator<string | undefined, void, undefined> {
  yield* fingerprintPieces(runs, endBytes, async ({ volumeOffsetBytes }, inRunBytes, lengthBytes) =>
    volumeOffsetBytes === undefined
      ? `zeros ${lengthBytes}`
      : await source.fingerprint?.(volumeOffsetBytes + inRunBytes, lengthBytes, signal),
  );
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
